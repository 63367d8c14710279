"""XGBoost models whose file does not store the categories of their DataFrame, or not completely: before 3.1, or outside ASCII.

Their order comes from the DataFrame of the user's rows, or from the settings. It is never taken from the rows alone.
"""

import json

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.compiler import compile_model, describe_original
from iris_model.errors import IrisModelError, UnsupportedModel
from iris_model.project import package_project, read_settings
from iris_model.runtime.executors.original_table import make_table
from iris_model.scoring import compile as compile_api
from iris_model.scoring import load
from iris_model.scoring.deploying import write_project

RANDOM = np.random.default_rng(3)
STORES = tuple(map(int, xgb.__version__.split(".")[:2])) >= (3, 1)
# Neither is the order of pandas.
SIZES = ["small", "medium", "large", "huge"]
DOORS = [5, 3, 9, 2]
TOWNS = ["東京", "Wrocław", "Köln", "Rome"]


def frame_of(*names, rows=150):
    orders = {"size": SIZES, "doors": DOORS, "town": TOWNS}
    made = {name: pd.Categorical(RANDOM.choice(orders[name], rows), orders[name]) for name in names}
    return pd.DataFrame({**made, "x": RANDOM.normal(size=rows).round(3)})


def fit(frame):
    codes = sum(frame[name].cat.codes.to_numpy() ** 2 for name in frame.columns[:-1])
    return xgb.XGBRegressor(n_estimators=4, max_depth=3, enable_categorical=True).fit(frame, codes % 5 + frame.x)


def without_categories(model, path, version=(2, 1, 4)):
    """Write the model file as XGBoost before 3.1 wrote it: without categories."""
    document = json.loads(bytes(model.get_booster().save_raw("json")))
    fitted = document["learner"]["gradient_booster"]["model"]
    fitted.pop("cats", None)
    path.write_text(json.dumps({**document, "version": list(version)}))
    return path


def check(model, fitted, frame):
    np.testing.assert_allclose(model.predict(frame), fitted.predict(frame), rtol=1e-6)
    # One row has no other categories to be sorted with.
    for name in frame.columns[:-1]:
        for row in frame.drop_duplicates(name).index:
            one = frame.loc[[row]]
            np.testing.assert_allclose(model.predict(one.astype(object)), fitted.predict(one), rtol=1e-6)


def test_the_order_of_categories_comes_from_the_frame(tmp_path):
    names = ["size", "doors"]
    frame = frame_of(*names)
    fitted = fit(frame)
    path = without_categories(fitted, tmp_path / "model.json")
    check(compile_api(path, data=frame), fitted, frame)
    with pytest.raises(
        UnsupportedModel, match=f"order of the categories of the column '{names[0]}' is not in the model"
    ):
        compile_model(path)
    orders = {name: frame[name].cat.categories.tolist() for name in names}
    assert [one.get("categories") for one in compile_model(path, categories=orders).signature["columns"]] == [
        *orders.values(),
        None,
    ]


def test_an_assumed_order_is_marked(tmp_path):
    frame = frame_of("size", "doors")
    path = without_categories(fit(frame), tmp_path / "model.json")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    columns = describe_original(path, tmp_path / "rows.csv").signature["columns"]
    assert [column.get("assumed_order") for column in columns] == [True, True, None]
    assert columns[0]["categories"] == sorted(SIZES)
    described = describe_original(path, tmp_path / "rows.csv", categories={"size": SIZES, "doors": DOORS})
    assert not any("assumed_order" in column for column in described.signature["columns"])
    rows = make_table(frame.astype(object).to_numpy().tolist(), described.signature)
    fitted = xgb.XGBRegressor(enable_categorical=True)
    fitted.load_model(path)
    np.testing.assert_array_equal(fitted.predict(rows), fitted.predict(frame))


