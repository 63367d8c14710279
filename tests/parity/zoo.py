"""The zoo: every estimator that compiles, with the parameters that change its arithmetic, and data sets to train it on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import sklearn
from sklearn import linear_model, svm, tree
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

SEED = 7


NEWEST = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)


def made(cls, /, *arguments, **parameters):
    """An estimator, or None if an older scikit-learn lacks the parameter; the zoo then leaves it out."""
    try:
        return cls(*arguments, **parameters)
    except TypeError:
        if NEWEST:
            raise
        return None


@dataclass(frozen=True)
class DataSet:
    """`low` and `high`: the range of random rows, in addition to the training rows."""

    X: np.ndarray
    y: np.ndarray
    low: float = -4.0
    high: float = 4.0


def _classification(classes, *, features=5, samples=80):
    X, y = make_classification(
        samples, features, n_informative=4, n_redundant=0, n_classes=len(classes), random_state=SEED
    )
    return DataSet(X, np.array(classes)[y])


def _with_missing(data):
    random = np.random.RandomState(SEED)
    return DataSet(np.where(random.uniform(size=data.X.shape) < 0.1, np.nan, data.X), data.y)


def _several_labels(classes_per_output):
    data = _classification(["a", "b"])
    random = np.random.RandomState(SEED)
    columns = [
        np.array(classes)[
            (np.digitize(data.X[:, i], [0.0]) + random.randint(0, len(classes), len(data.X))) % len(classes)
        ]
        for i, classes in enumerate(classes_per_output)
    ]
    return DataSet(data.X, np.column_stack(columns))


def _regression(targets=1, *, as_table=False):
    X, y = make_regression(120, 5, n_targets=targets, noise=3.0, random_state=SEED)
    return DataSet(X, y.reshape(len(X), -1) if as_table else y)


CLASSES = {
    "two texts": _classification(["no", "yes"]),
    "three integers": _classification([3, 7, 11]),
    "booleans": _classification([False, True]),
    "floats": _classification([0.0, 1.0, 2.0]),
    "objects": DataSet(_classification(["a", "b", "c"]).X, _classification(["a", "b", "c"]).y.astype(object)),
    # Integers never equal thresholds (n + 1/2), and often cause ties.
    "whole numbers": DataSet(np.round(_classification([0, 1, 2]).X * 2), _classification([0, 1, 2]).y),
    "float32": DataSet(_classification([0, 1, 2]).X.astype(np.float32), _classification([0, 1, 2]).y),
}
MISSING_CLASSES = {"missing": _with_missing(CLASSES["three integers"])}
OUTPUT_CLASSES = {
    "outputs of text": _several_labels([["low", "high"], ["a", "bb", "ccc"]]),
    "outputs of integers": _several_labels([[0, 1], [5, 6, 7], [1, 2]]),
}
MULTI_LABEL = {"multi-label": _several_labels([[0, 1], [0, 1], [0, 1]])}
NUMBERS = {"one target": _regression(), "float32 target": DataSet(_regression().X.astype(np.float32), _regression().y)}
MISSING_NUMBERS = {"missing": _with_missing(NUMBERS["one target"])}
TABLES = {"a table of one": _regression(as_table=True), "three targets": _regression(3)}
# Targets near 1 for losses that need them positive and small.
SMALL_NUMBERS = {"small target": DataSet(_regression().X, _regression().y / 100)}

LINEAR_CLASSIFIERS = {
    "logistic": linear_model.LogisticRegression(),
    "logistic without intercept": linear_model.LogisticRegression(fit_intercept=False, C=0.1),
    "logistic saga l1": linear_model.LogisticRegression(solver="saga", l1_ratio=1.0, max_iter=50, random_state=SEED),
    "logistic newton": linear_model.LogisticRegression(solver="newton-cholesky"),
    "logistic cv": made(linear_model.LogisticRegressionCV, Cs=3, cv=3, use_legacy_attributes=False, scoring="accuracy")
    or linear_model.LogisticRegressionCV(Cs=3, cv=3),
    "sgd hinge": linear_model.SGDClassifier(random_state=SEED),
    "sgd log_loss": linear_model.SGDClassifier(loss="log_loss", random_state=SEED, fit_intercept=False),
    "sgd modified_huber": linear_model.SGDClassifier(loss="modified_huber", average=True, random_state=SEED),
    "perceptron": linear_model.Perceptron(random_state=SEED),
    "ridge classifier": linear_model.RidgeClassifier(),
    "ridge classifier cv": linear_model.RidgeClassifierCV(alphas=(0.1, 1.0)),
    "linear svc": svm.LinearSVC(random_state=SEED),
    "linear svc crammer singer": svm.LinearSVC(multi_class="crammer_singer", random_state=SEED),
    "scaled logistic": make_pipeline(StandardScaler(), linear_model.LogisticRegression()),
    "twice scaled": make_pipeline(StandardScaler(with_mean=False), "passthrough", MinMaxScaler(), svm.LinearSVC()),
    "nested pipelines": make_pipeline(make_pipeline(MinMaxScaler((-1, 1))), linear_model.RidgeClassifier()),
}
LINEAR_REGRESSORS = {
    "least squares": linear_model.LinearRegression(),
    "least squares without intercept": linear_model.LinearRegression(fit_intercept=False),
    "ridge": linear_model.Ridge(alpha=0.5),
    "ridge cv": linear_model.RidgeCV(),
    "lasso": linear_model.Lasso(alpha=0.5),
    "elastic net": linear_model.ElasticNet(alpha=0.5),
    "scaled ridge": make_pipeline(MinMaxScaler(clip=True), linear_model.Ridge()),
}
ONE_TARGET_REGRESSORS = {
    "lasso cv": linear_model.LassoCV(cv=3),
    "elastic net cv": linear_model.ElasticNetCV(cv=3),
    "sgd": linear_model.SGDRegressor(random_state=SEED),
    "sgd huber": linear_model.SGDRegressor(loss="huber", random_state=SEED, fit_intercept=False),
    "linear svr": svm.LinearSVR(random_state=SEED),
}
MULTI_TASK_REGRESSORS = {
    "multi-task lasso": linear_model.MultiTaskLasso(),
    "multi-task lasso cv": linear_model.MultiTaskLassoCV(cv=3),
    "multi-task elastic net": linear_model.MultiTaskElasticNet(),
    "multi-task elastic net cv": linear_model.MultiTaskElasticNetCV(cv=3),
}
TREE_CLASSIFIERS = {
    "tree": tree.DecisionTreeClassifier(random_state=SEED),
    "tree best first": tree.DecisionTreeClassifier(max_leaf_nodes=9, criterion="entropy", random_state=SEED),
    "tree balanced": tree.DecisionTreeClassifier(class_weight="balanced", min_samples_leaf=4, random_state=SEED),
    "extra tree": tree.ExtraTreeClassifier(random_state=SEED),
    "forest": RandomForestClassifier(6, random_state=SEED),
    "forest in parallel": RandomForestClassifier(7, max_depth=3, n_jobs=2, random_state=SEED),
    "extra trees": ExtraTreesClassifier(4, random_state=SEED),
    "scaled forest": make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=SEED)),
}
TREE_REGRESSORS = {
    "tree": tree.DecisionTreeRegressor(random_state=SEED),
    "tree absolute error": tree.DecisionTreeRegressor(criterion="absolute_error", max_depth=5, random_state=SEED),
    "extra tree": tree.ExtraTreeRegressor(random_state=SEED),
    "forest": RandomForestRegressor(5, random_state=SEED),
    "extra trees": ExtraTreesRegressor(5, max_leaf_nodes=20, random_state=SEED),
    "scaled tree": make_pipeline(MinMaxScaler(), tree.DecisionTreeRegressor(max_depth=4, random_state=SEED)),
}
SCALERS = {
    "standard": StandardScaler(),
    "standard without mean": StandardScaler(with_mean=False),
    "standard without deviation": StandardScaler(with_std=False),
    "min max": MinMaxScaler((-3, 2)),
    "min max clipped": MinMaxScaler(clip=True),
    "scalers in a row": make_pipeline(StandardScaler(), MinMaxScaler()),
    "pipeline that ends in passthrough": Pipeline([("scale", StandardScaler()), ("nothing", "passthrough")]),
}

# Estimators x data sets.
ENCLOSURES = (
    (LINEAR_CLASSIFIERS, CLASSES),
    ({name: LINEAR_CLASSIFIERS[name] for name in ("ridge classifier", "ridge classifier cv")}, MULTI_LABEL),
    (LINEAR_REGRESSORS, NUMBERS | TABLES),
    (ONE_TARGET_REGRESSORS, SMALL_NUMBERS),
    (MULTI_TASK_REGRESSORS, {"three targets": TABLES["three targets"]}),
    (TREE_CLASSIFIERS, CLASSES | MISSING_CLASSES | OUTPUT_CLASSES),
    (TREE_REGRESSORS, NUMBERS | {"three targets": TABLES["three targets"]}),
    ({name: TREE_REGRESSORS[name] for name in ("tree", "extra tree", "forest", "scaled tree")}, MISSING_NUMBERS),
    (SCALERS, {"one target": NUMBERS["one target"], "missing": MISSING_NUMBERS["missing"]}),
)


def make_animals(enclosures):
    """(name, estimator, data set) for every estimator in every wrapper, on every data set for it."""
    return [
        (f"{estimator_name} - {data_name}", estimator, data)
        for estimators, data_sets in enclosures
        for estimator_name, estimator in estimators.items()
        for data_name, data in data_sets.items()
        if estimator is not None
    ]


ANIMALS = make_animals(ENCLOSURES)


def fit(estimator, data):
    """A new fitted copy. Warnings about convergence are ignored, because the data sets are tiny."""
    from sklearn.base import clone
    from sklearn.utils._param_validation import InvalidParameterError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return clone(estimator).fit(data.X, data.y)
        except ValueError as error:
            # An older scikit-learn may know no such value, or take no missing ones.
            if NEWEST or not (isinstance(error, InvalidParameterError) or "contains NaN" in str(error)):
                raise
            pytest.skip(f"scikit-learn {sklearn.__version__}: {error}")
