"""The zoo of nearest neighbors. Ties are the hard part: whole numbers, equal rows, and metrics that only count."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)

from tests.parity.zoo import CLASSES, NUMBERS, OUTPUT_CLASSES, SMALL_NUMBERS, TABLES, DataSet, make_animals

SOME_CLASSES = {name: CLASSES[name] for name in ("two texts", "three integers", "booleans", "whole numbers")}
RANDOM = np.random.RandomState(5)
# Few values, many equal rows, and targets that contradict each other.
CROWDED = RANDOM.randint(0, 3, size=(70, 4)).astype(float)
TIES = {"ties": DataSet(CROWDED, RANDOM.randint(0, 4, size=70), -1.0, 4.0)}
FIRMLY_TIED = {"ties": DataSet(CROWDED, (CROWDED @ [1, 3, 9, 27] % 5).astype(int), -1.0, 4.0)}
SPHERE = {"sphere": DataSet(RANDOM.uniform(-1.5, 1.5, size=(60, 2)), RANDOM.randint(0, 3, size=60), -1.5, 1.5)}

TREES = {
    f"{algorithm} {weights}": KNeighborsClassifier(
        3 if weights == "distance" else 5, algorithm=algorithm, weights=weights, leaf_size=6
    )
    for algorithm in ("kd_tree", "ball_tree")
    for weights in ("uniform", "distance")
} | {
    "kd_tree manhattan": KNeighborsClassifier(4, algorithm="kd_tree", p=1, leaf_size=2),
    "kd_tree chebyshev": KNeighborsClassifier(4, algorithm="kd_tree", metric="chebyshev", leaf_size=2),
    "kd_tree minkowski": KNeighborsClassifier(4, algorithm="kd_tree", p=3, leaf_size=2),
    "ball_tree minkowski": KNeighborsClassifier(4, algorithm="ball_tree", p=1.5, leaf_size=2),
    "ball_tree weighted": KNeighborsClassifier(
        4, algorithm="ball_tree", metric_params={"w": [1.0, 2.0, 0.5, 3.0]}, p=2, leaf_size=2
    ),
    "many": KNeighborsClassifier(20, leaf_size=5, algorithm="kd_tree"),
}
COUNTING = {
    name: KNeighborsClassifier(4, metric=name, algorithm="ball_tree", leaf_size=4)
    for name in ("hamming", "canberra", "braycurtis", "jaccard", "rogerstanimoto", "russellrao")
}
SCALED = {
    "seuclidean": KNeighborsClassifier(metric="seuclidean", metric_params={"V": [1.0, 2.0, 0.5, 3.0, 1.0]}),
    "mahalanobis": KNeighborsClassifier(
        metric="mahalanobis", metric_params={"VI": np.eye(5) + 0.2}, algorithm="ball_tree", leaf_size=5
    ),
}
BRUTE = {
    "brute": KNeighborsClassifier(algorithm="brute"),
    "brute of one": KNeighborsClassifier(1, algorithm="brute"),
    "brute manhattan": KNeighborsClassifier(3, algorithm="brute", p=1, weights="distance"),
    "brute chebyshev": KNeighborsClassifier(3, algorithm="brute", metric="chebyshev"),
    "brute minkowski": KNeighborsClassifier(3, algorithm="brute", p=3),
}
RADIUS = {
    f"radius {algorithm}": RadiusNeighborsClassifier(1.4, algorithm=algorithm, outlier_label="most_frequent")
    for algorithm in ("kd_tree", "brute")
} | {
    "radius weighted": RadiusNeighborsClassifier(2.0, weights="distance", outlier_label="most_frequent"),
    "radius without outliers": RadiusNeighborsClassifier(20.0),
    "radius manhattan": RadiusNeighborsClassifier(3.0, p=1, algorithm="brute", outlier_label="most_frequent"),
}
OUTLIER_LABELS = {
    "radius of an integer": RadiusNeighborsClassifier(1.2, outlier_label=7),
    "radius of a stranger": RadiusNeighborsClassifier(1.2, outlier_label=99),
    "radius manhattan of an index": RadiusNeighborsClassifier(1.2, p=1, algorithm="brute", outlier_label=1),
}
REGRESSORS = {
    "kd_tree": KNeighborsRegressor(leaf_size=5, algorithm="kd_tree"),
    "ball_tree weighted": KNeighborsRegressor(4, weights="distance", algorithm="ball_tree", leaf_size=5),
    "brute": KNeighborsRegressor(3, algorithm="brute"),
    "radius": RadiusNeighborsRegressor(2.0),
    "radius weighted": RadiusNeighborsRegressor(2.5, weights="distance"),
}
NOVELTY = {
    "lof": LocalOutlierFactor(10, novelty=True),
    "lof contaminated": LocalOutlierFactor(5, novelty=True, contamination=0.2, algorithm="kd_tree", leaf_size=4),
    "lof manhattan": LocalOutlierFactor(7, novelty=True, p=1),
}


def _only(data_sets, *names):
    return {name: data_sets[name] for name in names}


PLAIN_TREES = {name: TREES[name] for name in TREES if name != "ball_tree weighted"}
ENCLOSURES = (
    (PLAIN_TREES, _only(SOME_CLASSES, "two texts")),
    ({"kd_tree distance": TREES["kd_tree distance"]}, OUTPUT_CLASSES),
    (TREES, TIES),
    (COUNTING, TIES),
    (SCALED, _only(SOME_CLASSES, "three integers")),
    (BRUTE, _only(SOME_CLASSES, "booleans") | FIRMLY_TIED),
    (RADIUS, _only(SOME_CLASSES, "three integers")),
    ({"radius kd_tree": RADIUS["radius kd_tree"]}, TIES | OUTPUT_CLASSES),
    (OUTLIER_LABELS, {"three integers": CLASSES["three integers"]}),
    ({"haversine": KNeighborsClassifier(metric="haversine", leaf_size=8)}, SPHERE),
    (REGRESSORS, _only(TABLES, "three targets") | SMALL_NUMBERS),
    (NOVELTY, {"numbers": DataSet(NUMBERS["one target"].X, None)}),
)
ANIMALS = make_animals(ENCLOSURES)
SLOW_ANIMALS = make_animals(
    (
        (PLAIN_TREES, _only(SOME_CLASSES, "three integers", "booleans", "whole numbers") | OUTPUT_CLASSES),
        (SCALED | BRUTE | RADIUS, SOME_CLASSES),
        (REGRESSORS, TABLES),
    )
)
