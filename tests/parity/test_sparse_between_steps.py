"""XGBoost after steps that return a scipy sparse matrix: it treats the cells that are not stored as missing."""

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomTreesEmbedding
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import KBinsDiscretizer, MaxAbsScaler, OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

from iris_model.compiler import compile_model
from iris_model.engine import load
from tests.support.spread import spread

random = np.random.RandomState(5)
ROWS = 160
TABLE = pd.DataFrame(
    {
        "zip": [f"{number:05d}" for number in random.randint(0, 30, ROWS)],
        "town": random.choice(["Bonn", "Lima"], ROWS),
        "size": random.randint(0, 3, ROWS).astype(float),
        "price": random.gamma(2, 30, ROWS).round(2),
    }
)
WORDS = np.array([f"w{number}" for number in range(60)])
TEXTS = [" ".join(random.choice(WORDS, 8)) for _ in range(ROWS)]
HAS_WORD = np.array([float("w1 " in f"{text} ") for text in TEXTS])


def forest(**parameters):
    return xgb.XGBRegressor(n_estimators=6, max_depth=4, n_jobs=1, **parameters)


def one_hot(**parameters):
    return OneHotEncoder(handle_unknown="ignore", **parameters)


TABLES = {
    "one-hot": make_pipeline(make_column_transformer((one_hot(), ["zip", "town"])), forest()),
    "one-hot, dense": make_pipeline(make_column_transformer((one_hot(sparse_output=False), ["zip"])), forest()),
    "dense enough to be a dense table": make_pipeline(make_column_transformer((one_hot(), ["town"])), forest()),
    "one-hot and numbers of which some are zero": make_pipeline(
        make_column_transformer((one_hot(), ["zip"]), ("passthrough", ["size", "price"])), forest()
    ),
    "always sparse": make_pipeline(
        make_column_transformer((one_hot(), ["town"]), ("passthrough", ["size"]), sparse_threshold=1.0), forest()
    ),
    "scaled": make_pipeline(
        make_column_transformer((one_hot(), ["zip"]), ("passthrough", ["size"])), MaxAbsScaler(), forest()
    ),
    "bins": make_pipeline(
        make_column_transformer((make_pipeline(KBinsDiscretizer(4), SelectKBest(k=3)), ["price", "size"])), forest()
    ),
    "a union with a dense part": make_pipeline(
        make_column_transformer((make_union(one_hot(), one_hot(sparse_output=False)), ["zip", "town"])), forest()
    ),
    "leaves of trees": make_pipeline(
        make_column_transformer((RandomTreesEmbedding(3, random_state=0), ["size", "price"])), forest()
    ),
    "of another missing value": make_pipeline(make_column_transformer((one_hot(), ["zip"])), forest(missing=1.0)),
}
DOCUMENTS = {
    "counts": make_pipeline(CountVectorizer(), forest()),
    "weights": make_pipeline(TfidfVectorizer(), StandardScaler(with_mean=False), forest()),
    "hashes that cancel out": make_pipeline(HashingVectorizer(n_features=16, norm=None), forest()),
    "hashes in a union": make_pipeline(
        make_union(HashingVectorizer(n_features=16, norm=None), CountVectorizer(max_features=5)), forest()
    ),
}


def answers(model, data, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(compile_model(model, data=data).data)
    return load(str(tmp_path / "model.safetensors"))


@pytest.mark.parametrize("name", spread(TABLES, 2))
def test_tables(name, tmp_path):
    model = TABLES[name].fit(TABLE, TABLE["price"] + 50 * TABLE["size"])
    columns = [column["name"] for column in answers(model, None, tmp_path).signature["columns"]]
    rows = TABLE[columns].astype(object).to_numpy().tolist()
    np.testing.assert_allclose(load(str(tmp_path / "model.safetensors")).predict(rows), model.predict(TABLE), rtol=1e-6)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name, tmp_path):
    model = DOCUMENTS[name].fit(TEXTS, HAS_WORD)
    found = answers(model, None, tmp_path).predict([[text] for text in TEXTS])
    np.testing.assert_allclose(found, model.predict(TEXTS), rtol=1e-6)


@pytest.mark.parametrize("sparse", [True, False])
def test_dictionaries(sparse, tmp_path):
    records = TABLE[["town", "size"]].to_dict("records")
    model = make_pipeline(DictVectorizer(sparse=sparse), forest()).fit(records, TABLE["price"])
    compiled = answers(model, None, tmp_path)
    columns = [column["name"] for column in compiled.signature["columns"]]
    found = compiled.predict([[record[column] for column in columns] for record in records])
    np.testing.assert_allclose(found, model.predict(records), rtol=1e-6)


@pytest.mark.parametrize("features", [PolynomialFeatures(3), PolynomialFeatures((3, 4), interaction_only=True)])
@pytest.mark.parametrize("trees", [HistGradientBoostingRegressor(max_iter=5), DecisionTreeRegressor(random_state=0)])
def test_products_are_rounded_in_the_order_of_the_original(features, trees, tmp_path):
    X = np.random.RandomState(2).normal(size=(400, 4))
    model = make_pipeline(features, trees).fit(X, X.sum(axis=1) ** 3)
    np.testing.assert_array_equal(answers(model, None, tmp_path).predict(X.tolist()), model.predict(X))


def test_sums_behind_joined_sparse_columns_may_cancel():
    # A large number next to words: the two libraries add its products with the support vectors in different orders.
    draw = np.random.default_rng(0)
    words = ["Red", "green", "blue", "tree", "house"]
    table = pd.DataFrame({"text": [" ".join(draw.choice(words, 3)) for _ in range(200)], "size": draw.normal(size=200)})
    steps = make_column_transformer((TfidfVectorizer(), "text"), (StandardScaler(), ["size"]))
    estimator = make_pipeline(steps, SVC(kernel="linear")).fit(table, draw.choice(["x", "y"], 200))
    compiled = compile_model(estimator, data=table.to_numpy().tolist())
    assert compiled.report.rows["given"] == 200
