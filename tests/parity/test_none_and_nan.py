"""None and NaN in columns of objects: JSON has only null, and some originals distinguish them."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, load
from iris_model.errors import ProjectError, UnsupportedModel
from iris_model.scoring.deploying import write_project
from iris_model.scoring.sample import as_sample

pytest.importorskip("feature_engine")

from feature_engine import encoding

random = np.random.RandomState(3)
CITIES = random.choice(["Bonn", "Lima", "Oslo", "Rome"], 240, p=[0.5, 0.3, 0.17, 0.03])
AMOUNT = random.normal(size=240).round(3)
BOUGHT = ((CITIES == "Bonn") ^ (AMOUNT > 0)).astype(int)


def objects(cells):
    column = pd.Series(list(cells), dtype=object)
    return pd.DataFrame({"city": column, "amount": AMOUNT[: len(column)]})


def with_holes(*holes):
    cells = list(CITIES)
    for place in range(0, 240, 7):
        cells[place] = holes[place % len(holes)]
    return objects(cells)


def fitted(frame):
    steps = [
        encoding.RareLabelEncoder(n_categories=2, missing_values="ignore", variables=["city"]),
        encoding.OrdinalEncoder("arbitrary", missing_values="ignore", unseen="encode", variables=["city"]),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(*steps, LogisticRegression()).fit(frame, BOUGHT)


def served(model, data, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(compile_model(model, data=as_sample(data)).data)
    return load(str(path))


@pytest.mark.parametrize("hole", [None, np.nan], ids=["None", "NaN"])
def test_null_is_what_was_missing_in_the_rows(hole, tmp_path):
    frame = with_holes(hole)
    model = fitted(frame)
    asked = ["Bonn", "Lima", "Rome", "Quito", hole]
    other = np.nan if hole is None else None
    assert np.ptp(model.predict_proba(objects([hole, other]))[:, 1]) > 1e-3
    rows = [[None if city is hole else city, amount] for city, amount in zip(asked, AMOUNT, strict=False)]
    found = served(model, frame, tmp_path).predict_proba(rows)
    np.testing.assert_allclose(found, model.predict_proba(objects(asked)), rtol=1e-9)


def test_an_empty_cell_of_a_file_is_nan(tmp_path):
    frame = with_holes(np.nan)
    model = fitted(frame)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    found = served(model, tmp_path / "rows.csv", tmp_path).predict_proba([[None, 0.5]])
    np.testing.assert_allclose(found, model.predict_proba(objects([np.nan]).assign(amount=0.5)), rtol=1e-9)


@pytest.mark.parametrize("data", [None, objects(CITIES)], ids=["no rows", "no missing cells"])
def test_null_is_refused_if_nothing_shows_what_it_was(data, tmp_path):
    model = fitted(with_holes(None))
    compiled = served(model, data, tmp_path)
    with pytest.raises(InvalidInput, match="'city': the value is missing"):
        compiled.predict_proba([[None, 0.5]])
    np.testing.assert_allclose(
        compiled.predict_proba([["Rome", 0.5]]), model.predict_proba(objects(["Rome"]).assign(amount=0.5)), rtol=1e-9
    )


@pytest.mark.parametrize("holes", [(None, np.nan), (None, pd.NA)], ids=["None and NaN", "None and NA"])
def test_rows_with_both_are_refused(holes):
    frame = with_holes(*holes)
    with pytest.raises(UnsupportedModel, match="in the column 'city' the model treats None and NaN differently"):
        compile_model(fitted(frame), data=as_sample(frame))


def test_a_missing_label_that_is_frequent_stays(tmp_path):
    frame = with_holes(np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rare = encoding.RareLabelEncoder(n_categories=9, missing_values="ignore", variables=["city"]).fit(frame)
        numbered = encoding.OrdinalEncoder("arbitrary", missing_values="ignore", unseen="encode", variables=["city"])
        numbered.fit(frame, BOUGHT)
    model = make_pipeline(rare, numbered, LogisticRegression())
    model.steps[-1][1].fit(numbered.transform(rare.transform(frame)), BOUGHT)
    path = tmp_path / "model.safetensors"
    path.write_bytes(compile_model(model).data)
    found = load(str(path)).predict_proba([[None, 0.5]])
    np.testing.assert_allclose(found, model.predict_proba(objects([np.nan]).assign(amount=0.5)), rtol=1e-9)


def test_a_project_is_not_written_with_rows_that_lose_none(tmp_path):
    frame = with_holes(None)
    with pytest.raises(ProjectError, match="the missing cells of the column 'city' are None"):
        write_project(fitted(frame), name="cities", data=frame, directory=tmp_path / "cities")
    assert not (tmp_path / "cities").exists()
