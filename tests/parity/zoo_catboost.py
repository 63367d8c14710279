"""The zoo of CatBoost."""

from __future__ import annotations

import catboost as cb
import numpy as np

from tests.parity.zoo import CLASSES, MISSING_CLASSES, MISSING_NUMBERS, NUMBERS, TABLES, DataSet, make_animals

SIZE = {"iterations": 6, "depth": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1, "random_seed": 7}
NUMBER = {"one target": NUMBERS["one target"]}
POSITIVE = {"positive": DataSet(NUMBERS["one target"].X, np.exp(NUMBERS["one target"].y / 200))}


def _classifier(**parameters):
    return cb.CatBoostClassifier(**{**SIZE, **parameters})


def _regressor(**parameters):
    return cb.CatBoostRegressor(**{**SIZE, **parameters})


TWO = {"catboost": _classifier(), "catboost ordered": _classifier(boosting_type="Ordered")}
SEVERAL = {
    "catboost": _classifier(),
    "catboost one against all": _classifier(loss_function="MultiClassOneVsAll"),
    "catboost leaf by leaf": _classifier(grow_policy="Lossguide", max_leaves=5),
}
REGRESSORS = {
    "catboost": _regressor(),
    "catboost by depth": _regressor(grow_policy="Depthwise"),
    "catboost from the mean": _regressor(boost_from_average=True, loss_function="Quantile:alpha=0.3"),
    "catboost mae": _regressor(loss_function="MAE"),
}
MAXIMUM = {"catboost missing above": _regressor(nan_mode="Max"), "catboost missing below": _regressor()}
ENCLOSURES = (
    (TWO, {name: CLASSES[name] for name in ("two texts", "booleans")}),
    (SEVERAL, {name: CLASSES[name] for name in ("three integers", "objects", "floats")}),
    ({"catboost": SEVERAL["catboost"]}, MISSING_CLASSES),
    (REGRESSORS, NUMBER),
    (MAXIMUM, MISSING_NUMBERS),
    ({"catboost poisson": _regressor(loss_function="Poisson")}, POSITIVE),
    ({"catboost of several": _regressor(loss_function="MultiRMSE")}, {"three targets": TABLES["three targets"]}),
)
ANIMALS = make_animals(ENCLOSURES)
