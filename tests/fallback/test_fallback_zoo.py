"""Every model of the fallback zoo, through `init` and `package`, opened as Lambda opens it, against the original itself.

The original is asked with the table of its training; the function with the same rows as JSON.
"""

import json
import math
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iris_model.project.packaging import executors
from iris_model.project.packaging.executors import choose_executable
from iris_model.project.packaging.package import package_project
from iris_model.project.scaffold import scaffold_model_project
from tests.fallback.zoo import MODULES, OWN

ENTRIES = [
    entry
    for path in sorted(Path(__file__).parent.glob("zoo_*.py"))
    for entry in import_module(f"tests.fallback.{path.stem}").ENTRIES
]
ASKED = 40


@pytest.fixture(scope="module")
def worker():
    command = [sys.executable, "-P", str(Path(__file__).with_name("worker.py"))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def ask(question):
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        while (line := process.stdout.readline()) == "\n":
            pass
        assert line, "the worker ended"
        return json.loads(line)

    yield ask
    process.stdin.close()
    process.wait(10)


@pytest.fixture(autouse=True)
def no_trial(monkeypatch):
    """`init` opens each model in a process of its own; here the worker does, once for all."""
    monkeypatch.setattr(executors, "open_as_the_function", lambda *arguments: None)


@pytest.mark.parametrize(
    "entry", [pytest.param(one, id=one.name, marks=[pytest.mark.slow] if one.slow else []) for one in ENTRIES]
)
def test_the_function_answers_as_the_original(entry, tmp_path, worker, record_property):
    record_property("fallback", "wrong")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        animal = make(entry)
        expected = {method: asked(animal.model, method, animal.X) for method in offered(animal)}
        project = package(animal, tmp_path)
    signature = json.loads(next(iter(sorted(project.rglob("*.signature.json")))).read_text())["signature"]
    rows = as_json(animal.X, signature)
    rows = rows[:ASKED]
    found = worker(
        {
            "function": str(project),
            "model": Path(animal.filename).stem,
            "rows": rows,
            "refused": list(animal.unanswered),
            "tables": [as_list(row, signature) for row in rows],
            "methods": list(expected),
        }
    )
    assert "error" not in found, found["traceback"]
    assert found["executor"] == animal.executor
    for method, answers in expected.items():
        if method in found["methods"]:
            assert_same(found["methods"][method], answers[: len(rows)], method, animal.tolerance)
    first = next(iter(expected))
    assert first in found["methods"]
    predictions = [one["prediction"] for one in found["batch"]]
    assert_same(predictions, expected[first][: len(rows)], "batch", animal.tolerance)
    ones = found["ones"][: len(rows)]
    assert all("answer" in one for one in ones), ones
    assert_same(
        [plain_answer(one["answer"]) for one in ones], expected[first][: len(rows)], "one by one", animal.tolerance
    )
    if "predict_proba" in expected and signature["task"] == "classifier" and "predict_proba" in signature["outputs"]:
        assert_probabilities(found["batch"], expected["predict_proba"][: len(rows)], signature, animal.tolerance)
    for one in found["ones"][len(rows) :]:
        assert "refused" in one and one["row"] == 0, one
    record_property("fallback", "exact")
    record_property("rows", len(rows))


def make(entry):
    """The animal. Older versions of scikit-learn have fewer libraries around them, and run without the others."""
    try:
        return entry.make()
    except ModuleNotFoundError as error:
        if os.environ.get("PARITY_MATRIX", "newest") == "newest":
            raise
        pytest.skip(f"{error.name} is not installed here")


def package(animal, directory):
    """Through `init` and `package`; returns the function directory."""
    model = directory / animal.filename
    if animal.dump:
        animal.dump(model)
    else:
        model.write_bytes(pickle.dumps(animal.model))
    for trusted in animal.trust:
        if trusted == OWN:
            shutil.copyfile(MODULES / f"{OWN}.py", directory / f"{OWN}.py")
    data = None
    if animal.data:
        data = directory / "data.csv"
        as_frame(animal.X).to_csv(data, index=False)
    project = directory / "project"

    def choose(settings):
        return choose_executable(replace(settings, executor=animal.executor) if animal.is_asked_for else settings)

    made = scaffold_model_project(project, model, data=data, trust=animal.trust, choose=choose)
    assert made.executor == animal.executor, made.reason
    function = directory / "function"
    package_project(project, output=function, choose=choose)
    return function


def offered(animal):
    found = [method for method in animal.methods if hasattr(animal.model, method)]
    return [method for method in found if method != "transform" or "predict" not in found]


def asked(model, method, X):
    answers = getattr(model, method)(X)
    if isinstance(answers, list) and isinstance(answers[0], np.ndarray) and answers[0].ndim == 2:
        return [[part[row].tolist() for part in answers] for row in range(len(answers[0]))]
    if hasattr(answers, "toarray"):
        answers = answers.toarray()
    values = np.asarray(answers, dtype=object if isinstance(answers, list) else None)
    if method == "predict" and type(model).__module__ == "catboost.core" and values.shape[1:] == (1,):
        values = values.ravel()
    return [value.tolist() if hasattr(value, "tolist") else value for value in values]


def as_frame(X):
    if isinstance(X, pd.DataFrame):
        return X
    if isinstance(X, pd.Series):
        return X.to_frame()
    if isinstance(X, np.ndarray):
        return pd.DataFrame(X, columns=[f"x{index}" for index in range(X.shape[1])]).infer_objects()
    return pd.DataFrame(X if isinstance(X[0], dict) else {"text": X})


def as_json(X, signature):
    """Named rows, as a client that has the table sends them."""
    names = {column["name"] for column in signature["columns"]}
    return [
        {name: as_cell(cell) for name, cell in record.items() if name in names}
        for record in as_frame(X).to_dict("records")
    ]


def as_list(row, signature):
    return [row[column["name"]] for column in signature["columns"]]


def as_cell(cell):
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat()
    if cell is None or cell is pd.NaT or cell != cell:
        return None
    return cell.item() if hasattr(cell, "item") else cell


def plain_answer(answer):
    return answer["predictions"][0]["prediction"] if "predictions" in answer else answer["prediction"]


def assert_probabilities(answers, expected, signature, tolerance):
    """By class: each class has its own number, in the order of the classes."""
    classes = signature["classes"]
    for answer, right in zip(answers, expected, strict=True):
        found = answer["probabilities"]
        if isinstance(found, dict):
            right = right if isinstance(right, list) else [right]
            assert (
                list(found)
                == [str(one) if not isinstance(one, bool) else str(one).lower() for one in classes][-len(right) :]
            )
            assert_same(list(found.values()), right, "probabilities", tolerance)
        else:
            for part, numbers in zip(found, right, strict=True):
                assert_same(
                    list(part.values()), numbers if isinstance(numbers, list) else [numbers], "probabilities", tolerance
                )


def assert_same(found, expected, where, tolerance):
    assert len(found) == len(expected), where
    for index, (one, right) in enumerate(zip(found, expected, strict=True)):
        assert is_same(one, right, tolerance), f"{where}, row {index}: {one!r} instead of {right!r}"


def is_same(one, right, tolerance):
    if isinstance(right, list):
        return (
            isinstance(one, list) and len(one) == len(right) and all(map(is_same, one, right, [tolerance] * len(one)))
        )
    if isinstance(right, float) and type(one) in (int, float):
        return math.isclose(one, right, rel_tol=tolerance, abs_tol=tolerance / 1000)
    if isinstance(right, float) and not math.isfinite(right):
        return one is None
    return type(one) is type(right) and one == right
