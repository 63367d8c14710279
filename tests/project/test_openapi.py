"""The OpenAPI document: valid by its own validator, and consistent with the requests and answers of the runtime."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from iris_model.compiler import compile_model
from iris_model.project.openapi import build_openapi
from iris_model.runtime import Model
from iris_model.runtime.card import row_schema

RANDOM = np.random.RandomState(3)
NUMBERS = RANDOM.uniform(size=(60, 3))
FRAME = pd.DataFrame({"size": NUMBERS[:, 0], "colour": RANDOM.choice(["red", "blue"], 60)})
TEXTS = [["good"], ["bad"], ["good good"], ["bad good bad"]] * 6


def numbers():
    return LogisticRegression().fit(NUMBERS, RANDOM.choice([3, 5, 9], 60)), NUMBERS


def two_targets():
    return LinearRegression().fit(NUMBERS, NUMBERS[:, :2]), NUMBERS


def two_labels():
    targets = np.column_stack([RANDOM.choice(["a", "b"], 60), RANDOM.choice(["x", "y", "z"], 60)])
    return RandomForestClassifier(3, random_state=0).fit(NUMBERS, targets), NUMBERS


def chain():
    """Its probabilities are one number for each target."""
    targets = np.column_stack([NUMBERS[:, 0] > 0.5, NUMBERS[:, 1] > 0.5]).astype(int)
    return ClassifierChain(LogisticRegression()).fit(NUMBERS, targets), NUMBERS


def mixture():
    """No classifier: it has probabilities, and answers with its prediction alone."""
    return GaussianMixture(2, random_state=0).fit(NUMBERS), NUMBERS


def components():
    """A transformer: it has `score_samples` as well."""
    return PCA(2).fit(NUMBERS), NUMBERS


def frame():
    encode = make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough")
    return make_pipeline(encode, LogisticRegression()).fit(FRAME, RANDOM.choice([True, False], 60)), FRAME


def text():
    documents = [row[0] for row in TEXTS]
    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(documents, ["p", "n", "p", "n"] * 6), TEXTS


def counts():
    records = [{"a": 1.0, "b": 2.0}, {"b": 1.0}, {"a": 3.0}, {"a": 0.5, "b": 0.5}] * 6
    fitted = make_pipeline(DictVectorizer(), LogisticRegression()).fit(records, ["p", "n", "p", "n"] * 6)
    return fitted, [[1.0, 2.0]]


@cache
def compiled(make):
    """The bytes of a model and the rows that it was trained on: compiled once, and read by several tests."""
    estimator, rows = make()
    return compile_model(estimator).data, rows


@pytest.fixture(
    params=[numbers, two_targets, two_labels, chain, mixture, components, frame, text, counts],
    ids=lambda make: make.__name__,
)
def served(request, tmp_path, monkeypatch):
    data, rows = compiled(request.param)
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    model = Model.load(str(tmp_path / "model"))
    row = (rows.values if isinstance(rows, pd.DataFrame) else np.asarray(rows, object))[0].tolist()
    function = {"name": "some", "route": "/predict", "stage": "$default"}
    return model, row, build_openapi(function, model.signature, version="1", example_row=row)


def conforms(document, name, value):
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return Draft202012Validator(schema).is_valid(value)


def requests_of(row, names):
    named = dict(zip(names, row, strict=True))
    return {
        "Row": row,
        "NamedRow": named,
        "Rows": [row, row],
        "NamedRows": [named],
        "Instances": {"instances": [row, named]},
        "DataframeRecords": {"dataframe_records": [named]},
        "DataframeSplit": {"dataframe_split": {"columns": names, "data": [row]}},
        "Inputs": {"inputs": {name: [cell, cell] for name, cell in named.items()}},
        "InferenceRequest": {
            "inputs": [
                {"name": name, "shape": [1], "datatype": "BYTES" if isinstance(cell, str) else "FP64", "data": [cell]}
                for name, cell in named.items()
            ]
        },
    }


ANSWERS = {
    "Row": "Answer",
    "NamedRow": "Answer",
    "Rows": "Answers",
    "NamedRows": "Answers",
    "Instances": "Predictions",
    "DataframeRecords": "Predictions",
    "DataframeSplit": "Predictions",
    "Inputs": "Predictions",
    "InferenceRequest": "InferenceResponse",
}


def ask(model, payload):
    event = {
        "version": "2.0",
        "routeKey": "POST /predict",
        "rawPath": "/predict",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/predict"}},
        "body": json.dumps(payload),
        "isBase64Encoded": False,
    }
    response = model.answer(event)
    return response["statusCode"], json.loads(response["body"])


def test_the_document_is_valid(served):
    validate(served[2])


def test_every_route_of_the_project_is_a_path(served):
    routes = ["POST /invocations", "GET /ping", "/invocations", "/any/{rest+}"]
    function = {"name": "f", "stage": "$default", "route": "/f", "http": {"more_routes": routes}}
    document = build_openapi(function, served[0].signature, version="1")
    validate(document)
    assert {path: sorted(operations) for path, operations in document["paths"].items()} == {
        "/f": ["get", "post"],
        "/invocations": ["get", "post"],
        "/ping": ["get"],
    }


def test_documented_requests_get_documented_answers(served):
    model, row, document = served
    names = [column["name"] for column in model.signature["columns"]]
    for name, payload in requests_of(row, names).items():
        assert conforms(document, name, payload), name
        status, answer = ask(model, payload)
        assert status == 200, (name, answer)
        assert conforms(document, ANSWERS[name], answer), (name, answer)


def test_undocumented_requests_are_refused(served):
    model, row, document = served
    wrong = [row[:-1], [*row, 1], [[]], [[row]]]
    if not all(column.get("optional") for column in model.signature["columns"]):
        wrong += [{"nothing": 1}, {"instances": []}, [{}]]
    for payload in wrong:
        taken = [name for name in ANSWERS if conforms(document, name, payload)]
        assert not taken, (payload, taken)
        status, problem = ask(model, payload)
        assert status in (400, 422), payload
        assert conforms(document, "Problem", problem)


SCHEMA_OF_PATH = {
    "/iris": "ModelCard",
    "/v1/models/m": "ModelCard",
    "/v2": "ServerMetadata",
    "/v2/health/live": "Live",
    "/v2/health/ready": "Ready",
    "/v2/models/m": "ModelMetadata",
    "/v2/models/m/versions/1": "ModelMetadata",
    "/v2/models/m/ready": "ModelReady",
}


def test_get_answers_match_the_documented_schema(served):
    model = served[0]
    routes = [f"GET {path}" for path in SCHEMA_OF_PATH]
    function = {"name": "f", "stage": "$default", "route": "/f", "http": {"more_routes": routes}}
    document = build_openapi(function, model.signature, version="1")
    validate(document)
    for path, schema in SCHEMA_OF_PATH.items():
        (content,) = document["paths"][path]["get"]["responses"]["200"]["content"].values()
        assert content["schema"] == {"$ref": f"#/components/schemas/{schema}"}
        event = {"rawPath": path, "requestContext": {"http": {"method": "GET", "path": path}}}
        assert conforms(document, schema, json.loads(model.answer(event)["body"])), path


def test_every_schema_has_a_description(served):
    schemas = served[2]["components"]["schemas"]
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []


def test_a_row_is_described_as_on_the_model_card(served):
    model, _, document = served
    card = row_schema(model.signature["columns"])
    del card["$schema"]
    ours = {key: value for key, value in document["components"]["schemas"]["NamedRow"].items() if key != "description"}
    assert ours == card


@pytest.mark.parametrize(
    ("route", "stage", "address", "path", "methods"),
    [
        ("/predict", "$default", "http://127.0.0.1:9000", "/predict", {"get", "post"}),
        ("ANY /predict", "prod", "http://127.0.0.1:9000/prod", "/predict", {"get", "post"}),
        ("POST /p", "prod", "http://127.0.0.1:9000/prod", "/p", {"post"}),
    ],
)
def test_the_server_address_of_the_document(route, stage, address, path, methods):
    signature = {"task": "regressor", "columns": [], "outputs": {"predict": {"kind": "number", "columns": 1}}}
    document = build_openapi({"name": "n", "route": route, "stage": stage}, signature, version="1")
    assert document["servers"] == [{"url": address}]
    assert {path: methods} == {key: set(value) for key, value in document["paths"].items()}


def test_the_command(tmp_path):
    output = tmp_path / "openapi.json"
    iris = Path(__file__).parents[2] / "examples/iris"
    command = [
        sys.executable,
        "-m",
        "iris_model.cli",
        "openapi",
        str(iris),
        "--server",
        "https://e.com/",
        "-o",
        str(output),
    ]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    document = json.loads(output.read_bytes())
    validate(document)
    assert document["servers"] == [{"url": "https://e.com/default"}]
    classes = ["setosa", "versicolor", "virginica"]
    assert document["components"]["schemas"]["Prediction"] == {"description": "The predicted class.", "enum": classes}
