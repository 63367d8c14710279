"""`answer-labels = true`: answers of the function have the names of `[labels]`, in every protocol and executor.

The expected answers are those of the original library, with its classes replaced by the names.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import iris_model
from iris_model.aws.verification.golden import compare
from iris_model.cli.sources.page_model import open_page_model
from iris_model.contract.golden import read_golden_rows
from iris_model.errors import ProjectError
from iris_model.local.browser.model import read_model
from iris_model.project import package_project
from iris_model.project.openapi import build_openapi
from iris_model.runtime import Model

NAMES = {0: "no", 1: "yes, surely"}
LABELS = '0 = "no"\n1 = "yes, surely"'
X = np.random.RandomState(0).normal(size=(80, 2)).round(3)
Y = (X[:, 0] + 0.3 * X[:, 1] > 0.9).astype(int)
ROW_COUNT = 5
ROWS = X[:ROW_COUNT].tolist()
MANY = np.random.RandomState(1).normal(size=(300, 2)).tolist()


def write_project(directory: Path, estimator: Any, *, labels: str = LABELS, settings: str = "") -> Path:
    directory.mkdir(exist_ok=True)
    is_onnx = isinstance(estimator, bytes)
    name = "m.onnx" if is_onnx else "m.pkl"
    (directory / name).write_bytes(estimator if is_onnx else pickle.dumps(estimator))
    (directory / "app.py").write_text("def handler(event, context):\n    return event\n")
    (directory / "requirements.txt").write_text("onnxruntime\nscikit-learn\n")
    (directory / "iris-model.toml").write_text(
        f'name = "n"\nmodel = "{name}"\nanswer-labels = true\n{settings}\n[labels]\n{labels}\n'
    )
    return directory


def post(model: Model, body: object, **headers: str) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    http = {"method": "POST"}
    event = {"version": "2.0", "rawPath": "/", "requestContext": {"http": http}, "headers": headers, "body": text}
    answer: Any = model.answer(event)
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"]) if answer["headers"]["content-type"] == "application/json" else answer["body"]


def get(model: Model, path: str) -> Any:
    answer: Any = model.answer(
        {"version": "2.0", "rawPath": path, "requestContext": {"http": {"method": "GET"}}, "headers": {}}
    )
    return json.loads(answer["body"])


@pytest.fixture(scope="module")
def classifier() -> LogisticRegression:
    return LogisticRegression().fit(X, Y)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory, classifier: LogisticRegression) -> Path:
    return package_project(write_project(tmp_path_factory.mktemp("named"), classifier)).directory


@pytest.fixture
def model(packaged: Path) -> Model:
    return Model.load(str(packaged / "m"))


@pytest.fixture(scope="module")
def expected(classifier: LogisticRegression) -> list[str]:
    return [NAMES[label] for label in classifier.predict(X[:ROW_COUNT]).tolist()]


def test_every_protocol_answers_with_names(model: Model, classifier: LogisticRegression, expected: list[str]) -> None:
    answer = model.answer(ROWS[0])
    assert answer["prediction"] == expected[0]
    wanted = classifier.predict_proba(X[:1])[0].tolist()
    assert list(answer["probabilities"]) == list(NAMES.values())
    assert list(answer["probabilities"].values()) == pytest.approx(wanted, rel=1e-12)
    assert [each["prediction"] for each in post(model, ROWS)["predictions"]] == expected
    assert post(model, {"instances": ROWS})["predictions"] == expected
    tensors = {"inputs": [{"name": "rows", "shape": [5, 2], "datatype": "FP64", "data": ROWS}]}
    outputs = post(model, tensors)["outputs"]
    assert (outputs[0]["datatype"], outputs[0]["data"]) == ("BYTES", expected)
    csv = "\n".join(",".join(map(str, row)) for row in ROWS)
    lines = post(model, csv, **{"content-type": "text/csv", "accept": "text/csv"}).splitlines()
    assert lines[0] == 'prediction,probability_no,"probability_yes, surely"'
    assert [line.startswith('"yes, surely",') for line in lines[1:]] == [name != "no" for name in expected]
    assert (model.predict(ROWS), model.classes) == (expected, list(NAMES.values()))


def test_the_kernels_write_the_same_text(model: Model, classifier: LogisticRegression) -> None:
    for _ in range(2):  # the kernels are found at the second request
        found = post(model, MANY)["predictions"]
        assert [each["prediction"] for each in found] == [NAMES[each] for each in classifier.predict(MANY).tolist()]
        assert list(found[0]["probabilities"]) == list(NAMES.values())


def test_the_descriptions_agree(packaged: Path, model: Model) -> None:
    names = list(NAMES.values())
    card = get(model, "/")
    assert (card["classes"], card["labels"]) == (names, {"0": "no", "1": "yes, surely"})
    assert get(model, "/v2/models/m")["outputs"][0]["datatype"] == "BYTES"
    function = json.loads((packaged / "function.json").read_text())
    schemas = build_openapi(function, model.signature, version="1")["components"]["schemas"]
    assert schemas["Prediction"]["enum"] == names
    page = read_model(packaged) or {}
    assert (page["classes"], page["trained_classes"]) == (names, [0, 1])


def test_golden_rows_have_the_names(packaged: Path, model: Model) -> None:
    golden = read_golden_rows(packaged)
    assert {row["outputs"]["predict"] for row in golden} == set(NAMES.values())
    assert [compare(row, json.dumps(model.answer(row["row"]))) for row in golden] == [()] * len(golden)


def test_the_page_shows_names_and_explains(packaged: Path, expected: list[str]) -> None:
    opened = open_page_model(packaged)
    assert opened is not None
    assert opened.predict(ROWS) == expected
    assert opened.explain(ROWS[0])["target"] == 1  # the page shows its name


def test_the_python_api_keeps_the_classes(packaged: Path, classifier: LogisticRegression) -> None:
    opened = iris_model.load(packaged)
    assert opened.predict(ROWS).tolist() == classifier.predict(X[:ROW_COUNT]).tolist()
    assert opened.classes_.tolist() == [0, 1]


def test_captured_rows_and_events_have_the_names(
    packaged: Path, expected: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IRIS_MODEL_CAPTURE_RATE", "1")
    monkeypatch.setenv("IRIS_MODEL_EVENTS", '{"sql": {"source": "redshift"}, "q": {"source": "arn:aws:sqs:r:1:q"}}')
    model = Model.load(str(packaged / "m"))
    post(model, ROWS)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["answer"]["predict"] for line in lines] == expected
    event = {
        "request_id": "r", "cluster": "arn", "user": "u", "database": "d", "external_function": "f", "query_id": 1,
        "num_records": 5, "arguments": ROWS,
    }  # fmt: skip
    assert model.answer(event)["results"] == expected
    event["external_function"] = "f_probability_no"
    assert len(model.answer(event)["results"]) == 5


@pytest.mark.parametrize("executor", ["original", "onnxruntime"])
def test_models_that_are_not_compiled(
    tmp_path: Path, classifier: LogisticRegression, expected: list[str], executor: str
) -> None:
    options = {id(classifier): {"zipmap": False}}
    estimator = classifier
    if executor == "onnxruntime":
        estimator = to_onnx(classifier, X[:1].astype(np.float32), options=options).SerializeToString()
    project = write_project(tmp_path / "p", estimator, settings=f'executor = "{executor}"')
    directory = package_project(project).directory
    model = Model.load(str(directory / "m"))
    assert model.executor == executor
    assert [each["prediction"] for each in post(model, ROWS)["predictions"]] == expected
    assert {row["outputs"]["predict"] for row in read_golden_rows(directory)} <= set(NAMES.values())


def test_several_targets(tmp_path: Path) -> None:
    neighbors = KNeighborsClassifier(3).fit(X, np.column_stack([Y, (X[:, 1] > 0) + 2]))
    labels = '0 = "no"\n1 = "yes"\n2 = "a"\n3 = "b"'
    directory = package_project(write_project(tmp_path / "p", neighbors, labels=labels)).directory
    model = Model.load(str(directory / "m"))
    names = {0: "no", 1: "yes", 2: "a", 3: "b"}
    wanted = [[names[each] for each in row] for row in neighbors.predict(X[:ROW_COUNT]).tolist()]
    answers = post(model, ROWS)["predictions"]
    assert [each["prediction"] for each in answers] == wanted
    assert [list(each) for each in answers[0]["probabilities"]] == [["no", "yes"], ["a", "b"]]


def test_the_names_may_be_classes_in_another_order(tmp_path: Path) -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, np.where(Y, "b", "a"))
    directory = package_project(write_project(tmp_path / "p", forest, labels='a = "b"\nb = "a"')).directory
    model = Model.load(str(directory / "m"))
    wanted = [{"a": "b", "b": "a"}[each] for each in forest.predict(X[:ROW_COUNT])]
    assert [model.answer(row)["prediction"] for row in ROWS] == wanted


def test_a_class_without_a_name_is_refused(tmp_path: Path, classifier: LogisticRegression) -> None:
    with pytest.raises(ProjectError, match='labels has no name for the class "1"') as error:
        package_project(write_project(tmp_path / "p", classifier, labels='0 = "no"'))
    assert "labels = {" in str(error.value.remedy)


def test_a_regressor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"answer-labels = true in iris-model\.toml, but the model has no classes"):
        package_project(write_project(tmp_path / "p", LinearRegression().fit(X, Y), labels=""))


def test_without_the_setting_the_model_file_has_no_names(tmp_path: Path, classifier: LogisticRegression) -> None:
    project = write_project(tmp_path / "p", classifier)
    toml = project / "iris-model.toml"
    named = (package_project(project).directory / "m.safetensors").read_bytes()
    toml.write_text(toml.read_text().replace("answer-labels = true", ""))
    directory = package_project(project).directory
    assert (directory / "m.safetensors").read_bytes() != named
    assert Model.load(str(directory / "m")).answer(ROWS[0])["prediction"] in (0, 1)
