"""The zoo of kernel densities and sparse codes. Densities: bounds of nodes that cancel, equal rows, and tolerances."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from sklearn.decomposition import DictionaryLearning, MiniBatchDictionaryLearning, SparseCoder
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KernelDensity
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.parity.zoo import CLASSES, NUMBERS, SEED, DataSet, make_animals

PLAIN = {"numbers": DataSet(NUMBERS["one target"].X, None)}
CROWDED = {"equal rows": DataSet(np.random.RandomState(5).randint(0, 3, size=(70, 4)).astype(float), None, -1.0, 4.0)}
SPHERE = {"sphere": DataSet(np.random.RandomState(7).uniform(-1.5, 1.5, size=(60, 2)), None, -1.5, 1.5)}
CLASS = {"three integers": CLASSES["three integers"]}
ONE_CLASS = {"one class": DataSet(NUMBERS["one target"].X, np.full(len(NUMBERS["one target"].X), "only"))}

# The norm of the cosine kernel is NaN for four columns (test_density_without_a_norm).
KERNELS = {
    f"density {kernel} {leaf}": KernelDensity(kernel=kernel, bandwidth=2.0, leaf_size=leaf)
    for kernel in ("gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine")
    for leaf in (3, 40)
}
DENSITIES = {
    "density narrow": KernelDensity(bandwidth=0.1, leaf_size=3),
    "density of balls": KernelDensity(algorithm="ball_tree", leaf_size=4),
    "density manhattan": KernelDensity(metric="manhattan", leaf_size=4, bandwidth="scott"),
    "density chebyshev": KernelDensity(metric="chebyshev", leaf_size=4, bandwidth="silverman"),
    "density minkowski": KernelDensity(metric="minkowski", metric_params={"p": 3}, leaf_size=4),
    "density canberra": KernelDensity(metric="canberra", algorithm="ball_tree", leaf_size=4),
    "density depth first": KernelDensity(breadth_first=False, leaf_size=3),
    "density depth first tolerant": KernelDensity(breadth_first=False, leaf_size=3, rtol=1e-3, kernel="exponential"),
    "density relative tolerance": KernelDensity(rtol=1e-2, leaf_size=3),
    "density absolute tolerance": KernelDensity(atol=1e-3, leaf_size=3),
    "density of a pipeline": make_pipeline(StandardScaler(), KernelDensity(bandwidth=0.5)),
}
ATOMS = np.random.RandomState(3).normal(size=(9, 5))
CODES = {
    "code of one atom": SparseCoder(ATOMS),
    "code of four atoms": SparseCoder(ATOMS, transform_n_nonzero_coefs=4, split_sign=True),
    "code of all dimensions": SparseCoder(ATOMS, transform_n_nonzero_coefs=5),
    "code threshold": SparseCoder(ATOMS, transform_algorithm="threshold", transform_alpha=0.3),
    "code threshold positive": SparseCoder(ATOMS, transform_algorithm="threshold", positive_code=True),
    "code threshold split": SparseCoder(ATOMS, transform_algorithm="threshold", transform_alpha=0.3, split_sign=True),
    "dictionary": DictionaryLearning(4, max_iter=5, random_state=SEED),
    "dictionary threshold": DictionaryLearning(4, max_iter=5, transform_algorithm="threshold", random_state=SEED),
    "dictionary of batches": MiniBatchDictionaryLearning(8, max_iter=3, transform_n_nonzero_coefs=3, random_state=SEED),
}


def _casts():
    """The steps of skl2onnx, which is not in the environments of older libraries."""
    if not find_spec("skl2onnx"):
        return {}
    from skl2onnx.sklapi import CastTransformer

    return {
        "cast, then forest": make_pipeline(
            StandardScaler(), CastTransformer(), RandomForestClassifier(4, random_state=SEED)
        ),
        "cast to float64, then logistic": make_pipeline(CastTransformer(dtype=np.float64), LogisticRegression()),
    }


CAST = {
    **_casts(),
    "dictionary, then logistic": make_pipeline(
        DictionaryLearning(3, max_iter=3, random_state=SEED), LogisticRegression()
    ),
}

ANIMALS = make_animals(
    (
        (KERNELS, PLAIN),
        ({name: one for name, one in KERNELS.items() if one.kernel != "cosine"}, CROWDED),
        (DENSITIES, PLAIN),
        ({"density haversine": KernelDensity(metric="haversine", leaf_size=4)}, SPHERE),
        (CODES, PLAIN),
        (CAST, CLASS),
        ({"network of one class": MLPClassifier((3,), max_iter=3, random_state=SEED)}, ONE_CLASS),
    )
)
