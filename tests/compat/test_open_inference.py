"""The Open Inference Protocol v2: every request here is valid by its schema, and so is every answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from iris_model import __version__
from tests.compat.conftest import Served
from tests.support.local_service import Reply

SCHEMA = json.loads((Path(__file__).parent / "open_inference.json").read_bytes())
INFER = "/v2/models/iris/infer"


def check(value: Any, kind: str) -> None:
    Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"}).validate(value)


def infer(served: Served, request: dict[str, Any], path: str = INFER) -> Reply:
    check(request, "request")
    reply = served.service.request("POST", path, json.dumps(request).encode(), {"Content-Type": "application/json"})
    check(reply.json(), "response" if reply.status == 200 else "error")
    return reply


def tensor(name: str, values: np.ndarray, datatype: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": list(values.shape), "datatype": datatype, "data": values.ravel().tolist(), **more}


def read(output: dict[str, Any]) -> np.ndarray:
    """A tensor as a client reads it: by its shape and type, and nothing else."""
    kinds: dict[str, Any] = {"BYTES": object, "FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_}
    return np.array(output["data"], kinds[output["datatype"]]).reshape(output["shape"])


def test_one_tensor(served: Served) -> None:
    request = {"id": "a-1", "parameters": {"content_type": "np"}, "inputs": [tensor("x", served.rows, "FP64")]}
    answer = infer(served, request).json()
    assert answer["id"] == "a-1"
    assert [output["name"] for output in answer["outputs"]] == ["predict", "predict_proba"]
    predict, predict_proba = map(read, answer["outputs"])
    assert predict.tolist() == served.labels
    assert predict_proba == pytest.approx(served.probabilities, rel=1e-9)


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64", "INT64", "UINT8"])
def test_types_of_numbers(served: Served, datatype: str) -> None:
    kind = {"FP": "float", "IN": "int", "UI": "uint"}[datatype[:2]] + "".join(filter(str.isdigit, datatype))
    rows = served.rows.astype(kind)
    answer = infer(served, {"inputs": [tensor("x", rows, datatype)], "outputs": [{"name": "predict"}]}).json()
    (predict,) = answer["outputs"]
    assert read(predict).tolist() == list(served.iris.predict(rows.astype(float)))


def test_a_tensor_for_each_feature_in_any_order(served: Served) -> None:
    frame = served.frame
    inputs = [
        tensor("size", frame[["size"]].to_numpy(), "FP64"),
        tensor("colour", frame["colour"].to_numpy(), "BYTES", parameters={"content_type": "str"}),
    ]
    predict, predict_proba = map(read, infer(served, {"inputs": inputs}, "/frame").json()["outputs"])
    assert predict.dtype == np.int64
    assert predict.tolist() == served.frame_model.predict(frame).tolist()
    assert predict_proba == pytest.approx(served.frame_model.predict_proba(frame), rel=1e-9)


def test_nested_data(served: Served) -> None:
    inputs = [{"name": "x", "shape": [5, 4], "datatype": "FP64", "data": served.rows.tolist()}]
    assert infer(served, {"inputs": inputs}).json()["outputs"][0]["data"] == served.labels


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shape": [5, 3]}, "needs 15 values"),
        ({"shape": [4, 5]}, "expected [rows, 4]"),
        ({"datatype": "BYTES", "data": ["x"] * 20}, "the value is the string 'x'"),
        ({"shape": [0, 4], "data": []}, "there are no rows"),
    ],
)
def test_errors_are_where_the_protocol_has_them(served: Served, change: dict[str, Any], says: str) -> None:
    reply = infer(served, {"inputs": [tensor("x", served.rows, "FP64") | change]})
    assert reply.status == 422
    assert says in reply.json()["error"]


def test_binary_tensors_are_refused(served: Served) -> None:
    """An extension of the protocol: raw bytes follow the JSON."""
    head = {"name": "x", "shape": [5, 4], "datatype": "FP64", "parameters": {"binary_data_size": 160}}
    text = json.dumps({"inputs": [head]}).encode()
    raw = served.rows.astype("<f8").tobytes()
    for content_type in ({"Content-Type": "application/octet-stream"}, {"Content-Type": "application/json"}, {}):
        headers = content_type | {"Inference-Header-Content-Length": str(len(text))}
        reply = served.service.request("POST", INFER, text + raw, headers)
        assert reply.status == 415
        check(reply.json(), "error")
        assert reply.json()["error"] == "the content type is 'binary tensors'; expected application/json or text/csv"
    # Without the bytes, what the JSON lacks is named.
    reply = served.service.request("POST", INFER, text, {"Content-Type": "application/json"})
    assert (reply.status, "the data is null; expected a list" in reply.json()["error"]) == (422, True)


@pytest.mark.parametrize(
    ("path", "kind", "says"),
    [
        ("/v2", "server_metadata", {"name": "iris-model", "version": __version__, "extensions": []}),
        ("/v2/health/live", "live", {"live": True}),
        ("/v2/health/ready", "ready", {"ready": True}),
        ("/v2/models/iris/ready", "model_ready", {"name": "iris_trained_model", "ready": True}),
    ],
)
def test_health_and_metadata_requests(served: Served, path: str, kind: str, says: dict[str, Any]) -> None:
    answer = served.service.request("GET", path).json()
    check(answer, kind)
    assert answer == says


def test_a_client_that_knows_nothing_but_the_metadata(served: Served) -> None:
    """It sends the tensors that the metadata names, and gets those that it names."""
    columns = {
        "rows": served.rows,
        "colour": served.frame[["colour"]].to_numpy(),
        "size": served.frame[["size"]].to_numpy(),
    }
    for path, ask in (("/v2/models/iris", INFER), ("/v2/models/frame/versions/1", "/frame")):
        metadata = served.service.request("GET", path).json()
        check(metadata, "model_metadata")
        inputs = [tensor(each["name"], columns[each["name"]], each["datatype"]) for each in metadata["inputs"]]
        assert [list(columns[each["name"]].shape)[1:] for each in metadata["inputs"]] == [
            each["shape"][1:] for each in metadata["inputs"]
        ]
        answer = infer(served, {"inputs": inputs}, ask).json()
        assert answer["model_name"] == metadata["name"]
        assert [{**each, "shape": [-1, *each["shape"][1:]]} for each in without_data(answer)] == metadata["outputs"]


def without_data(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: each[key] for key in ("name", "datatype", "shape")} for each in answer["outputs"]]
