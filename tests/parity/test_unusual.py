"""Unusual estimators: each answers as the original, or is refused in one clear sentence."""

import contextlib
import re
import warnings

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import sklearn
import xgboost as xgb
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, FastICA
from sklearn.ensemble import BaggingClassifier, BaggingRegressor, ExtraTreesRegressor, IsolationForest
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.gaussian_process import GaussianProcessRegressor, kernels
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LogisticRegression, RidgeClassifier
from sklearn.manifold import Isomap
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.errors import UnsupportedModel
from iris_model.readers import read_estimator
from tests.parity.test_zoo import assert_same
from tests.support.spread import spread

random = np.random.RandomState(0)
ONE, THREE = random.normal(size=(120, 1)), random.normal(size=(120, 3))
SIGNS = (THREE[:, 0] > 0).astype(int)
OBJECTS = np.array([["a", 1], ["b", 2], ["a", 3]], dtype=object)
SCALARS = np.empty((3, 2), object)
SCALARS[:, 0], SCALARS[:, 1] = ["a", "b", "a"], list(np.array([1, 2, 3]))
TEXTS = pd.DataFrame({"a": ["s1", "s1", "", "s2"], "b": ["x", "", "y", "x"]})
CONSTANT = np.c_[THREE, np.ones(len(THREE))]


class Own(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X) * 2


# Its precision matrix divides by 0, as that of digits with svd_solver="arpack": score_samples raises.
NOISY = PCA(2).fit(THREE)
NOISY.noise_variance_ = NOISY.explained_variance_[-1]
ANSWERED = {
    "isolation forest of one column": (IsolationForest(n_estimators=8, random_state=0).fit(ONE), ONE),
    "isolation forest, a column each": (
        IsolationForest(n_estimators=8, max_features=1, random_state=0).fit(THREE),
        THREE,
    ),
    "isolation forest of a constant": (
        IsolationForest(n_estimators=8, random_state=0).fit(np.ones((30, 1))),
        np.ones((30, 1)),
    ),
    "gaussian process that counts no columns": (
        GaussianProcessRegressor(kernels.WhiteKernel(), alpha=0.01).fit(THREE, THREE[:, 0]),
        THREE,
    ),
    "lasso that counts no columns": (
        Lasso(alpha=0.01).fit(np.asfortranarray(THREE), THREE[:, 0], check_input=False),
        THREE,
    ),
    "bagging of one column": (BaggingClassifier(random_state=0).fit(ONE, SIGNS), ONE),
    "bagging, a column each": (BaggingClassifier(max_features=1, random_state=0).fit(THREE, SIGNS), THREE),
    "bagging regressor, a column each": (BaggingRegressor(max_features=1, random_state=0).fit(THREE, ONE[:, 0]), THREE),
    "trees of a constant": (ExtraTreesRegressor(3).fit(THREE, np.ones(120)), THREE),
    "integers, of which one column is missing": (
        SimpleImputer(missing_values=-1, strategy="most_frequent").fit([[-1, 2, -1], [-1, 3, 5], [-1, 3, 5]]),
        [[-1.0, -1.0, 5.0], [4.0, 2.0, -1.0]],
    ),
    "components of no more than noise": (NOISY, THREE),
    "all components, and a constant column": (PCA().fit(CONSTANT), CONSTANT),
    "such components before a classifier": (make_pipeline(PCA(), LogisticRegression()).fit(CONSTANT, SIGNS), CONSTANT),
    "dropped categories by name": (OneHotEncoder(drop=["a", 2]).fit(OBJECTS), OBJECTS),
    "dropped numbers by name": (OneHotEncoder(drop=[1, 2]).fit(np.array([[1, 2], [3, 4], [5, 2]])), [[1.0, 4.0]]),
    "categories that are scalars": (OneHotEncoder().fit(SCALARS), OBJECTS),
    "ranks of scalars": (OrdinalEncoder().fit(SCALARS), OBJECTS),
    "texts filled, then encoded": (
        make_pipeline(SimpleImputer(missing_values="", strategy="most_frequent"), OneHotEncoder()).fit(TEXTS),
        TEXTS,
    ),
    "a ridge of one class": (RidgeClassifier().fit(THREE, np.zeros(120, int)), THREE),
    "idf of a term without documents": (
        TfidfTransformer(smooth_idf=False).fit([[1, 1, 0], [1, 0, 0]]),
        [[1.0, 2.0, 0.0]],
    ),
    "decisions that overflow": (SVC(kernel="poly", gamma=1, probability=True, random_state=0).fit(THREE, SIGNS), THREE),
    "an infinite radius": (RadiusNeighborsClassifier(np.inf, algorithm="kd_tree").fit(THREE, SIGNS), THREE),
    "an infinite radius by products": (RadiusNeighborsClassifier(np.inf, algorithm="brute").fit(THREE, SIGNS), THREE),
}

# XGBoost 3.0 does not train on one class.
with contextlib.suppress(xgb.core.XGBoostError):
    ANSWERED["a booster of one class"] = (xgb.XGBClassifier(n_estimators=2).fit(THREE, np.zeros(120, int)), THREE)


