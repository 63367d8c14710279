"""Random models: Hypothesis draws data, an estimator with parameters, and rows. Compiling is exact or refuses; it is never wrong.

A `ParityError` is the compiler's own finding that it was about to be wrong, and so a failure here.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.errors import UnsupportedModel
from tests.parity.test_zoo import answers_of, assert_same

SEEDS = st.integers(0, 2**31 - 1)
TAKES_MISSING = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)

CLASSIFIERS = st.one_of(
    st.builds(LogisticRegression, C=st.floats(1e-3, 1e3), fit_intercept=st.booleans()),
    st.builds(RidgeClassifier, alpha=st.floats(1e-3, 1e3)),
    st.builds(GaussianNB, var_smoothing=st.floats(1e-9, 1.0)),
    st.builds(
        DecisionTreeClassifier,
        max_depth=st.integers(1, 6),
        max_leaf_nodes=st.none() | st.integers(2, 12),
        min_impurity_decrease=st.floats(0, 0.05),
        random_state=SEEDS,
    ),
    st.builds(RandomForestClassifier, st.integers(1, 5), max_depth=st.integers(1, 5), random_state=SEEDS),
    st.builds(
        GradientBoostingClassifier, n_estimators=st.integers(1, 4), learning_rate=st.floats(0.01, 1), random_state=SEEDS
    ),
    st.builds(
        HistGradientBoostingClassifier,
        max_iter=st.integers(1, 4),
        max_bins=st.integers(2, 255),
        min_samples_leaf=st.integers(1, 9),
    ),
    st.builds(KNeighborsClassifier, st.integers(1, 5), weights=st.sampled_from(["uniform", "distance"])),
    # Support vector machines are in the zoo. On drawn data, where a column may never change, their decisions can be pure
    # rounding noise of the original, and the compiler rightly gives up with a ParityError.
    st.builds(MLPClassifier, st.just((4,)), max_iter=st.just(5), random_state=SEEDS),
)
REGRESSORS = st.one_of(
    st.builds(LinearRegression, fit_intercept=st.booleans()),
    st.builds(Ridge, alpha=st.floats(1e-3, 1e3)),
    st.builds(PoissonRegressor, alpha=st.floats(0, 2)),
    st.builds(DecisionTreeRegressor, max_depth=st.integers(1, 6), random_state=SEEDS),
    st.builds(ExtraTreesRegressor, st.integers(1, 5), max_depth=st.integers(1, 5), random_state=SEEDS),
    st.builds(HistGradientBoostingRegressor, max_iter=st.integers(1, 4), min_samples_leaf=st.integers(1, 9)),
    st.builds(KNeighborsRegressor, st.integers(1, 5), weights=st.sampled_from(["uniform", "distance"])),
    st.builds(SVR, C=st.floats(0.1, 10), gamma=st.sampled_from(["scale", "auto", 0.3])),
)
SCALERS = st.sampled_from([StandardScaler(), StandardScaler(with_mean=False), MinMaxScaler(), MinMaxScaler(clip=True)])


def _named(estimators):
    return [(f"e{index}", estimator) for index, estimator in enumerate(estimators)]


def _of_classifiers(inner):
    return st.one_of(
        st.builds(make_pipeline, SCALERS, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda several: VotingClassifier(_named(several))),
        st.builds(lambda one, last: StackingClassifier(_named([one]), last, cv=2), inner, inner),
        st.builds(CalibratedClassifierCV, inner, method=st.sampled_from(["sigmoid", "isotonic"]), cv=st.just(2)),
        st.builds(OneVsRestClassifier, inner),
        st.builds(OneVsOneClassifier, inner),
    )


def _of_regressors(inner):
    return st.one_of(
        st.builds(make_pipeline, SCALERS, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda several: VotingRegressor(_named(several))),
        st.builds(lambda one, last: StackingRegressor(_named([one]), last, cv=2), inner, inner),
    )


@st.composite
def tables(draw):
    """Rows of ordinary, whole, tiny or large numbers; a column may be constant, but not the only one.

    Where nothing varies, an ensemble learns from rounding noise, and the compiler gives up with a ParityError.
    """
    random = np.random.RandomState(draw(SEEDS))
    width = draw(st.integers(1, 4))
    table = random.normal(size=(40, width))
    if draw(st.booleans()):
        table = np.round(2 * table)
    table *= draw(st.sampled_from([1.0, 1e-3, 1e3]))
    if draw(st.booleans()) and width > 1:
        table[:, 0] = 1.0
    return table, random


LABELS = st.sampled_from(
    [["no", "yes"], ["a", "b", "c"], [0, 1], [3, -1, 7], [False, True], [0.5, 1.5, 2.5], ["x", "y", "z", "w"]]
)


def fit(estimator, X, y):
    """Fit, or None where the library does not take what was drawn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return estimator.fit(X, y)
        except (ValueError, np.linalg.LinAlgError):
            return None


def check(fitted, X, random):
    try:
        compilation = compile_model(fitted)
    except UnsupportedModel:
        return
    rows = np.concatenate([X, X[random.permutation(len(X))[:9]] * 1.5, random.uniform(-3, 3, size=(9, X.shape[1]))])
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "m.safetensors"
        path.write_bytes(compilation.data)
        model = load(str(path))
        given_rows = [[None if np.isnan(cell) else cell for cell in row] for row in rows.tolist()]
        for method in model.outputs:
            expected = answers_of(fitted, method, rows)
            is_label = model.signature["outputs"][method]["kind"] == "label"
            assert_same(getattr(model, method)(given_rows), expected, is_label)


def run_classifier(estimator, labels, table):
    X, random = table
    y = np.array(labels)[np.concatenate([np.arange(len(labels)).repeat(4), random.randint(len(labels), size=40)])[:40]]
    if isinstance(estimator, TAKES_MISSING):
        X[random.uniform(size=X.shape) < 0.1] = np.nan
    fitted = fit(estimator, X, y)
    if fitted is not None:
        check(fitted, X, random)


def run_regressor(estimator, table):
    X, random = table
    if isinstance(estimator, TAKES_MISSING):
        X[random.uniform(size=X.shape) < 0.1] = np.nan
    fitted = fit(estimator, X, random.gamma(2.0, size=len(X)))
    if fitted is not None:
        check(fitted, X, random)


CLASSIFICATION = given(estimator=CLASSIFIERS | _of_classifiers(CLASSIFIERS), labels=LABELS, table=tables())
REGRESSION = given(estimator=REGRESSORS | _of_regressors(REGRESSORS), table=tables())
# Shrinking a model costs many fits; what was drawn is printed as it is.
COMMON = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
}
FEW = settings(max_examples=15, **COMMON)
MANY = settings(max_examples=200, **COMMON)

test_drawn_classifier = FEW(CLASSIFICATION(run_classifier))
test_drawn_regressor = FEW(REGRESSION(run_regressor))
test_many_drawn_classifiers = pytest.mark.slow(MANY(CLASSIFICATION(run_classifier)))
test_many_drawn_regressors = pytest.mark.slow(MANY(REGRESSION(run_regressor)))
