"""Steps of the user's own (`iris_model.step`): compiled with their source, verified, and never run unasked."""

import json
import os
import pickle
import subprocess
import sys
import warnings
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import iris_model
from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, ModelFormatError, load
from iris_model.errors import IrisModelError, ModelFileError, UnsupportedModel, UntrustedModel
from tests.parity import own_step_examples as steps

random = np.random.RandomState(1)
NUMBERS = random.gamma(2.0, size=(80, 2)).round(3)
TARGET = (NUMBERS[:, 0] > NUMBERS[:, 1]).astype(int)
CITIES = pd.DataFrame({"city": random.choice(["Bonn", "Lima", "Oslo", None], 80), "x": random.normal(size=80).round(2)})
HOLES = np.where(random.uniform(size=NUMBERS.shape) < 0.1, np.nan, NUMBERS)


def fitted(model, X=NUMBERS):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, TARGET)


def written(model, tmp_path, **options):
    path = tmp_path / "model.safetensors"
    path.write_bytes(compile_model(model, **options).data)
    return path


def as_rows(X):
    table = X.astype(object) if isinstance(X, pd.DataFrame) else pd.DataFrame(X).astype(object)
    return table.where(table.notna(), None).to_numpy().tolist()


PIPELINES = {
    "function": (make_pipeline(steps.add_ratio(), LogisticRegression()), NUMBERS),
    "between others": (
        make_pipeline(StandardScaler(), steps.add_ratio(), StandardScaler(), LogisticRegression()),
        NUMBERS,
    ),
    "before trees": (make_pipeline(steps.add_ratio(), RandomForestClassifier(4, max_depth=3, random_state=0)), NUMBERS),
    "class": (make_pipeline(steps.Clip(share=0.2), LogisticRegression()), NUMBERS),
    "missing cells": (make_pipeline(steps.Clip(), SimpleImputer(), LogisticRegression()), HOLES),
    "missing cells in trees": (make_pipeline(steps.Clip(), RandomForestClassifier(4, random_state=0)), HOLES),
    "strings": (make_pipeline(steps.number_cities(), LogisticRegression()), CITIES),
    "strings on to an encoder": (
        make_pipeline(
            steps.join_texts(),
            ColumnTransformer(
                [("text", OneHotEncoder(handle_unknown="ignore"), [0]), ("number", "passthrough", [1])],
                sparse_threshold=0,
            ),
            LogisticRegression(),
        ),
        CITIES,
    ),
    "with a dictionary in order": (make_pipeline(steps.FirstPrefix(), LogisticRegression()), NUMBERS * 10),
    "with names of two scopes": (make_pipeline(steps.with_shadowed_names(), LogisticRegression()), NUMBERS),
    "behind a form feed": (make_pipeline(steps.behind_a_form_feed(), LogisticRegression()), NUMBERS),
    "of some columns": (
        make_pipeline(ColumnTransformer([("clip", steps.Clip(), ["x"])]), LogisticRegression()),
        CITIES,
    ),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_compiled_steps_answer_as_the_original(name, tmp_path):
    estimator, X = PIPELINES[name]
    model = fitted(clone(estimator), X)
    served = load(str(written(model, tmp_path)), own_code=True)
    right = model.predict_proba(X)
    assert len(np.unique(right)) > 2
    np.testing.assert_allclose(served.predict_proba(as_rows(X)), right, rtol=1e-9)
    np.testing.assert_allclose(served.predict_proba([as_rows(X)[3]]), right[3:4], rtol=1e-9)


def test_the_file_has_the_source_that_is_needed_and_its_digest(tmp_path):
    path = written(fitted(make_pipeline(steps.add_ratio(), LogisticRegression())), tmp_path)
    node = next(node for node in load(str(path)).graph["nodes"] if node["op"] == "run_own_step")
    attributes = node["attributes"]
    assert attributes["sha256"] == sha256(attributes["source"].encode()).hexdigest()
    assert attributes["source"].startswith("import math\n\nLEAST = 0.25")
    assert "numpy" not in attributes["source"] and "environ" not in attributes["source"]
    assert "@iris_model.step" not in attributes["source"]


def test_a_file_with_source_is_not_run_unasked(tmp_path):
    path = written(fitted(make_pipeline(steps.add_ratio(), LogisticRegression())), tmp_path)
    with pytest.raises(ModelFormatError, match="contains Python source of its author"):
        load(str(path)).predict([[1.0, 2.0]])
    with pytest.raises(ModelFileError, match=r"contains Python source of its author \(add_ratio\)"):
        iris_model.load(path)
    assert iris_model.load(path, own_code=True).predict([[1.0, 2.0]]).tolist() == [0]


def test_another_source_than_the_digest_says_does_not_run(tmp_path):
    path = written(fitted(make_pipeline(steps.add_ratio(), LogisticRegression())), tmp_path)
    data = path.read_bytes()
    assert data.count(b"LEAST = 0.25") == 1
    path.write_bytes(data.replace(b"LEAST = 0.25", b"LEAST = 0.75"))
    with pytest.raises((ModelFormatError, InvalidInput), match="does not have its digest"):
        load(str(path), own_code=True).predict([[1.0, 2.0]])


def test_a_row_that_the_step_cannot_take_is_named(tmp_path):
    served = load(str(written(fitted(make_pipeline(steps.invert(), LogisticRegression())), tmp_path)), own_code=True)
    with pytest.raises(InvalidInput, match="row 1: the step 'invert' failed: ZeroDivisionError") as caught:
        served.predict([[1.0, 2.0], [0.0, 1.0]])
    assert caught.value.row == 1


def test_a_step_that_looks_at_other_rows_is_refused():
    with pytest.raises(IrisModelError):
        compile_model(fitted(make_pipeline(steps.rank_in_batch(), LogisticRegression()), NUMBERS.round(0)))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (steps.with_numpy(), "with_numpy: it imports 'numpy', which is not in the standard library"),
        (steps.with_local_import(), "it imports 'pandas'"),
        (steps.with_changing_name(), "it uses 'TWICE', which its module defines in 2 places"),
        (steps.with_changed_table(), "its module changes 'CHANGED' in line"),
        (steps.with_filled_table(), "'FILLED' has another value than its definition in the source gives"),
        (steps.with_other_pow(), "it uses 'pow', which its module defines nowhere at the top level"),
        (steps.KeepsCounter(), "its attribute 'counts_' is a dict with a Counter in it that JSON does not express"),
        (steps.Scale(np.float64(2.0)), "its attribute 'scale' is a float64 that JSON does not express"),
        (steps.KeepsObjects(), "its attribute 'kept_' is a dict that JSON does not express"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_steps_that_cannot_be_shipped_are_refused(step, reason):
    with pytest.raises(UnsupportedModel) as caught:
        compile_model(fitted(make_pipeline(step, LogisticRegression())))
    assert reason in str(caught.value)


def test_a_function_inside_a_function_is_refused():
    with pytest.raises(TypeError, match="at the top level of a module"):

        @iris_model.step
        def inner(rows):
            return rows

    with pytest.raises(TypeError, match="has no method transform"):
        iris_model.step(dict)


def test_a_pickle_with_a_step_must_be_trusted(tmp_path):
    model = fitted(make_pipeline(steps.Clip(), LogisticRegression()))
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    with pytest.raises(UntrustedModel, match=r"own_step_examples\.Clip"):
        compile_model(path)
    served = load(str(written(path, tmp_path, trust=["tests.parity.own_step_examples.Clip"])), own_code=True)
    np.testing.assert_allclose(served.predict_proba(NUMBERS.tolist()), model.predict_proba(NUMBERS), rtol=1e-9)


TRAIN = """
import pickle
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from area import area

X = np.random.RandomState(0).uniform(1, 3, size=(40, 2))
model = make_pipeline(area(), LogisticRegression()).fit(X, (X[:, 0] * X[:, 1] > 4).astype(int))
pickle.dump(model, open("model.pkl", "wb"))
"""
AREA = """
import iris_model


@iris_model.step
def area(rows):
    return [[length * width] for length, width in rows]
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("executor", ["compiled", "original"])
def test_from_a_training_script_to_an_answer(executor, tmp_path):
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "area.py").write_text(AREA)

    def run(*command):
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("train.py")
    tool = ("-m", "iris_model.cli")
    run(*tool, "init", "project", "--model", "model.pkl", "--trust", "area.area")
    settings = tmp_path / "project" / "iris-model.toml"
    if executor == "original":
        settings.write_text(settings.read_text() + '\nexecutor = "original"\n')
    else:
        assert "executor" not in settings.read_text()
    run(*tool, "package", "project", "-o", "function")
    if executor == "compiled":
        assert "data, and Python source (area)" in run(*tool, "inspect", "function/model.safetensors")
        (tmp_path / "rows.csv").write_text("x0,x1\n" + "2.5,2.5\n1.0,1.5\n" * 50)
        run(*tool, "predict", "project", "rows.csv", "-o", "answers.csv", "--jobs", "2")
        assert (tmp_path / "answers.csv").read_text().split()[1:3] == ["1", "0"]
    assert json.loads((tmp_path / "function" / "function.json").read_text())["executor"] == executor
    ask = "from iris_model.runtime import Model; print(Model.load('model').answer([[2.5, 2.5], [1.0, 1.5]]))"
    function = tmp_path / "function"
    done = subprocess.run(
        [sys.executable, *(["-S"] if executor == "compiled" else []), "-c", ask],
        cwd=function,
        env={**os.environ, "LAMBDA_TASK_ROOT": str(function), "PYTHONPATH": str(function)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("'prediction'") == 2
    assert "'prediction': 1" in done.stdout and "'prediction': 0" in done.stdout
