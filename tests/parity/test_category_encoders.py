"""Encoders of category_encoders: each with its modes, on strings, integers, missing and unknown cells."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, load
from iris_model.errors import UnsupportedModel
from iris_model.readers import open_model

encoders = pytest.importorskip("category_encoders")

random = np.random.RandomState(3)
FRAME = pd.DataFrame(
    {
        "x": random.normal(size=120).round(2),
        "city": random.choice(["Bonn", "Lima", "Oslo", "Rome"], 120, p=[0.4, 0.3, 0.2, 0.1]),
        "zip": random.choice([10, 20, 30, 40, 50], 120),
        "y": random.normal(size=120).round(2),
    }
)
HOLES = FRAME.assign(city=FRAME["city"].where(FRAME.index % 9 > 0, None))
TARGET = ((FRAME["city"] == "Oslo") ^ (FRAME["x"] > 0.3)).astype(int)
# Cells of the columns city and zip that make every kind of row.
CITIES = ["Bonn", "Lima", "Oslo", "Rome", "Quito", "", None]
ZIPS = [10, 20, 30, 40, 50, 70]
NAMES = (
    *("OrdinalEncoder", "OneHotEncoder", "TargetEncoder", "LeaveOneOutEncoder", "WOEEncoder", "CatBoostEncoder"),
    *("JamesSteinEncoder", "CountEncoder", "BinaryEncoder", "BaseNEncoder", "MEstimateEncoder", "QuantileEncoder"),
    *("HelmertEncoder", "SumEncoder", "BackwardDifferenceEncoder", "PolynomialEncoder", "GrayEncoder"),
    *("RankHotEncoder", "SummaryEncoder", "GLMMEncoder"),
)
MODES = ("value", "return_nan", "error", "indicator")
QUICK = {("OneHotEncoder", "indicator"), ("CountEncoder", "value"), ("BinaryEncoder", "return_nan")}


def fitted(encoder, frame=FRAME):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return encoder.fit(frame, TARGET)


def compiled(model, tmp_path):
    path = tmp_path / "model.safetensors"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compilation = compile_model(model)
    path.write_bytes(compilation.data)
    return load(str(path))


EDGES = [[0.5, city, zip_code, -1.5] for city in CITIES for zip_code in ZIPS]
TRAINED = HOLES.astype(object).where(HOLES.notna(), None).to_numpy().tolist()


def original(model, method, rows):
    """The answers, as a table of numbers; None if the original raises."""
    frame = pd.DataFrame(rows, columns=FRAME.columns).astype({"x": float, "zip": float, "y": float})
    frame["city"] = frame["city"].astype(FRAME["city"].dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(getattr(model, method)(frame), float)
        except Exception:
            return None


def served_answer(served, method, rows):
    try:
        return np.array(getattr(served, method)(rows), float)
    except InvalidInput:
        return None


def assert_same(model, served, method="transform"):
    """All rows at once, then, if the original raises for one of them, each kind of row alone."""
    met = 0
    for rows in (TRAINED, EDGES):
        right, found = original(model, method, rows), served_answer(served, method, rows)
        assert (right is None) == (found is None)
        if right is not None:
            np.testing.assert_allclose(found, right, rtol=1e-9)
            met += len(rows)
            continue
        for row in EDGES:
            right, found = original(model, method, [row]), served_answer(served, method, [row])
            assert (right is None) == (found is None), row
            if right is not None:
                np.testing.assert_allclose(found, right, rtol=1e-9, err_msg=str(row))
                met += 1
    assert met > 20


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        pytest.param(name, mode, marks=[] if (name, mode) in QUICK else [pytest.mark.slow])
        for name in NAMES
        for mode in MODES
    ],
)
def test_modes_of_missing_and_unknown_cells(name, mode, tmp_path):
    for frame in (FRAME, HOLES):
        if mode == "error" and frame is HOLES:
            continue
        try:
            model = fitted(
                getattr(encoders, name)(cols=["city", "zip"], handle_unknown=mode, handle_missing=mode), frame
            )
        except (ValueError, KeyError) as error:
            pytest.skip(f"{name} has no such mode: {error}")
        assert_same(model, compiled(model, tmp_path))


@pytest.mark.parametrize("unknown", ["value", "return_nan", "error"])
@pytest.mark.parametrize("missing", ["value", "return_nan"])
def test_one_mode_for_missing_and_another_for_unknown_cells(missing, unknown, tmp_path):
    model = fitted(encoders.TargetEncoder(handle_missing=missing, handle_unknown=unknown), HOLES)
    assert_same(model, compiled(model, tmp_path))


@pytest.mark.parametrize(
    "encoder",
    [
        encoders.OrdinalEncoder(mapping=[{"col": "city", "mapping": {"Bonn": 3, "Lima": 1, "Oslo": 7, "Rome": 0}}]),
        encoders.CountEncoder(cols=["city", "zip"], min_group_size=30, normalize=True),
        encoders.OneHotEncoder(use_cat_names=True, drop_invariant=True),
        encoders.BaseNEncoder(cols=["city", "zip"], base=3),
        make_pipeline(encoders.OrdinalEncoder(), encoders.OrdinalEncoder(cols=[])),
        encoders.TargetEncoder(
            cols=["city"], hierarchy={"city": {"Europe": ("Bonn", "Oslo", "Rome"), "America": ("Lima",)}}
        ),
    ],
    ids=lambda encoder: type(encoder).__name__,
)
def test_options(encoder, tmp_path):
    model = fitted(encoder)
    assert_same(model, compiled(model, tmp_path))


@pytest.mark.parametrize(
    "steps",
    [
        (encoders.TargetEncoder(cols=["city", "zip"]), StandardScaler(), LogisticRegression()),
        (encoders.OneHotEncoder(cols=["city", "zip"]), RandomForestClassifier(4, max_depth=4, random_state=0)),
        (encoders.CatBoostEncoder(), RandomForestClassifier(4, max_depth=4, random_state=0)),
        (
            ColumnTransformer([("city", encoders.WOEEncoder(), ["city"])], remainder="passthrough"),
            LogisticRegression(),
        ),
    ],
    ids=["target", "one-hot trees", "catboost trees", "of a column transformer"],
)
def test_in_a_pipeline(steps, tmp_path):
    model = fitted(make_pipeline(*steps), HOLES)
    assert_same(model, compiled(model, tmp_path), "predict_proba")


def test_names_of_arrays_are_not_names(tmp_path):
    model = fitted(encoders.OrdinalEncoder(), FRAME.astype(object).to_numpy())
    served = compiled(model, tmp_path)
    assert not served.signature["named"]
    np.testing.assert_array_equal(
        served.transform([[0.5, "Lima", 20, 1.0]]), model.transform(np.array([[0.5, "Lima", 20, 1.0]], object))
    )


def test_a_function_for_unknown_cells_is_refused():
    model = fitted(encoders.OrdinalEncoder())
    model.handle_unknown = max
    with pytest.raises(UnsupportedModel, match="handle_unknown is a function"):
        compile_model(model)


def test_hashes_are_refused_and_a_pickle_is_opened(tmp_path):
    with pytest.raises(UnsupportedModel, match=r"category_encoders\.HashingEncoder"):
        compile_model(fitted(encoders.HashingEncoder(max_process=1)))
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(fitted(encoders.TargetEncoder())))
    assert open_model(path, trust=["pandas"]).class_name == "category_encoders.TargetEncoder"


@pytest.mark.parametrize("name", ["TargetEncoder", "OneHotEncoder"])
def test_booleans_stay_booleans(name, tmp_path):
    """The number of a category may be 1, which is equal to True."""
    frame = FRAME[["x"]].assign(flag=FRAME["y"] > 0.2, kind=pd.Categorical(FRAME["city"]))
    model = fitted(getattr(encoders, name)(cols=["flag", "kind"]), frame)
    served = compiled(model, tmp_path)
    assert [column["dtype"] for column in served.signature["columns"]] == ["float64", "bool", "str"]
    rows = frame.astype(object).to_numpy().tolist()
    np.testing.assert_allclose(served.transform(rows), model.transform(frame).to_numpy(dtype=float), rtol=1e-9)
