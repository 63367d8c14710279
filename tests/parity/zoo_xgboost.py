"""The zoo of XGBoost."""

from __future__ import annotations

import numpy as np
import xgboost as xgb

from tests.parity.zoo import CLASSES, MISSING_NUMBERS, NUMBERS, TABLES, DataSet, make_animals

SIZE = {"n_estimators": 5, "max_depth": 3}
X = CLASSES["three integers"].X
THREE = {"three": DataSet(X, np.searchsorted([3, 7, 11], CLASSES["three integers"].y))}
TWO = {"two": DataSet(CLASSES["booleans"].X, CLASSES["booleans"].y.astype(int))}
MISSING = {"missing": DataSet(MISSING_NUMBERS["missing"].X[:80], THREE["three"].y)}
TINY = {"tiny values": DataSet(TWO["two"].X * 1e-40, TWO["two"].y, low=-4e-40, high=4e-40)}
NUMBER = {"one target": NUMBERS["one target"]}
POSITIVE = {"positive": DataSet(NUMBERS["one target"].X, np.exp(NUMBERS["one target"].y / 200))}
FRACTIONS = {"fractions": DataSet(NUMBERS["one target"].X, 1 / (1 + np.exp(-NUMBERS["one target"].y / 100)))}


def _whole(data):
    """Two columns of categories: few, and more than one word of bits."""
    random = np.random.RandomState(7)
    table = data.X.copy()
    table[:, 1] = random.randint(0, 40, len(table))
    table[:, 3] = random.randint(0, 3, len(table))
    return {"categories": DataSet(table, data.y + table[:, 1] % 3, low=-3, high=45)}


def _marked(data, mark):
    return {f"missing as {mark}": DataSet(np.where(np.isnan(data.X), mark, data.X), data.y)}


def _classifier(**parameters):
    return xgb.XGBClassifier(**{**SIZE, **parameters})


def _regressor(**parameters):
    return xgb.XGBRegressor(**{**SIZE, **parameters})


CATEGORICAL = {"enable_categorical": True, "feature_types": ["q", "c", "q", "c", "q"]}
CLASSIFIERS = {
    "xgboost": _classifier(),
    "xgboost of parallel trees": _classifier(num_parallel_tree=2, subsample=0.6, base_score=0.3),
    "xgboost dart": _classifier(booster="dart", rate_drop=0.4),
    "xgboost linear": _classifier(booster="gblinear", max_depth=None),
    "xgboost forest": xgb.XGBRFClassifier(n_estimators=4, max_depth=3),
}
TWO_CLASSES = {f"xgboost {name}": _classifier(objective=name) for name in ("binary:logitraw", "binary:hinge")}
REGRESSORS = {
    "xgboost": _regressor(tree_method="exact"),
    "xgboost best first": _regressor(grow_policy="lossguide", max_leaves=7),
    "xgboost dart": _regressor(booster="dart", rate_drop=0.4),
    "xgboost linear": _regressor(booster="gblinear", max_depth=None),
    "xgboost forest": xgb.XGBRFRegressor(n_estimators=4, max_depth=3),
    "xgboost pseudohuber": _regressor(objective="reg:pseudohubererror"),
    "xgboost absolute error": _regressor(objective="reg:absoluteerror"),
    "xgboost quantiles": _regressor(objective="reg:quantileerror", quantile_alpha=[0.2, 0.8]),
}
POSITIVE_REGRESSORS = {
    f"xgboost {name}": _regressor(objective=name)
    for name in ("reg:gamma", "reg:tweedie", "count:poisson", "survival:cox", "reg:squaredlogerror")
}
OUTPUTS = {
    "xgboost": _regressor(),
    "xgboost vector leaves": _regressor(multi_strategy="multi_output_tree", tree_method="hist"),
}
CATEGORIES = {
    "xgboost partitions": _regressor(max_cat_to_onehot=1, **CATEGORICAL),
    "xgboost one category": _regressor(max_cat_to_onehot=50, **CATEGORICAL),
}

ENCLOSURES = (
    ({name: CLASSIFIERS[name] for name in ("xgboost", "xgboost dart")}, THREE),
    (CLASSIFIERS, TWO),
    (TWO_CLASSES, TWO),
    ({"xgboost": REGRESSORS["xgboost"], "xgboost quantiles": REGRESSORS["xgboost quantiles"]}, NUMBER),
    ({"xgboost count:poisson": POSITIVE_REGRESSORS["xgboost count:poisson"]}, POSITIVE),
    (OUTPUTS, {"three targets": TABLES["three targets"]}),
    (CATEGORIES, _whole(NUMBERS["one target"])),
    ({"xgboost": _classifier()}, MISSING),
    ({"xgboost -999": _regressor(missing=-999.0)}, _marked(MISSING_NUMBERS["missing"], -999.0)),
)
SLOW_ENCLOSURES = (
    (CLASSIFIERS, THREE | MISSING | TINY),
    (REGRESSORS, NUMBER | MISSING_NUMBERS),
    (POSITIVE_REGRESSORS, POSITIVE),
    ({"xgboost reg:logistic": _regressor(objective="reg:logistic")}, FRACTIONS),
    ({"xgboost of zeros": _regressor(missing=0.0)}, _marked(MISSING_NUMBERS["missing"], 0.0)),
)
ANIMALS = make_animals(ENCLOSURES)
SLOW_ANIMALS = make_animals(SLOW_ENCLOSURES)
