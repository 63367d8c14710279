"""The zoo of support vector machines."""

from __future__ import annotations

from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from tests.parity.zoo import CLASSES, NUMBERS, SMALL_NUMBERS, DataSet, _classification, make_animals

FOUR_CLASSES = _classification(list("abcd"), samples=60)
OUTLIERS = {"numbers": DataSet(NUMBERS["one target"].X + 2.0, None)}


KERNELS = {
    "linear": {"kernel": "linear"},
    "poly": {"kernel": "poly", "degree": 2, "coef0": 1.0, "gamma": "auto"},
    "poly of degree 3": {"kernel": "poly"},
    "rbf": {},
    "rbf gamma": {"gamma": 0.7},
    "sigmoid": {"kernel": "sigmoid", "gamma": 0.05, "coef0": -0.2},
}
CLASSIFIERS = {f"svc {name}": SVC(**kernel) for name, kernel in KERNELS.items()} | {
    "svc one versus one": SVC(decision_function_shape="ovo"),
    "svc breaks ties": SVC(break_ties=True, C=0.1, class_weight="balanced"),
    "svc probability": SVC(probability=True, random_state=3),
    "svc linear probability": SVC(kernel="linear", probability=True, decision_function_shape="ovo", random_state=3),
    "nu svc": NuSVC(nu=0.3),
    "nu svc linear": NuSVC(nu=0.2, kernel="linear", probability=True, random_state=3),
}
REGRESSORS = {f"svr {name}": SVR(**kernel) for name, kernel in KERNELS.items()} | {
    "svr hard": SVR(C=100.0, epsilon=0.01),
    "nu svr": NuSVR(nu=0.4),
}
DETECTORS = {f"one class {name}": OneClassSVM(nu=0.2, **kernel) for name, kernel in KERNELS.items()}

ANIMALS = make_animals(
    (
        (
            CLASSIFIERS,
            {name: CLASSES[name] for name in ("two texts", "three integers", "booleans", "whole numbers")}
            | {"four": FOUR_CLASSES},
        ),
        (REGRESSORS, NUMBERS | SMALL_NUMBERS),
        (DETECTORS, OUTLIERS),
    )
)
