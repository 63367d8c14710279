"""The zoo of boosting, bagging and isolation forests."""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn import dummy, ensemble, linear_model, naive_bayes, neighbors, svm, tree
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

from tests.parity.zoo import CLASSES, MISSING_CLASSES, MISSING_NUMBERS, NUMBERS, TABLES, DataSet, made, make_animals

SEED = 7
TWO = {name: CLASSES[name] for name in ("two texts", "booleans")}
THREE = {name: CLASSES[name] for name in ("three integers", "objects", "whole numbers")}
TINY = {"tiny values": DataSet(CLASSES["two texts"].X * 1e-30, CLASSES["two texts"].y, low=-4e-30, high=4e-30)}
LARGE = {"large values": DataSet(NUMBERS["one target"].X * 1e30, NUMBERS["one target"].y, low=-4e30, high=4e30)}
NUMBER = {"one target": NUMBERS["one target"]}
POSITIVE = {"positive": DataSet(NUMBERS["one target"].X, np.exp(NUMBERS["one target"].y / 200))}


def _whole(data):
    """A column of more categories than fit one word, another of few, and missing cells."""
    random = np.random.RandomState(SEED)
    table = data.X.copy()
    table[:, 1] = random.randint(0, 40, len(table))
    table[:, 3] = random.choice([-1.0, 2.5, 7.0], len(table))
    table[::9, 1] = np.nan
    return DataSet(table, data.y, low=-3, high=45)


def _boost(**parameters):
    return ensemble.GradientBoostingClassifier(n_estimators=8, random_state=SEED, **parameters)


def _boost_numbers(**parameters):
    return ensemble.GradientBoostingRegressor(n_estimators=8, random_state=SEED, **parameters)


def _histogram(**parameters):
    return ensemble.HistGradientBoostingClassifier(max_iter=6, min_samples_leaf=5, random_state=SEED, **parameters)


def _histogram_numbers(**parameters):
    return ensemble.HistGradientBoostingRegressor(max_iter=6, min_samples_leaf=5, random_state=SEED, **parameters)


BOOSTERS = {
    "gradient boosting": _boost(),
    "gradient boosting from zero": _boost(init="zero", learning_rate=0.3, max_leaf_nodes=5),
    "gradient boosting from probabilities": _boost(init=tree.DecisionTreeClassifier(max_depth=2), subsample=0.7),
    "gradient boosting from the most frequent": _boost(init=dummy.DummyClassifier(strategy="most_frequent")),
    "scaled gradient boosting": make_pipeline(StandardScaler(), _boost(max_depth=2)),
    "histograms": _histogram(),
    "histograms best first": _histogram(max_leaf_nodes=6, learning_rate=0.4, l2_regularization=1.0),
    "adaboost": ensemble.AdaBoostClassifier(n_estimators=7, random_state=SEED),
    "adaboost of trees": ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=2), n_estimators=5),
    "adaboost of bayes": ensemble.AdaBoostClassifier(naive_bayes.GaussianNB(), n_estimators=4),
    "bagging": ensemble.BaggingClassifier(n_estimators=5, random_state=SEED),
    "bagging of columns": ensemble.BaggingClassifier(
        n_estimators=4, max_features=0.5, bootstrap_features=True, random_state=SEED
    ),
    "bagging of few rows": ensemble.BaggingClassifier(n_estimators=6, max_samples=3, random_state=SEED),
    "bagging of logistic": ensemble.BaggingClassifier(
        linear_model.LogisticRegression(), n_estimators=3, max_features=0.7, random_state=SEED
    ),
    "bagging of votes": ensemble.BaggingClassifier(
        linear_model.RidgeClassifier(), n_estimators=4, bootstrap_features=True, random_state=SEED
    ),
    "bagging of neighbors": ensemble.BaggingClassifier(
        neighbors.KNeighborsClassifier(3), n_estimators=3, max_features=3, random_state=SEED
    ),
}
# The default of scikit-learn 1.5, gone since.
REAL_BOOSTERS = (
    {
        "adaboost samme.r": made(ensemble.AdaBoostClassifier, n_estimators=6, algorithm="SAMME.R", random_state=SEED),
        "adaboost samme.r of bayes": made(
            ensemble.AdaBoostClassifier, naive_bayes.GaussianNB(), n_estimators=3, algorithm="SAMME.R"
        ),
    }
    if sklearn.__version__.startswith("1.5.")
    else {}
)
TWO_CLASS_BOOSTERS = {
    "exponential": _boost(loss="exponential"),
    "exponential from probabilities": _boost(loss="exponential", init=neighbors.KNeighborsClassifier(7)),
    "monotonic": _histogram(monotonic_cst=[1, -1, 0, 0, 0]),
}
TINY_BOOSTERS = {
    "gradient boosting": _boost(),
    "histograms": _histogram(),
    "isolation": ensemble.IsolationForest(n_estimators=5),
}
MISSING_BOOSTERS = {
    "histograms": _histogram(),
    "bagging": ensemble.BaggingClassifier(n_estimators=5, random_state=SEED),
    "isolation": ensemble.IsolationForest(n_estimators=8, random_state=SEED, contamination=0.1),
}
BOOSTED_REGRESSORS = {
    **{f"gradient boosting {loss}": _boost_numbers(loss=loss) for loss in ("squared_error", "absolute_error", "huber")},
    "gradient boosting quantile": _boost_numbers(loss="quantile", alpha=0.8),
    "gradient boosting from zero": _boost_numbers(init="zero"),
    "gradient boosting from neighbors": _boost_numbers(init=neighbors.KNeighborsRegressor(2)),
    "gradient boosting from the median": _boost_numbers(init=dummy.DummyRegressor(strategy="median")),
    "histograms": _histogram_numbers(),
    "histograms absolute error": _histogram_numbers(loss="absolute_error"),
    "histograms quantile": _histogram_numbers(loss="quantile", quantile=0.3),
    **{f"adaboost {loss}": ensemble.AdaBoostRegressor(n_estimators=9, loss=loss) for loss in ("linear", "exponential")},
    "adaboost of trees": ensemble.AdaBoostRegressor(tree.ExtraTreeRegressor(), n_estimators=4, loss="square"),
    "adaboost of ridge": ensemble.AdaBoostRegressor(linear_model.Ridge(), n_estimators=3),
    "bagging of support vectors": ensemble.BaggingRegressor(svm.SVR(), n_estimators=3, random_state=SEED),
}
BAGGED_REGRESSORS = {
    "bagging": ensemble.BaggingRegressor(n_estimators=4, max_features=3, random_state=SEED),
    "bagging of ridge": ensemble.BaggingRegressor(linear_model.Ridge(), n_estimators=3, random_state=SEED),
}
POSITIVE_REGRESSORS = {
    f"histograms {loss}": _histogram_numbers(loss=loss) for loss in ("squared_error", "gamma", "poisson")
}
OUTLIER_DETECTORS = {
    "isolation": ensemble.IsolationForest(n_estimators=9, random_state=SEED),
    "isolation with contamination": ensemble.IsolationForest(n_estimators=9, contamination=0.2, random_state=SEED),
    # A scaler makes values of the largest rows that float32 does not hold.
    "isolation of scaled columns": make_pipeline(
        RobustScaler(), ensemble.IsolationForest(n_estimators=9, random_state=SEED)
    ),
    "isolation of columns": ensemble.IsolationForest(n_estimators=7, max_features=2, bootstrap=True, random_state=SEED),
}

