"""The zoo of LightGBM."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np

from tests.parity.zoo import CLASSES, MISSING_CLASSES, MISSING_NUMBERS, NUMBERS, DataSet, make_animals

SIZE = {"n_estimators": 5, "num_leaves": 6, "min_child_samples": 5, "verbose": -1, "n_jobs": 1}
FOREST = {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
ONE = {"two texts": CLASSES["two texts"]}
NUMBER = {"one target": NUMBERS["one target"]}
POSITIVE = {"positive": DataSet(NUMBERS["one target"].X, np.exp(NUMBERS["one target"].y / 200))}
FRACTIONS = {"fractions": DataSet(NUMBERS["one target"].X, 1 / (1 + np.exp(-NUMBERS["one target"].y / 100)))}
ZEROS = {
    "zeros": DataSet(
        np.where(np.abs(NUMBERS["one target"].X) < 0.5, 0.0, NUMBERS["one target"].X), NUMBERS["one target"].y
    )
}
TINY = {"around 1e-35": DataSet(NUMBERS["one target"].X * 1e-35, NUMBERS["one target"].y, low=-3e-35, high=3e-35)}


def _whole(data):
    random = np.random.RandomState(7)
    table = data.X.copy()
    table[:, 1] = random.randint(0, 40, len(table))
    table[:, 3] = random.randint(0, 3, len(table))
    table[::11, 1] = np.nan
    return {"categories": DataSet(table, data.y + 50 * (np.nan_to_num(table[:, 1]) % 3), low=-3, high=45)}


def _classifier(**parameters):
    return lgb.LGBMClassifier(**SIZE, **parameters)


def _regressor(**parameters):
    return lgb.LGBMRegressor(**SIZE, **parameters)


CATEGORICAL = {"categorical_feature": [1, 3], "min_data_per_group": 2, "cat_smooth": 1.0}
CLASSIFIERS = {
    "lightgbm": _classifier(),
    "lightgbm dart": _classifier(boosting_type="dart", drop_rate=0.5),
    "lightgbm forest": _classifier(**FOREST),
    "lightgbm one against all": _classifier(objective="multiclassova"),
    "lightgbm linear": _classifier(linear_tree=True),
}
REGRESSORS = {
    "lightgbm": _regressor(),
    "lightgbm one side": _regressor(data_sample_strategy="goss"),
    "lightgbm forest": _regressor(**FOREST),
    "lightgbm linear": _regressor(linear_tree=True),
    "lightgbm square roots": _regressor(reg_sqrt=True),
    "lightgbm without missing": _regressor(use_missing=False),
    "lightgbm zeros are missing": _regressor(zero_as_missing=True),
    **{f"lightgbm {name}": _regressor(objective=name) for name in ("l1", "huber", "fair", "quantile", "mape")},
}
CATEGORIES = {
    "lightgbm categories": _regressor(**CATEGORICAL),
    "lightgbm linear categories": _regressor(linear_tree=True, **CATEGORICAL),
}
POSITIVE_REGRESSORS = {f"lightgbm {name}": _regressor(objective=name) for name in ("poisson", "gamma", "tweedie")}
FRACTION_REGRESSORS = {
    f"lightgbm {name}": _regressor(objective=name) for name in ("cross_entropy", "cross_entropy_lambda")
}

ENCLOSURES = (
    ({name: CLASSIFIERS[name] for name in ("lightgbm", "lightgbm forest")}, {"booleans": CLASSES["booleans"]}),
    ({"lightgbm sigmoid": _classifier(sigmoid=0.7)}, ONE),
    (CLASSIFIERS, MISSING_CLASSES),
    ({"lightgbm": _regressor()}, NUMBER | MISSING_NUMBERS | TINY),
    ({"lightgbm zeros are missing": REGRESSORS["lightgbm zeros are missing"]}, ZEROS),
    ({"lightgbm linear": REGRESSORS["lightgbm linear"]}, MISSING_NUMBERS),
    (CATEGORIES, _whole(NUMBERS["one target"])),
    (FRACTION_REGRESSORS, FRACTIONS),
    ({"lightgbm poisson": POSITIVE_REGRESSORS["lightgbm poisson"]}, POSITIVE),
)
SLOW_ENCLOSURES = (
    (CLASSIFIERS, {name: CLASSES[name] for name in ("three integers", "objects", "whole numbers")}),
    (REGRESSORS, NUMBER | MISSING_NUMBERS | ZEROS),
    (POSITIVE_REGRESSORS, POSITIVE),
)
ANIMALS = make_animals(ENCLOSURES)
SLOW_ANIMALS = make_animals(SLOW_ENCLOSURES)
