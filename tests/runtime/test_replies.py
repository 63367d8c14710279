"""What every reply must be: strict JSON, compressed where the client takes it, without a body for HEAD; and small requests."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from iris_model.runtime import InvalidInput, Model
from iris_model.runtime.compressed import accepts_gzip
from iris_model.runtime.events import COMPRESS_FROM_BYTES
from tests.support.lambda_events import alb, http_api_2, rest_1

ROW = [5.7, 2.8, 4.5, 1.3]
MANY = json.dumps([ROW] * 50)


def refuse(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


def strictly(text: str) -> Any:
    """Parse it as RFC 8259 does, from bytes that are UTF-8."""
    return json.loads(text.encode("utf-8"), parse_constant=refuse)


def test_a_large_answer_is_compressed_if_the_client_accepts_it(model: Model) -> None:
    plain = model.answer(http_api_2(MANY))
    assert not plain["isBase64Encoded"] and plain["headers"]["vary"] == "accept-encoding"
    assert len(plain["body"]) > COMPRESS_FROM_BYTES
    packed = model.answer(http_api_2(MANY, accept_encoding="gzip, deflate, br"))
    assert packed["isBase64Encoded"] and packed["headers"]["content-encoding"] == "gzip"
    assert gzip.decompress(base64.b64decode(packed["body"])).decode() == plain["body"]
    assert len(packed["body"]) < len(plain["body"]) / 4
    assert packed == model.answer(http_api_2(MANY, accept_encoding="gzip"))


def test_a_small_answer_is_not(model: Model) -> None:
    small = model.answer(http_api_2(json.dumps(ROW), accept_encoding="gzip"))
    assert not small["isBase64Encoded"] and "vary" not in small["headers"]


def test_only_where_the_front_end_decodes_it(model: Model) -> None:
    """A REST API does not decode base64 without binary media types; an HTTP API and a load balancer do."""
    http, balancer = rest_1(MANY), alb(MANY)
    for event in (http, balancer):
        event["headers"]["Accept-Encoding"] = "gzip"
        assert model.answer(event)["isBase64Encoded"]
    rest = {key: value for key, value in http.items() if key != "version"}
    answer = model.answer(rest)
    assert not answer["isBase64Encoded"] and "content-encoding" not in answer["headers"]


def test_csv_is_compressed_as_well(model: Model) -> None:
    rows = "\n".join([",".join(map(str, ROW))] * 50)
    packed = model.answer(http_api_2(rows, "text/csv", accept="text/csv", accept_encoding="gzip"))
    assert packed["headers"]["content-type"].startswith("text/csv")
    assert gzip.decompress(base64.b64decode(packed["body"])).decode().count("\n") >= 50


def test_an_answer_that_fits_when_it_is_compressed_is_given(model: Model) -> None:
    rows = json.dumps([ROW] * 60_000)
    assert model.answer(http_api_2(rows))["statusCode"] == 413
    assert model.answer(http_api_2(rows, accept_encoding="gzip"))["statusCode"] == 200


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True), ("*", True), ("x-gzip", True), ("identity, *;q=0.1", True),
        ("", False), ("br", False), ("gzip;q=0", False), ("gzip; q=0.0, *", False), ("gzipped", False), ("gzip;q=x", False),
    ],
)  # fmt: skip
def test_accept_encoding(header: str, expected: bool) -> None:
    assert accepts_gzip(header) is expected


@pytest.mark.parametrize("path", ["/default/iris-prediction", "/v2", "/v2/health/ready"])
def test_head_is_get_without_the_body(model: Model, path: str) -> None:
    get, head = (http_api_2(None, None, method=method) for method in ("GET", "HEAD"))
    get["rawPath"] = head["rawPath"] = path
    full, bare = model.answer(get), model.answer(head)
    assert (bare["statusCode"], bare["body"]) == (200, "")
    assert bare["headers"]["content-type"] == full["headers"]["content-type"]
    refused = model.answer(http_api_2(None, None, method="PUT"))
    assert refused["statusCode"] == 405 and refused["headers"]["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("text", ["\ufeff[5.7,2.8,4.5,1.3]", "\ufeff[[5.7,2.8,4.5,1.3]]"])
def test_a_byte_order_mark_is_no_part_of_a_text(model: Model, text: str) -> None:
    for event in (http_api_2(text), http_api_2(text.encode()), {"body": text}, rest_1(text), alb(text)):
        answer = model.answer(event)
        assert "versicolor" in json.dumps(answer)
    csv = model.answer(http_api_2("\ufeff5.7,2.8,4.5,1.3\n", "text/csv"))
    assert csv["statusCode"] == 200


def tensors(**more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "rows", "shape": [1, 4], "datatype": "FP64", "data": ROW}], **more}


def test_outputs_are_asked_for_once(model: Model) -> None:
    twice = tensors(outputs=[{"name": "predict"}] * 800)
    with pytest.raises(InvalidInput, match="'outputs' names an output twice"):
        model.answer(twice)
    assert model.answer(http_api_2(json.dumps(twice)))["statusCode"] == 422
    both = model.answer(tensors(outputs=[{"name": "predict_proba"}, {"name": "predict"}]))
    assert [each["name"] for each in both["outputs"]] == ["predict_proba", "predict"]


@pytest.mark.parametrize("text", ["-1e999", "1e999", '"\\ud800"', '"a\\udfffb"', "[1]", '{"a": -1e999}', "true"])
def test_an_id_that_cannot_be_repeated_is_refused(model: Model, text: str) -> None:
    body = json.dumps(tensors(id="@")).replace('"@"', text)
    reply = model.answer(http_api_2(body))
    assert reply["statusCode"] == 400
    assert "expected a string" in strictly(reply["body"])["detail"]
    with pytest.raises(InvalidInput, match="the 'id' is "):
        model.answer(json.loads(body))


@pytest.mark.parametrize("text", ['"a1"', '"\\ud83c\\udf38 é"', "7", str(10**400), "0.5", "null"])
def test_other_ids_are_repeated(model: Model, text: str) -> None:
    body = json.dumps(tensors(id="@")).replace('"@"', text)
    reply = strictly(model.answer(http_api_2(body))["body"])
    assert reply.get("id") == json.loads(text)


HOSTILE = [
    '{"\\ud800": 1}',
    '["\\ud800", 1, 2, 3]',
    "[1e999, 1, 1, 1]",
    "[-1e999, 1, 1, 1]",
    f"[{10**400}, 1, 1, 1]",
    '{"instances": [["\\udc00", 1, 1, 1]]}',
    '{"inputs": [{"name": "\\ud800", "shape": [1, 4], "datatype": "FP64", "data": [1e999, 1, 1, 1]}]}',
    '{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [1, 1, 1, 1]}], "outputs": [{"name": "\\ud800"}]}',
    '{"dataframe_split": {"columns": ["\\ud800"], "data": [[1]]}}',
]


@pytest.mark.parametrize("keeps_unicode", [False, True], ids=["escaped", "as on Python 3.12"])
@pytest.mark.parametrize("text", HOSTILE)
def test_every_reply_is_strict_json(
    model: Model, text: str, keeps_unicode: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """awslambdaric leaves letters as they are from Python 3.12 on, and half a surrogate pair has no bytes in UTF-8."""
    from iris_model.engine.json_text import make_encoder
    from iris_model.runtime import marshal

    encode = make_encoder(marshal._needs_care, ensure_ascii=not keeps_unicode, allow_nan=True)
    monkeypatch.setattr(marshal, "_encode", encode)
    reply = model.answer(http_api_2(text))
    assert reply["statusCode"] in (400, 422)
    assert strictly(reply["body"])["detail"]
    strictly(marshal.encode_json(reply))
