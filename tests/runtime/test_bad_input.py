"""Every kind of bad input has a defined answer: problem details over HTTP, InvalidInput when invoked directly."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sklearn.neighbors import KNeighborsClassifier

from iris_model.compiler import compile_model
from iris_model.runtime import InvalidInput, Model
from iris_model.runtime.events import MAX_REQUEST_BYTES
from tests.support.lambda_events import http_api_2
from tests.support.tiny_model import NAMES

NAMED = dict(zip(NAMES, [5.1, 3.5, 1.4, 0.2], strict=True))
BIG = "[" + " " * MAX_REQUEST_BYTES + "]"


@dataclass(frozen=True)
class Bad:
    name: str
    body: str | bytes | None
    status: int
    says: str
    content_type: str = "application/json"
    direct: bool = True
    """Whether the same mistake can be made in a direct invocation, where Lambda itself has parsed the JSON."""


CASES = [
    Bad("too few values", "[5.1, 3.5, 1.4]", 422, "row 0 has 3 values"),
    Bad("too many values", "[[5.1, 3.5, 1.4, 0.2], [1, 2, 3, 4, 5]]", 422, "row 1 has 5 values"),
    Bad("text for a number", '[5.1, "3.5", 1.4, 0.2]', 422, "send a number, without quotation marks"),
    Bad("a boolean", "[5.1, true, 1.4, 0.2]", 422, "the boolean true, not a number; send 1 or 0"),
    Bad("null", "[5.1, null, 1.4, 0.2]", 422, "missing (null)"),
    Bad("an infinite number", "[5.1, 1e999, 1.4, 0.2]", 422, "infinite"),
    Bad("NaN", "[5.1, NaN, 1.4, 0.2]", 400, "NaN is not a JSON value", direct=False),
    Bad("Infinity", "[5.1, -Infinity, 1.4, 0.2]", 400, "-Infinity is not a JSON value", direct=False),
    Bad("an integer beyond floats", f"[{'9' * 400}, 3.5, 1.4, 0.2]", 422, "too large for float64"),
    Bad("an empty list", "[]", 422, "empty list"),
    Bad("rows without values", "[[]]", 422, "row 0 has 0 values"),
    Bad("ragged rows", "[[5.1, 3.5, 1.4, 0.2], [1]]", 422, "row 1 has 1 value;"),
    Bad("rows and numbers mixed", "[[5.1, 3.5, 1.4, 0.2], 7]", 422, "row 1 is the number 7"),
    Bad("nested too deep", "[[[5.1, 3.5, 1.4, 0.2]]]", 422, "row 0 has 1 value;"),
    Bad("nested far too deep", "[" * 100_000, 400, "nested too deeply", direct=False),
    Bad("a key twice", '{"a": 1, "a": 2}', 400, "'a' occurs twice", direct=False),
    Bad("a lone number", "5.1", 422, "the payload is the number 5.1"),
    Bad("a lone text", '"setosa"', 422, "the payload is the string 'setosa'"),
    Bad("a lone null", "null", 422, "the payload is null"),
    Bad("an empty object", "{}", 422, "missing features 'sepal length (cm)'"),
    Bad("an unknown feature", json.dumps({**NAMED, "colour": 1}), 422, "unknown feature 'colour'"),
    Bad("a missing feature", json.dumps(dict.fromkeys(NAMES[1:], 1)), 422, "missing feature 'sepal length (cm)'"),
    Bad("a named row among plain rows", json.dumps([NAMED, [1, 2, 3, 4]]), 422, "row 1 is a list of 4"),
    Bad("not JSON", "5.1, 3.5", 400, "not valid JSON: Extra data", direct=False),
    Bad("half a JSON", "[5.1, 3.5", 400, "not valid JSON", direct=False),
    Bad("a form", b"a=1&b=2", 400, "it looks like a form", "application/x-www-form-urlencoded", direct=False),
    Bad("not UTF-8", b"[5.1, \xff]", 400, "not UTF-8: byte 6 is 0xff", direct=False),
    Bad("an empty body", "", 400, "the body is empty", direct=False),
    Bad("no body", None, 400, "the body is empty", direct=False),
    Bad(
        "6 MB and one byte more",
        BIG[: MAX_REQUEST_BYTES + 1],
        413,
        f"has more than {MAX_REQUEST_BYTES} bytes",
        direct=False,
    ),
    Bad("XML", "<a/>", 415, "content type is 'application/xml'", "application/xml", direct=False),
    Bad("a multipart form", b"--x", 415, "'multipart/form-data'", "multipart/form-data; boundary=x", direct=False),
    Bad("another charset", "[1]", 415, "'utf-16'", "application/json; charset=UTF-16", direct=False),
    Bad("instances that are no list", '{"instances": 5}', 422, "'instances' is the number 5"),
    Bad("no instances", '{"instances": []}', 422, "no rows"),
    Bad(
        "tensors whose names are lists",
        '{"inputs": [{"name": [], "shape": [1], "datatype": "FP64", "data": [1]}, {"name": {}, "shape": [1], '
        '"datatype": "FP64", "data": [1]}]}',
        422,
        "unknown features '[]', '{}'",
    ),
    Bad(
        "an output whose name is a list",
        '{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 3, 4]}], "outputs": [{"name": []}]}',
        422,
        "there is no output '[]'",
    ),
    Bad("a tensor among others", '{"inputs": [[1], {"shape": [1], "data": [1]}]}', 422, "not a list of tensors"),
    Bad("inputs that are too short", '{"inputs": [[1, 2]]}', 422, "row 0 has 2 values"),
    Bad("inputs that are no list", '{"inputs": 5}', 422, "'inputs' is the number 5"),
    Bad("inputs by name that are no lists", '{"inputs": {"sepal length (cm)": 5.1}}', 422, "a list for each feature"),
    Bad("inputs by name, one too short", '{"inputs": {"a": [1, 2], "b": [1]}}', 422, "differ in length"),
    Bad(
        "inputs by name that are unknown",
        '{"inputs": {"a": [1, 2]}}',
        422,
        "unknown feature 'a', missing features 'sepal length (cm)'",
    ),
    Bad("a frame with too many columns", '{"dataframe_split": {"columns": [0, 1], "data": []}}', 422, "list of names"),
    Bad(
        "a tensor of another shape",
        '{"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}]}',
        422,
        "the shape is [1, 3]; expected [rows, 4]",
    ),
    Bad(
        "a tensor of many dimensions",
        '{"inputs": [{"name": "x", "shape": ['
        + "99999999," * 200_000
        + '4], "datatype": "FP64", "data": [1, 2, 3, 4]}]}',
        422,
        "expected one or two lengths",
    ),
    Bad(
        "a tensor with too little data",
        '{"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP64", "data": [1, 2, 3]}]}',
        422,
        "needs 8 values, the data has 3",
    ),
    Bad(
        "a tensor of an unknown type",
        '{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP8", "data": [1, 2, 3, 4]}]}',
        422,
        "the datatype is 'FP8'",
    ),
    Bad("a frame without data", '{"dataframe_split": {"columns": []}}', 422, "no list 'data'"),
    Bad("a frame with a column twice", '{"dataframe_split": {"columns": ["a", "a"], "data": []}}', 422, "twice"),
    Bad("CSV with text", "5.1,red,1.4,0.2", 422, "the value is 'red'", "text/csv", direct=False),
    Bad("CSV with too few values", "5.1,3.5\n", 422, "row 0 has 2 values", "text/csv", direct=False),
    Bad("CSV with an open quote", '"5.1,3.5', 400, "not valid CSV", "text/csv", direct=False),
    Bad("CSV with nothing", "\n\n", 422, "no rows", "text/csv", direct=False),
    Bad("CSV with nan", "nan,1,2,3", 422, "the value is 'nan'", "text/csv", direct=False),
    Bad("CSV with a hole", ",1,2,3", 422, "missing (null)", "text/csv", direct=False),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_over_http(model: Model, case: Bad) -> None:
    response = model.answer(http_api_2(case.body, case.content_type))
    problem = json.loads(response["body"])
    assert response["statusCode"] == problem["status"] == case.status
    assert response["headers"]["content-type"] == "application/problem+json"
    assert case.says in problem["detail"]
    assert "Traceback" not in response["body"]


@pytest.mark.parametrize("case", [case for case in CASES if case.direct], ids=lambda case: case.name)
def test_bad_input_of_a_direct_invocation_raises_an_error(model: Model, case: Bad) -> None:
    assert case.body is not None
    event: Any = json.loads(case.body)
    with pytest.raises(InvalidInput) as caught:
        model.answer(event)
    assert case.says in str(caught.value)


def test_bad_base64(model: Model) -> None:
    event = {**http_api_2("x"), "isBase64Encoded": True, "body": "!!!"}
    response = model.answer(event)
    assert response["statusCode"] == 400
    assert "marked as base64 but is not" in response["body"]
    with pytest.raises(InvalidInput, match="marked as base64"):
        model.answer({"body": "!!!", "isBase64Encoded": True})


def test_neither_json_nor_base64(model: Model) -> None:
    with pytest.raises(InvalidInput, match="not valid JSON"):
        model.answer({"body": "5.1;3.5"})


def test_a_body_of_exactly_six_megabytes_is_taken(model: Model) -> None:
    row = "[5.7,2.8,4.5,1.3]"
    response = model.answer(http_api_2(row[:-1] + " " * (MAX_REQUEST_BYTES - len(row)) + "]"))
    assert response["statusCode"] == 200


def test_gzip(model: Model) -> None:
    packed = gzip.compress(b"[5.7,2.8,4.5,1.3]")
    assert model.answer(http_api_2(packed, content_encoding="gzip"))["statusCode"] == 200
    assert model.answer(http_api_2(packed[:-6], content_encoding="gzip"))["statusCode"] == 400
    assert model.answer(http_api_2(b"[1]", content_encoding="gzip"))["statusCode"] == 400
    assert model.answer(http_api_2(packed, content_encoding="br"))["statusCode"] == 415


def test_a_gzip_bomb_never_unfolds(model: Model) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    response = model.answer(http_api_2(bomb, content_encoding="gzip"))
    assert response["statusCode"] == 413


def test_an_answer_that_lambda_would_not_take(model: Model) -> None:
    rows = json.dumps([[5, 2, 4, 1]] * 60_000)
    assert len(rows) < MAX_REQUEST_BYTES
    response = model.answer(http_api_2(rows))
    assert response["statusCode"] == 413
    assert "send the rows in several requests" in response["body"]


def test_direct_bytes_in_base64_of_a_large_payload_still_count(model: Model) -> None:
    event = {"body": base64.b64encode(BIG.encode()).decode(), "isBase64Encoded": True}
    with pytest.raises(InvalidInput, match=f"more than {MAX_REQUEST_BYTES} bytes"):
        model.answer(event)


def test_a_row_that_depends_on_the_last_bit_of_the_original(tmp_path: Path) -> None:
    """The engine refuses it, so it is not an error of the function."""
    corners = [[0.1, 0.2], [0.7, 0.2], [0.1, 0.9], [0.7, 0.95]]
    nearest = KNeighborsClassifier(1, algorithm="brute").fit(corners, ["a", "b", "c", "d"])
    (tmp_path / "model.safetensors").write_bytes(compile_model(nearest).data)
    response = Model.load(str(tmp_path / "model")).answer(http_api_2("[0.4, 0.2]"))
    assert response["statusCode"] == 422
    assert json.loads(response["body"])["type"] == "urn:iris-model:problem:undecided"