CATEGORIES = {"histograms of categories": _histogram(categorical_features=[1, 3])}
EMBEDDINGS = {
    "embedding": ensemble.RandomTreesEmbedding(n_estimators=5, max_depth=3, sparse_output=False, random_state=SEED),
    "logistic on an embedding": make_pipeline(
        ensemble.RandomTreesEmbedding(n_estimators=4, max_depth=3, random_state=SEED), linear_model.LogisticRegression()
    ),
}

QUICK = ("gradient boosting", "histograms", "adaboost", "bagging of columns")
ENCLOSURES = (
    (BOOSTERS, {"two texts": CLASSES["two texts"]}),
    ({name: BOOSTERS[name] for name in QUICK}, {"three integers": CLASSES["three integers"]}),
    ({"exponential": TWO_CLASS_BOOSTERS["exponential"]}, {"booleans": CLASSES["booleans"]}),
    (MISSING_BOOSTERS, MISSING_CLASSES),
    (CATEGORIES, {"categories": _whole(CLASSES["three integers"])}),
    (EMBEDDINGS, {"three integers": CLASSES["three integers"]}),
    (BOOSTED_REGRESSORS, NUMBER),
    (BAGGED_REGRESSORS, {"three targets": TABLES["three targets"]}),
    ({"histograms poisson": POSITIVE_REGRESSORS["histograms poisson"]}, POSITIVE),
    (OUTLIER_DETECTORS, {"whole numbers": CLASSES["whole numbers"]}),
)
SLOW_ENCLOSURES = (
    (BOOSTERS, {"booleans": CLASSES["booleans"], **THREE}),
    (TWO_CLASS_BOOSTERS, TWO),
    (TINY_BOOSTERS, TINY),
    ({name: BOOSTED_REGRESSORS[name] for name in ("histograms", "gradient boosting huber")}, LARGE),
    ({"histograms": BOOSTED_REGRESSORS["histograms"]}, MISSING_NUMBERS),
    (BAGGED_REGRESSORS, NUMBER),
    (POSITIVE_REGRESSORS, POSITIVE),
    (OUTLIER_DETECTORS, {"three integers": CLASSES["three integers"]}),
)
ANIMALS = make_animals((*ENCLOSURES, (REAL_BOOSTERS, CLASSES)))
SLOW_ANIMALS = make_animals(SLOW_ENCLOSURES)
