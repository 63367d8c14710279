"""Requests made with pandas, numpy and MLflow's published formats, without their clients.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/#json-input
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from tests.compat.conftest import Served

JSON = {"Content-Type": "application/json"}

# By the name of the format: what MLflow documents, made by the library that its users have in hand.
FORMATS: dict[str, Callable[[pd.DataFrame], str]] = {
    "split, to_dict": lambda frame: json.dumps({"dataframe_split": frame.to_dict(orient="split")}),
    "split, to_json": lambda frame: '{"dataframe_split": ' + frame.to_json(orient="split") + "}",
    "split, other order": lambda frame: json.dumps({"dataframe_split": frame.iloc[:, ::-1].to_dict(orient="split")}),
    "split, tight": lambda frame: json.dumps({"dataframe_split": frame.to_dict(orient="tight")}),
    "split, no index": lambda frame: json.dumps({"dataframe_split": frame.to_dict(orient="split", index=False)}),
    "records, to_dict": lambda frame: json.dumps({"dataframe_records": frame.to_dict(orient="records")}),
    "records, to_json": lambda frame: '{"dataframe_records": ' + frame.to_json(orient="records") + "}",
    "instances": lambda frame: json.dumps({"instances": frame.to_numpy().tolist()}),
    "instances by name": lambda frame: json.dumps({"instances": frame.to_dict(orient="records")}),
    "inputs": lambda frame: json.dumps({"inputs": frame.to_numpy().tolist(), "params": {}}),
    "inputs by name": lambda frame: json.dumps({"inputs": frame.to_dict(orient="list")}),
    "inputs, one by one": lambda frame: json.dumps({"inputs": frame.to_dict(orient="records")}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats_of_mlflow(served: Served, name: str) -> None:
    reply = served.service.request("POST", "/invocations", FORMATS[name](served.named).encode(), JSON)
    assert reply.json() == {"predictions": served.labels}
    assert reply.header("content-type") == "application/json"
    reply = served.service.request("POST", "/frame", FORMATS[name](served.frame).encode(), JSON)
    # An integer class stays an integer.
    assert reply.json() == {"predictions": served.frame_model.predict(served.frame).tolist()}


def test_a_frame_made_without_names(served: Served) -> None:
    body = json.dumps({"dataframe_split": pd.DataFrame(served.rows).to_dict(orient="split")})
    assert served.service.request("POST", "/invocations", body.encode(), JSON).json() == {"predictions": served.labels}


@pytest.mark.parametrize("options", [{}, {"header": False}, {"index": False, "quoting": 2}])
def test_csv_of_pandas(served: Served, options: dict[str, Any]) -> None:
    text = served.named.to_csv(**{"index": False} | options)
    headers = {"Content-Type": "application/csv", "Content-Encoding": "gzip", "Accept": "text/csv"}
    reply = served.service.request("POST", "/invocations", gzip.compress(text.encode()), headers)
    answered = pd.read_csv(io.StringIO(reply.body.decode()))
    assert list(answered["prediction"]) == served.labels
    found = answered[[f"probability_{label}" for label in served.iris.classes_]].to_numpy()
    assert found == pytest.approx(served.probabilities, rel=1e-9)


def test_rows_and_records_without_a_wrapper(served: Served) -> None:
    for body in (served.named.to_json(orient="records"), served.named.to_json(orient="values")):
        answer = served.service.request("POST", "/iris", body.encode(), JSON).json()
        assert [item["prediction"] for item in answer["predictions"]] == served.labels
        found = [[item["probabilities"][label] for label in served.iris.classes_] for item in answer["predictions"]]
        assert found == [pytest.approx(row, rel=1e-9) for row in served.probabilities]


@pytest.mark.parametrize("orient", ["columns", "index", "table"])
def test_unsupported_orientations_are_refused(served: Served, orient: str) -> None:
    reply = served.service.request("POST", "/iris", served.named.to_json(orient=orient).encode(), JSON)
    assert reply.status == 422
    assert reply.header("content-type") == "application/problem+json"
