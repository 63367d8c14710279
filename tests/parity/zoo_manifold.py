"""The zoo of manifolds, label spreading, and other projections."""

from __future__ import annotations

import numpy as np
from sklearn.cross_decomposition import PLSSVD
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import Isomap, LocallyLinearEmbedding
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from tests.parity.zoo import CLASSES, NUMBERS, SEED, TABLES, DataSet, make_animals

LABELS = CLASSES["three integers"]
UNLABELED = {"unlabeled": DataSet(LABELS.X, np.where(np.arange(len(LABELS.y)) % 3 == 0, LABELS.y, -1))}
CLASS = {"three integers": LABELS}
PLAIN = {"numbers": DataSet(NUMBERS["one target"].X, None)}

SPREAD = {
    "label propagation": LabelPropagation(gamma=0.5),
    "label propagation of neighbors": LabelPropagation(kernel="knn", n_neighbors=5, max_iter=2000),
    "label spreading": LabelSpreading(gamma=2.0),
    "label spreading of neighbors": LabelSpreading(kernel="knn", n_neighbors=9, alpha=0.4),
}
MANIFOLDS = {
    "isomap": Isomap(n_components=3, n_neighbors=6),
    "isomap of a radius": Isomap(n_neighbors=None, radius=8.0),
    "isomap manhattan": Isomap(n_neighbors=7, p=1, neighbors_algorithm="ball_tree"),
    "locally linear": LocallyLinearEmbedding(n_neighbors=6, random_state=SEED),
    "locally linear modified": LocallyLinearEmbedding(
        n_neighbors=8, n_components=2, method="modified", neighbors_algorithm="kd_tree", random_state=SEED
    ),
}
SUPERVISED = {
    "components of neighborhoods": NeighborhoodComponentsAnalysis(2, random_state=SEED),
    "components of neighborhoods, then logistic": make_pipeline(
        NeighborhoodComponentsAnalysis(random_state=SEED, max_iter=5), LogisticRegression()
    ),
    "isomap, then logistic": make_pipeline(Isomap(n_neighbors=8), LogisticRegression()),
}
LATENT = {"pls svd": PLSSVD(2), "pls svd unscaled": PLSSVD(2, scale=False)}

ANIMALS = make_animals(
    (
        (SPREAD, UNLABELED),
        (MANIFOLDS, PLAIN),
        (SUPERVISED, CLASS),
        (LATENT, {"three targets": TABLES["three targets"]}),
    )
)