@pytest.mark.parametrize("name", spread(ANSWERED, 3))
def test_the_same_answers(name, tmp_path, record_property):
    record_property("parity", "wrong")
    fitted, rows = ANSWERED[name]
    plain = (rows.to_numpy() if hasattr(rows, "to_numpy") else np.asarray(rows)).tolist()
    # To nearly any other row the original answers NaN.
    data = plain if name.startswith("idf") else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compilation = compile_model(fitted, data=data)
        (tmp_path / "model.safetensors").write_bytes(compilation.data)
        model = load(str(tmp_path / "model.safetensors"))
        for method in model.outputs:
            expected = getattr(fitted, method)(rows)
            expected = expected.toarray() if hasattr(expected, "toarray") else expected
            is_label = model.signature["outputs"][method]["kind"] == "label"
            assert_same(getattr(model, method)(plain), expected, is_label)
    record_property("rows", len(plain) + compilation.report.row_count)
    record_property("parity", "exact")


REFUSED = {
    "texts as the answer": (
        SimpleImputer(missing_values="", strategy="most_frequent").fit(TEXTS),
        "transform returns the strings of column 'a'; expected numbers or labels; encode the column",
    ),
    "texts and numbers": (
        ColumnTransformer([("t", SimpleImputer(strategy="most_frequent"), ["b"])]).fit(TEXTS),
        "transform returns the strings of column 'b'; expected numbers or labels; encode the column",
    ),
    "a transformer of the user's own": (
        make_union(StandardScaler(), Own()).fit(THREE),
        "tests.parity.test_unusual.Own: no converter supports this class",
    ),
    "never fitted": (
        GaussianProcessRegressor(),
        # Since scikit-learn 1.6 such a process need not be fitted: it answers from its prior.
        "sklearn.gaussian_process.GaussianProcessRegressor: it is not fitted (it has no X_train_); call fit before saving it"
        if not sklearn.__version__.startswith("1.5.")
        else "sklearn.gaussian_process.GaussianProcessRegressor: it is not fitted; call fit before saving it",
    ),
    "never fitted, in a union": (
        make_union(StandardScaler()),
        "sklearn.preprocessing.StandardScaler: it is not fitted; call fit before saving it",
    ),
    "independent components of rounding noise": (
        FastICA(3, whiten_solver="eigh", random_state=0).fit(np.c_[THREE[:, :2], THREE[:, 0] + THREE[:, 1]]),
        "FastICA: a component near 1 is the sum of terms near #, because training had directions without variance, so its "
        "answers are rounding noise; choose a smaller n_components",
    ),
    "too many products": (
        PolynomialFeatures(3).fit(np.ones((1, 60))),
        "PolynomialFeatures: 60 columns make 39,711 of degree 3; expected at most 32,768: use fewer columns, a lower "
        "degree, or interaction_only=True",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_models_give_the_reason(name):
    fitted, reason = REFUSED[name]
    with pytest.raises(UnsupportedModel) as caught:
        compile_model(fitted)
    assert tuple(re.sub(r"\d+e\+\d+", "#", one) for one in caught.value.reasons) == (reason,)


def all_estimators():
    from sklearn.utils import all_estimators

    from iris_model.readers.families import find_reader
    from iris_model.readers.names import class_name

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = [cls for _, cls in all_estimators() if find_reader(class_name(cls))]
    boosters = [xgb.XGBClassifier, xgb.XGBRegressor, xgb.XGBRanker, lgb.LGBMClassifier, lgb.LGBMRegressor]
    return [*known, *boosters]


@pytest.mark.parametrize("cls", all_estimators(), ids=lambda cls: cls.__name__)
def test_never_fitted(cls):
    """No exception of another kind, whatever class it is."""
    # Since scikit-learn 1.6.
    generator = pytest.importorskip("sklearn.utils._test_common.instance_generator")
    if cls.__name__ == "FrozenEstimator":
        instances = [cls(StandardScaler())]
    else:
        instances = list(generator._construct_instances(cls)) if cls.__module__.startswith("sklearn") else [cls()]
    for instance in instances:
        with pytest.raises(UnsupportedModel):
            compile_model(instance)


def test_an_exception_in_a_converter_is_a_reason_to_refuse():
    fitted = StandardScaler().fit(THREE)
    fitted.scale_ = "five"
    with pytest.raises(
        UnsupportedModel, match=r"sklearn\.preprocessing\.StandardScaler: its attributes cannot be read: Val"
    ):
        read_estimator(fitted)


def test_isomap_within_any_distance_has_finite_attributes():
    nodes = read_estimator(Isomap(n_neighbors=None, radius=np.inf).fit(THREE)).nodes
    assert all(np.isfinite(value) for node in nodes for value in node.attributes.values() if isinstance(value, float))


def test_boosters_in_memory_compile_as_their_files(tmp_path):
    boosters = {
        "json": xgb.train({"objective": "binary:logistic"}, xgb.DMatrix(THREE, SIGNS), 1),
        "txt": lgb.train({"objective": "binary", "verbose": -1}, lgb.Dataset(THREE, SIGNS), 1),
    }
    for suffix, booster in boosters.items():
        path = tmp_path / f"model.{suffix}"
        booster.save_model(path)
        ours, theirs = compile_model(booster), compile_model(path)
        assert ours.golden == theirs.golden
        assert ours.signature == theirs.signature
