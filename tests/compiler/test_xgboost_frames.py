"""XGBoost models with categories that keep their own library: each column reaches them with the type and codes of training."""

import pickle

import numpy as np
import pandas as pd
import pytest
import xgboost

from iris_model.compiler.description.describe import describe_original
from iris_model.errors import UnsupportedModel
from iris_model.readers.category_orders import CategoryOrders
from iris_model.readers.xgboost.frame_columns import FrameColumn
from iris_model.runtime.executors.original_table import make_table

RANDOM = np.random.default_rng(1)
STORES = tuple(map(int, xgboost.__version__.split(".")[:2])) >= (3, 1)
TOWNS = ["Köln", "Rome", "東京", "Wrocław"]
# In the order of pandas; and in another one, which the file must say.
ORDERS = [
    sorted(TOWNS),
    *([["東京", "Wrocław", "Köln", "Rome"], ["Rome", "Köln", "Wrocław", "東京"]] if STORES else []),
]


def train(order):
    town = RANDOM.choice(TOWNS, 400)
    frame = pd.DataFrame({"size": RANDOM.choice([10, 20, 35, 70], 400), "town": pd.Categorical(town, order)})
    frame["x"] = RANDOM.normal(size=400).round(3)
    target = 3.0 * (frame["size"] > 20) + (town == "Rome") + 2.0 * (town == "東京") + frame.x / 10
    model = xgboost.XGBRegressor(n_estimators=20, max_depth=4, enable_categorical=True, tree_method="hist")
    return model.fit(frame, target), frame


def write(model, frame, directory):
    (directory / "model.pkl").write_bytes(pickle.dumps(model))
    frame.to_csv(directory / "rows.csv", index=False)
    return directory / "model.pkl", directory / "rows.csv"


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_each_column_has_the_type_and_the_codes_of_training(order, tmp_path):
    model, frame = train(order)
    signature = describe_original(*write(model, frame, tmp_path)).signature
    # Whole numbers are no categories, though the library would take those as well.
    assert [column["dtype"] for column in signature["columns"]] == ["int64", "category", "float64"]
    assert signature["columns"][1]["categories"] == order
    rows = frame.astype(object).to_numpy().tolist()
    np.testing.assert_array_equal(model.predict(make_table(rows, signature)), model.predict(frame))
    # One town alone has the code of training, too.
    for town in TOWNS:
        some = frame[frame.town == town]
        found = model.predict(make_table(some.astype(object).to_numpy().tolist(), signature))
        np.testing.assert_array_equal(found, model.predict(some))


@pytest.mark.parametrize("rows", [None, "without a town"])
def test_unnamed_categories_ask_for_rows(rows, tmp_path):
    order = ["Rome", "Köln", "Wrocław", "東京"] if STORES else sorted(TOWNS)
    model, frame = train(order)
    path, data = write(model, frame[frame.town != "東京"], tmp_path)
    with pytest.raises(UnsupportedModel, match="the categories of the column 'town' are not all in the file") as caught:
        describe_original(path, None if rows is None else data)
    assert "every category of training" in caught.value.remedy


def sample(*categories):
    return CategoryOrders({}, lambda name: [*categories, ""])


def test_categories_are_found_from_the_file_and_sample():
    column = FrameColumn(True, [("Paris", 5), ("Kö", 4), ("", 3)])
    assert column.find_categories("town", sample("Köln", "Paris", "Rom")) == ["Paris", "Köln", "Rom"]
    # One place decides another.
    both = FrameColumn(True, [("", 4), ("Kö", 4)])
    assert both.find_categories("town", sample("Rome", "Köln")) == ["Rome", "Köln"]
    for sampled in (["Paris", "Rom"], ["Köln", "Köpe", "Rom"], ["Köln", "Paris"]):
        with pytest.raises(UnsupportedModel, match=r"one of them has \d characters"):
            column.find_categories("town", sample(*sampled))
    with pytest.raises(UnsupportedModel, match="'London', which fits none"):
        column.find_categories("town", sample("Köln", "London", "Paris", "Rom"))
    whole = FrameColumn(True, [("b", 1), ("a", 1)])
    assert whole.find_categories("town", CategoryOrders({"town": ["a", "b"]})) == ["b", "a"]
    assert FrameColumn(True, [30, 4]).find_categories("town", sample("4")) == [30, 4]


def test_an_order_that_the_file_lacks_is_declared_or_assumed():
    column = FrameColumn(True, None, highest=2)
    assert column.find_categories("size", sample("a", "b", "c")) is None
    assert column.assume_sorted("size", sample("c", "b", "a")) == ["a", "b", "c"]
    with pytest.raises(UnsupportedModel, match="it has 3 or more of them, and the sample rows have 2"):
        column.assume_sorted("size", sample("a", "b"))
    assert column.find_categories("size", CategoryOrders({"size": ["c", "a", "b"]})) == ["c", "a", "b"]
    with pytest.raises(UnsupportedModel, match="2 categories of the column 'size' are given, but the model has 3"):
        column.find_categories("size", CategoryOrders({"size": ["c", "a"]}))
    with pytest.raises(UnsupportedModel, match="the sample rows have the category 'd'"):
        column.find_categories("size", CategoryOrders({"size": ["c", "a", "b"]}, lambda name: ["a", "d"]))
