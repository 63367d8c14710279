"""The zoo of neural networks, clusterers, centroids, kernel ridge and partial least squares."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, KMeans, MeanShift, MiniBatchKMeans
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_ridge import KernelRidge
from sklearn.neighbors import NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tests.parity.zoo import CLASSES, MULTI_LABEL, NUMBERS, SMALL_NUMBERS, TABLES, DataSet, made, make_animals

SEED = 7
SOME_CLASSES = {name: CLASSES[name] for name in ("two texts", "three integers", "booleans", "whole numbers")}
PLAIN = {
    "numbers": DataSet(NUMBERS["one target"].X, None),
    "whole numbers": DataSet(CLASSES["whole numbers"].X, None),
}
POSITIVE = {"positive": DataSet(np.abs(NUMBERS["one target"].X), NUMBERS["one target"].y / 100, 0.0, 4.0)}

SMALL = {"max_iter": 15, "hidden_layer_sizes": (6, 4), "random_state": SEED}
NETWORK_CLASSIFIERS = {
    f"mlp {name}": MLPClassifier(activation=name, **SMALL) for name in ("identity", "logistic", "tanh", "relu")
}
NETWORK_REGRESSORS = {
    f"mlp {name}": MLPRegressor(activation=name, **SMALL) for name in ("identity", "logistic", "tanh", "relu")
} | {"mlp lbfgs": MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=20, random_state=SEED)}
POISSON = {"mlp poisson": made(MLPRegressor, loss="poisson", **SMALL)}
CLUSTERERS = {
    "k-means": KMeans(4, random_state=SEED),
    "mini-batch k-means": MiniBatchKMeans(3, random_state=SEED),
    "bisecting k-means": BisectingKMeans(6, random_state=SEED),
    "bisecting k-means by size": BisectingKMeans(
        5, bisecting_strategy="largest_cluster", init="k-means++", random_state=SEED
    ),
    "affinity propagation": AffinityPropagation(random_state=SEED),
    "mean shift": MeanShift(),
    "birch": Birch(threshold=0.8),
    "birch without a second step": Birch(threshold=0.9, n_clusters=None),
}
CENTROIDS = {
    "nearest centroid": NearestCentroid(),
    "nearest centroid manhattan": NearestCentroid("manhattan"),
    "nearest centroid shrunken": made(NearestCentroid, shrink_threshold=0.3, priors="empirical"),
    "nearest centroid manhattan priors": made(NearestCentroid, "manhattan", priors="empirical"),
}
KERNEL_RIDGE = {
    "linear": KernelRidge(alpha=0.5),
    "rbf": KernelRidge(kernel="rbf", gamma=0.2),
    "laplacian": KernelRidge(kernel="laplacian"),
    "cosine": KernelRidge(kernel="cosine"),
    "sigmoid": KernelRidge(kernel="sigmoid", gamma=0.05, coef0=0.0),
    "polynomial": KernelRidge(kernel="polynomial", degree=2, coef0=2.0),
}
POSITIVE_KERNELS = {
    "fractional": KernelRidge(kernel="poly", degree=2.5),
    "chi2": KernelRidge(kernel="chi2", gamma=0.3),
    "additive chi2": KernelRidge(kernel="additive_chi2", alpha=10.0),
}
ISOTONIC = {
    f"isotonic {outside}": IsotonicRegression(out_of_bounds=outside, increasing="auto") for outside in ("clip", "nan")
} | {"isotonic falling": IsotonicRegression(out_of_bounds="clip", increasing=False)}
LATENT = {"pls": PLSRegression(2), "pls unscaled": PLSRegression(3, scale=False)}
LATENT_PAIRS = {"pls canonical": PLSCanonical(2), "cca": CCA(2, max_iter=2000)}

ANIMALS = make_animals(
    (
        (NETWORK_CLASSIFIERS, SOME_CLASSES | MULTI_LABEL),
        (NETWORK_REGRESSORS, SMALL_NUMBERS | TABLES),
        (POISSON, {"positive": DataSet(NUMBERS["one target"].X, np.exp(NUMBERS["one target"].y / 200))}),
        (CLUSTERERS, PLAIN),
        (CENTROIDS, SOME_CLASSES),
        (KERNEL_RIDGE, SMALL_NUMBERS | TABLES),
        (POSITIVE_KERNELS, POSITIVE),
        (ISOTONIC, {"one column": DataSet(NUMBERS["one target"].X[:, :1], NUMBERS["one target"].y)}),
        (LATENT, SMALL_NUMBERS | TABLES),
        (LATENT_PAIRS, {"three targets": TABLES["three targets"]}),
    )
)