@pytest.mark.slow
def test_a_project_says_what_it_assumes_until_the_order_is_declared(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    frame = frame_of("size")
    fitted = fit(frame)
    path = without_categories(fitted, tmp_path / "model.json")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    project = tmp_path / "project"
    made = CliRunner().invoke(
        cli, ["init", str(project), "--model", str(path), "--data", str(tmp_path / "rows.csv")], catch_exceptions=False
    )
    said = " ".join(made.output.split())
    assert "order of the categories of the column 'size' is assumed, not verified: huge, large, medium, small" in said
    assert 'categories = { size = ["first", "second"] }' in said
    assert "equal to the original" not in said
    settings = project / "iris-model.toml"
    settings.write_text('categories = { size = ["small", "medium", "large", "huge"] }\n' + settings.read_text())
    packaged = package_project(project)
    assert packaged.executor == "compiled" and not any("assumed" in note for note in packaged.notes)
    check(load(packaged.directory), fitted, frame)
    # The deployment of a DataFrame from a notebook keeps the order, which the CSV file of the rows loses.
    made_of_frame = write_project(path_to_estimator(path), name="p", data=frame, directory=tmp_path / "p")
    assert read_settings(made_of_frame).categories == {"size": SIZES}


def path_to_estimator(path):
    estimator = xgb.XGBRegressor()
    estimator.load_model(path)
    return estimator


@pytest.mark.parametrize(
    "categories, problem",
    [
        ({"size": SIZES[:1]}, r"1 categor.* of the column 'size' are given, but the model has"),
        ({"size": [*SIZES[:3], "giant"]}, "the sample rows have the category 'huge'"),
        ({"size": SIZES, "sise": SIZES}, "names 'sise', but the model has no such column"),
        ({"size": SIZES, "x": [1, 2]}, "names 'x', but the model has no such column"),
    ],
)
def test_wrong_categories_are_refused(categories, problem, tmp_path):
    frame = frame_of("size")
    path = without_categories(fit(frame), tmp_path / "model.json")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for method in (compile_model, describe_original):
        with pytest.raises(IrisModelError, match=problem):
            method(path, tmp_path / "rows.csv", categories=categories)


@pytest.mark.skipif(not STORES, reason="the file stores no categories at all")
def test_declared_categories_must_match_the_file(tmp_path):
    frame = frame_of("size")
    with pytest.raises(IrisModelError, match="the model file has"):
        compile_model(fit(frame), categories={"size": sorted(SIZES)})
    compile_model(fit(frame), categories={"size": SIZES})


@pytest.mark.parametrize("version, is_code", [((3, 1, 0), True), ((3, 0, 5), False)])
def test_numbers_are_codes_only_if_the_file_would_store_categories(version, is_code, tmp_path):
    frame = frame_of("doors")
    fitted = fit(frame)
    path = without_categories(fitted, tmp_path / "model.json", version)
    if is_code:
        assert [column["kind"] for column in compile_model(path).signature["columns"]] == ["numeric", "numeric"]
    else:
        with pytest.raises(UnsupportedModel, match="order of the categories of the column 'doors'"):
            compile_model(path)


def test_the_version_is_found_in_the_binary_format(tmp_path):
    frame = frame_of("doors")
    xgb.train({}, xgb.DMatrix(frame, frame.x, enable_categorical=True), 3).save_model(tmp_path / "model.ubj")
    if STORES:
        assert compile_model(tmp_path / "model.ubj").signature["columns"][0]["categories"] == DOORS
    else:
        with pytest.raises(UnsupportedModel, match="order of the categories of the column 'doors'"):
            compile_model(tmp_path / "model.ubj")


def test_texts_outside_ascii_come_from_the_rows(tmp_path):
    frame = frame_of("town")
    fitted = fit(frame)
    check(compile_api(fitted, data=frame), fitted, frame)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(UnsupportedModel, match="not in the model file"):
        compile_model(fitted)
    with pytest.raises(UnsupportedModel, match="not in the model file"):
        frame[frame.town != "Rome"].to_csv(tmp_path / "less.csv", index=False)
        compile_model(fitted, tmp_path / "less.csv")
    if STORES:
        compiled = compile_model(fitted, tmp_path / "rows.csv")
        assert compiled.signature["columns"][0]["categories"] == TOWNS
    assert compile_model(fitted, categories={"town": TOWNS}).signature["columns"][0]["categories"] == TOWNS
