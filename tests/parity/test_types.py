"""Models trained on float32 and on sparse tables, with targets of float32: each answers as the original."""

import json
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.cluster import AffinityPropagation, Birch, KMeans, MeanShift, MiniBatchKMeans
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    RadiusNeighborsRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, RobustScaler, StandardScaler

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.errors import IrisModelError
from tests.parity.test_zoo import assert_same
from tests.support.spread import spread

random = np.random.RandomState(3)
X = random.normal(size=(90, 4)) * [1, 2, 3, 0.5]
# Few training rows are asked: between them and the others, distances are well above what products are off by.
ROWS = random.normal(size=(60, 4)) * [1, 2, 3, 0.5]
SIGNS, NUMBERS = (X[:, 0] > 0).astype(int), X @ [1.0, -2.0, 0.5, 3.0]
TABLES = {
    "float32": X.astype(np.float32),
    "sparse": sp.csr_matrix(X),
    "sparse float32": sp.csr_matrix(X.astype(np.float32)),
}
CLUSTERERS = {
    "k-means": KMeans(3, n_init=1, random_state=0),
    "batches": MiniBatchKMeans(3, n_init=1, random_state=0),
    "birch": Birch(n_clusters=3),
    "affinity": AffinityPropagation(random_state=0),
    "mean shift": MeanShift(),
}
DOCUMENTS = ["a bb cc", "bb dd ee ee", "cc ff gg bb", "dd ee", "gg gg aa bb", "hh aa"]
CLASSES = [0, 1, 0, 1, 1, 0]
FEATURES = [{"a": 1.1, "b": "x"}, {"a": 2.3, "b": "y"}, {"c": 0.7}]


def check(fitted, asked, rows, tmp_path, record_property):
    record_property("parity", "wrong")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compilation = compile_model(fitted)
        (tmp_path / "model.safetensors").write_bytes(compilation.data)
        model = load(str(tmp_path / "model.safetensors"))
        for method in model.outputs:
            expected = getattr(fitted, method)(asked)
            expected = expected.toarray() if hasattr(expected, "toarray") else expected
            assert_same(getattr(model, method)(rows), expected, model.signature["outputs"][method]["kind"] == "label")
    record_property("rows", len(rows) + compilation.report.row_count)
    record_property("parity", "exact")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", CLUSTERERS)
def test_clusterers(name, table, tmp_path, record_property):
    if name == "mean shift" and table != "float32":
        return  # it takes no sparse table
    fitted = CLUSTERERS[name].fit(TABLES[table])
    only_float32 = table != "sparse" and name in ("k-means", "batches")
    check(fitted, ROWS.astype(np.float32) if only_float32 else ROWS, ROWS.tolist(), tmp_path, record_property)


def test_a_pipeline_that_takes_only_float32(tmp_path, record_property):
    fitted = make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)).fit(TABLES["float32"])
    check(fitted, ROWS.astype(np.float32), ROWS.tolist(), tmp_path, record_property)


@pytest.mark.parametrize("weights", spread(["uniform", "distance"], 2))
@pytest.mark.parametrize("table", ["float64", *TABLES])
@pytest.mark.parametrize("metric", ["euclidean", pytest.param("manhattan", marks=pytest.mark.slow)])
def test_brute_force(metric, table, weights, tmp_path, record_property):
    known = {"float64": X, **TABLES}[table]
    kind = {"algorithm": "brute", "metric": metric, "weights": weights}
    for fitted in (
        KNeighborsClassifier(5, **kind).fit(known, SIGNS),
        RadiusNeighborsRegressor(4.0, **kind).fit(known, NUMBERS),
    ):
        if metric == "manhattan" and "32" in table:
            with pytest.raises(IrisModelError, match=r"numpy\.argpartition decides ties; train it on float64"):
                compile_model(fitted)
        else:
            check(fitted, ROWS, ROWS.tolist(), tmp_path, record_property)


@pytest.mark.parametrize("table", TABLES)
def test_outliers(table, tmp_path, record_property):
    fitted = LocalOutlierFactor(7, novelty=True, algorithm="brute").fit(TABLES[table])
    check(fitted, ROWS, ROWS.tolist(), tmp_path, record_property)


@pytest.mark.parametrize("neighbors", [3, 12, 40])
@pytest.mark.parametrize("several", [False, True])
def test_targets_of_float32(neighbors, several, tmp_path, record_property):
    targets = (np.c_[NUMBERS, X] if several else NUMBERS).astype(np.float32)
    for fitted in (
        KNeighborsRegressor(neighbors).fit(X, targets),
        KNeighborsRegressor(neighbors, weights="distance").fit(X, targets),
    ):
        check(fitted, ROWS, ROWS.tolist(), tmp_path, record_property)


VECTORIZERS = {
    "tf-idf": TfidfVectorizer(dtype=np.float32),
    "tf-idf l1": TfidfVectorizer(dtype=np.float32, sublinear_tf=True, norm="l1"),
    "counts": CountVectorizer(dtype=np.float32),
    "weights": make_pipeline(CountVectorizer(dtype=np.float32), TfidfTransformer()),
    "hashed": HashingVectorizer(n_features=64, dtype=np.float32),
}


@pytest.mark.parametrize("name", VECTORIZERS)
def test_documents_in_float32(name, tmp_path, record_property):
    fitted = VECTORIZERS[name].fit(DOCUMENTS)
    check(fitted, DOCUMENTS, [[text] for text in DOCUMENTS], tmp_path, record_property)


def test_features_in_float32(tmp_path, record_property):
    rows = [[one.get(name) for name in "abc"] for one in FEATURES]
    check(DictVectorizer(dtype=np.float32).fit(FEATURES), FEATURES, rows, tmp_path, record_property)
    fitted = make_pipeline(DictVectorizer(dtype=np.float32), MaxAbsScaler()).fit(FEATURES)
    check(fitted, FEATURES, rows, tmp_path, record_property)
    for kind in ("float32", "float64"):
        hasher = make_pipeline(FeatureHasher(16, dtype=kind), MaxAbsScaler()).fit(FEATURES)
        check(hasher, FEATURES, [[json.dumps(one)] for one in FEATURES], tmp_path, record_property)


WIDE = {
    "linear": (SGDClassifier(random_state=0),),
    "weighted": (TfidfTransformer(), SGDClassifier(random_state=0)),
    "scaled": (MaxAbsScaler(), LogisticRegression()),
    "standardized": (StandardScaler(with_mean=False), RobustScaler(with_centering=False), LogisticRegression()),
    "bayes": (MultinomialNB(),),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] + [pytest.mark.exhaustive] * (name not in ("scaled", "bayes")))
        for name in WIDE
    ],
)
def test_a_million_columns(name, tmp_path, record_property):
    hashed = HashingVectorizer(alternate_sign=False)
    fitted = make_pipeline(hashed, *WIDE[name]).fit(DOCUMENTS, CLASSES)
    check(fitted, DOCUMENTS, [[text] for text in DOCUMENTS], tmp_path, record_property)


@pytest.mark.parametrize("keep", [False, True])
def test_a_column_that_was_missing_throughout(keep, tmp_path, record_property):
    table = X.copy()
    table[random.uniform(size=X.shape) < 0.2] = np.nan
    table[:, 2] = np.nan
    fitted = IterativeImputer(keep_empty_features=keep, random_state=0, max_iter=3).fit(table)
    rows = [[None if cell != cell else cell for cell in row] for row in table.tolist()]
    check(fitted, table, rows, tmp_path, record_property)
