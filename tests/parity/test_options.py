"""Training options beyond the zoo's `fit(X, y)`: sparse tables, early stopping, base scores and weights."""

import warnings

import lightgbm as lgb
import numpy as np
import pytest
import scipy.sparse as sp
import xgboost as xgb
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from iris_model.compiler import compile_model
from iris_model.engine import load
from tests.parity.test_zoo import METHODS, assert_same
from tests.support.spread import spread

random = np.random.RandomState(11)
COUNTS = random.poisson(0.4, size=(90, 12)).astype(float)
LABELS = np.array(["a", "b", "c"])[(COUNTS[:, 0] > 0).astype(int) + (COUNTS[:, 1] > 0)]
NUMBERS = random.normal(size=(200, 4))
TARGET = NUMBERS @ [3.0, -1.0, 0.5, 0.0] + random.normal(size=200)
SIGNS = (TARGET > 0).astype(int)

SPARSE = {
    "logistic": LogisticRegression(),
    "logistic liblinear": OneVsRestClassifier(LogisticRegression(solver="liblinear")),
    "sgd": SGDClassifier(random_state=0),
    "linear svc": LinearSVC(random_state=0),
    "multinomial nb": MultinomialNB(),
    "bernoulli nb": BernoulliNB(),
    "complement nb": ComplementNB(),
    "forest": RandomForestClassifier(4, random_state=0),
    "extra trees": ExtraTreesClassifier(4, random_state=0),
    "gradient boosting": GradientBoostingClassifier(n_estimators=3, random_state=0),
    "svc": SVC(gamma=0.3),
    "network": MLPClassifier((5,), max_iter=10, random_state=0),
    "scaled": make_pipeline(MaxAbsScaler(), StandardScaler(with_mean=False), LogisticRegression()),
    "selected": make_pipeline(SelectKBest(chi2, k=4), LogisticRegression()),
    "projected": make_pipeline(TruncatedSVD(3, random_state=0), LogisticRegression()),
    "boosters": xgb.XGBClassifier(n_estimators=3, max_depth=2),
}
LOGISTIC = {
    "liblinear": LogisticRegression(solver="liblinear", intercept_scaling=3.0),
    "newton-cg": LogisticRegression(solver="newton-cg"),
    "sag": LogisticRegression(solver="sag", max_iter=30, random_state=0),
    "balanced": LogisticRegression(class_weight="balanced"),
}


def check(fitted, X, rows, tmp_path, record_property):
    record_property("parity", "wrong")
    compilation = compile_model(fitted)
    (tmp_path / "model.safetensors").write_bytes(compilation.data)
    model = load(str(tmp_path / "model.safetensors"))
    assert set(model.outputs) <= {method for method in METHODS if hasattr(fitted, method)}
    for method in model.outputs:
        expected = getattr(fitted, method)(X)
        expected = expected.toarray() if hasattr(expected, "toarray") else expected
        assert_same(getattr(model, method)(rows), expected, model.signature["outputs"][method]["kind"] == "label")
    record_property("rows", len(rows) + compilation.report.row_count)
    record_property("parity", "exact")


@pytest.mark.parametrize("kind", [sp.csr_matrix, pytest.param(sp.csc_matrix, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", spread(SPARSE, 3))
def test_trained_on_a_sparse_table(name, kind, tmp_path, record_property):
    labels = np.searchsorted(["a", "b", "c"], LABELS) if name == "boosters" else LABELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = SPARSE[name].fit(kind(COUNTS), labels)
    # XGBoost treats the zeros that a sparse table omits as missing, and the table has a row of zeros.
    asked = COUNTS if name == "boosters" else kind(COUNTS)
    check(fitted, asked, COUNTS.tolist(), tmp_path, record_property)


@pytest.mark.parametrize("name", LOGISTIC)
def test_solvers(name, tmp_path, record_property):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = LOGISTIC[name].fit(NUMBERS, SIGNS)
    check(fitted, NUMBERS, NUMBERS.tolist(), tmp_path, record_property)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("kind", ["regressor", "classifier"])
def test_stopped_early(library, kind, tmp_path, record_property):
    """Only the trees up to the best iteration count."""
    y = TARGET if kind == "regressor" else SIGNS
    held_out = [(NUMBERS[150:], y[150:])]
    if library == "xgboost":
        cls = xgb.XGBRegressor if kind == "regressor" else xgb.XGBClassifier
        fitted = cls(n_estimators=80, learning_rate=0.9, max_depth=4, early_stopping_rounds=5)
        fitted.fit(NUMBERS[:150], y[:150], eval_set=held_out, verbose=False)
        assert fitted.best_iteration < fitted.get_booster().num_boosted_rounds() - 1
    else:
        cls = lgb.LGBMRegressor if kind == "regressor" else lgb.LGBMClassifier
        fitted = cls(n_estimators=80, learning_rate=0.9, verbose=-1)
        fitted.fit(NUMBERS[:150], y[:150], eval_set=held_out, callbacks=[lgb.early_stopping(5, verbose=False)])
        assert fitted.best_iteration_ < 80
    check(fitted, NUMBERS, NUMBERS.tolist(), tmp_path, record_property)


@pytest.mark.parametrize("base", [0.1, 0.75])
def test_base_scores(base, tmp_path, record_property):
    fitted = xgb.XGBClassifier(n_estimators=3, max_depth=3, base_score=base).fit(NUMBERS, SIGNS)
    check(fitted, NUMBERS, NUMBERS.tolist(), tmp_path, record_property)


def test_weights_monotonic_constraints_and_interactions(tmp_path, record_property):
    fitted = xgb.XGBRegressor(
        n_estimators=5, max_depth=3, monotone_constraints=(1, -1, 0, 0), interaction_constraints="[[0, 1], [2, 3]]"
    ).fit(NUMBERS, TARGET, sample_weight=random.uniform(0, 3, 200))
    check(fitted, NUMBERS, NUMBERS.tolist(), tmp_path, record_property)
    fitted = lgb.LGBMRegressor(n_estimators=5, verbose=-1, monotone_constraints=[1, 0, -1, 0]).fit(NUMBERS, TARGET)
    check(fitted, NUMBERS, NUMBERS.tolist(), tmp_path, record_property)
    fitted = Ridge().fit(NUMBERS, TARGET, sample_weight=random.uniform(0, 3, 200))
    check(fitted, NUMBERS, NUMBERS.tolist(), tmp_path, record_property)
