"""`[labels]`: names of the classes for people, on the card and in the OpenAPI document, and in answers only with
`answer-labels` (test_answer_labels.py).
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from iris_model.errors import ProjectError
from iris_model.local.browser.model import read_model
from iris_model.project import package_project
from iris_model.project.openapi import build_openapi
from iris_model.runtime import Model

ROWS, TARGET = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]


def write_project(directory: Path, labels: str, estimator: object) -> Path:
    (directory / "m.pkl").write_bytes(pickle.dumps(estimator))
    (directory / "app.py").write_text("def handler(event, context):\n    return event\n")
    (directory / "iris-model.toml").write_text(f'name = "n"\nmodel = "m.pkl"\n\n[labels]\n{labels}\n')
    return directory


@pytest.fixture(scope="module")
def classifier() -> LogisticRegression:
    return LogisticRegression().fit(ROWS, TARGET)


def test_names_are_shown_and_answers_keep_the_classes(tmp_path: Path, classifier: LogisticRegression) -> None:
    packaged = package_project(write_project(tmp_path, '0 = "no"\n1 = "yes, surely"', classifier)).directory
    labels = {"0": "no", "1": "yes, surely"}
    function = json.loads((packaged / "function.json").read_text())
    assert function["labels"] == labels
    assert (read_model(packaged) or {})["labels"] == labels
    model = Model.load(str(packaged / "m"))
    get = {"version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}, "headers": {}}
    card = json.loads(model.answer(get)["body"])
    assert (card["classes"], card["labels"]) == ([0, 1], labels)
    answer = model.answer([3.0])
    assert answer["prediction"] == 1
    assert list(answer["probabilities"]) == ["0", "1"]
    document = build_openapi(function, model.signature, version="1")
    assert "the classes 0 (no), 1 (yes, surely)" in document["info"]["description"]
    schemas = document["components"]["schemas"]
    said = "The predicted class. Names of the classes: 0: no; 1: yes, surely."
    assert schemas["Prediction"] == {"enum": [0, 1], "description": said}
    assert schemas["ModelCard"]["properties"]["labels"] == {"const": labels}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ('2 = "two"', 'labels in iris-model.toml names "2", and the model has no such class'),
        ('0 = "same"\n1 = "same"', 'gives the name "same" to two classes'),
        ('0 = ""', "labels"),
        ("0 = 1", "labels"),
    ],
)
def test_mistakes_are_refused(tmp_path: Path, classifier: LogisticRegression, labels: str, said: str) -> None:
    with pytest.raises(ProjectError) as error:
        package_project(write_project(tmp_path, labels, classifier))
    assert said in str(error.value)


def test_a_regressor_has_no_classes(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="the model has no classes"):
        package_project(write_project(tmp_path, '0 = "no"', LinearRegression().fit(ROWS, TARGET)))
