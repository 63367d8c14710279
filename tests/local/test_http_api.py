"""The HTTP API: the event for the handler, and the response for its result, as in API Gateway."""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from iris_model.local.front_ends.http_event import FrontEnd, HttpRequest, MatchedRoute, build_event
from iris_model.local.front_ends.http_response import MalformedResponse, decode_response
from iris_model.local.front_ends.http_routes import parse_route
from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def api() -> Iterator[RunningService]:
    """One route that answers with the event, one that answers with the body it got."""
    functions = [
        make_settings(name="echo", handler="app.http", route="/echo", environment={"WHO": "echo"}),
        make_settings(name="do", handler="app.http", route="POST /do", timeout_seconds=5),
    ]
    with running(functions, integration_timeout_seconds=1.0) as service:
        yield service


def answer(api: RunningService, result: Any) -> Any:
    """What a client gets when the handler returns `result`."""
    return api.request("POST", "/default/do", json.dumps(result).encode(), JSON)


def test_event_of_a_post(api: RunningService) -> None:
    headers = [
        ("Content-Type", "application/json"),
        ("X-Twice", "a"),
        ("x-twice", "b"),
        ("Cookie", "c1=v1; c2=v2"),
        ("User-Agent", "curl/8.5.0"),
        ("Connection", "close"),
        ("X-Forwarded-For", "203.0.113.7"),
    ]
    before = datetime.now(UTC)
    reply = api.request("POST", "/default/echo?a=1&a=2&b=x%20y&c", b'{"rows": 1}', headers)
    event = reply.json()
    address = urlsplit(api.url).netloc
    context = event.pop("requestContext")
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", event["headers"].pop("x-amzn-trace-id"))
    assert event == {
        "version": "2.0",
        "routeKey": "ANY /echo",
        "rawPath": "/default/echo",
        "rawQueryString": "a=1&a=2&b=x%20y&c",
        "cookies": ["c1=v1", "c2=v2"],
        "headers": {
            "content-length": "11",
            "content-type": "application/json",
            "host": address,
            "user-agent": "curl/8.5.0",
            "x-forwarded-for": "203.0.113.7, 127.0.0.1",
            "x-forwarded-port": address.rpartition(":")[2],
            "x-forwarded-proto": "http",
            "x-twice": "a,b",
        },
        "queryStringParameters": {"a": "1,2", "b": "x y", "c": ""},
        "body": '{"rows": 1}',
        "isBase64Encoded": False,
    }
    when = datetime.fromtimestamp(context.pop("timeEpoch") / 1000, UTC)
    assert abs((when - before).total_seconds()) < 5
    assert datetime.strptime(context.pop("time"), "%d/%b/%Y:%H:%M:%S %z") == when.replace(microsecond=0)
    request_id = context.pop("requestId")
    assert re.fullmatch(r"[A-Za-z0-9+/]{15}=", request_id)
    assert reply.header("apigw-requestid") == request_id
    assert context == {
        "accountId": "012345678912",
        "apiId": "local",
        "domainName": "127.0.0.1",
        "domainPrefix": "127",
        "http": {
            "method": "POST",
            "path": "/default/echo",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "curl/8.5.0",
        },
        "routeKey": "ANY /echo",
        "stage": "default",
    }


def test_missing_fields_are_absent_and_not_null(api: RunningService) -> None:
    event = api.request("GET", "/default/echo").json()
    assert {"body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"}.isdisjoint(event)
    assert event["rawQueryString"] == ""
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize(
    ("content_type", "is_base64"),
    [
        ("application/json", False),
        ("application/json; charset=utf-8", False),
        ("text/csv", False),
        ("TEXT/PLAIN", False),
        ("application/xml", False),
        ("application/javascript", False),
        ("application/x-www-form-urlencoded", True),
        ("application/octet-stream", True),
        ("application/x-ndjson", True),
        ("multipart/form-data; boundary=x", True),
        (None, True),
    ],
)
def test_which_bodies_arrive_as_base64(api: RunningService, content_type: str | None, is_base64: bool) -> None:
    body = b"[5.1,3.5,1.4,0.2]"
    event = api.request("POST", "/default/echo", body, {"content-type": content_type} if content_type else {}).json()
    assert event["isBase64Encoded"] is is_base64
    assert (base64.b64decode(event["body"]) if is_base64 else event["body"].encode()) == body


def test_a_packed_body_arrives_packed(api: RunningService) -> None:
    """It is the function that unpacks: an HTTP API does not, and what it calls packed must be."""
    packed = gzip.compress(b"[5.1,3.5,1.4,0.2]")
    headers = {"content-encoding": "gzip", "content-type": "application/octet-stream"}
    event = api.request("POST", "/default/echo", packed, headers).json()
    assert base64.b64decode(event["body"]) == packed
    assert (event["headers"]["content-encoding"], event["headers"]["content-length"]) == ("gzip", str(len(packed)))
    # Nor is it looked at whether it is packed at all.
    event = api.request("POST", "/default/echo", b"abc", headers | {"content-encoding": "br"}).json()
    assert base64.b64decode(event["body"]) == b"abc"


def test_chunked_body_gets_its_length(api: RunningService) -> None:
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as client:
        client.sendall(
            b"POST /default/echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        event = json.loads(client.makefile("rb").read().partition(b"\r\n\r\n")[2])
    assert (event["body"], event["headers"]["content-length"]) == ("abcde", "5")
    assert "transfer-encoding" not in event["headers"]


def test_path_arrives_decoded_and_query_as_it_was() -> None:
    request = HttpRequest("GET", "/default/a%20b/%C3%A9%3Fx", "q=%20", [("Host", "h.example:9000")], b"", "10.0.0.1")
    route = MatchedRoute("ANY /{proxy+}", "default", {"proxy": "a b/é"})
    event = build_event(
        request, route, FrontEnd("1"), request_id="r", trace_id="Root=1-0-0;Sampled=0", now=datetime.now(UTC)
    )
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/default/a b/é"
    assert event["rawQueryString"] == "q=%20"
    assert event["pathParameters"] == {"proxy": "a b/é"}
    assert event["requestContext"]["domainName"] == "h.example"
    assert event["requestContext"]["domainPrefix"] == "h"


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"prediction": "setosa"}, b'{"prediction": "setosa"}'),
        ([1, 2], b"[1, 2]"),
        (1.5, b"1.5"),
        ("plain", b"plain"),
        (None, b"null"),
    ],
)
def test_a_result_without_status_code_is_inferred(api: RunningService, result: Any, body: bytes) -> None:
    reply = answer(api, result)
    assert (reply.status, reply.header("content-type"), reply.body) == (200, "application/json", body)


def test_full_form(api: RunningService) -> None:
    full = {
        "statusCode": "201",
        "headers": {"Content-Type": "text/csv", "X-Number": 7, "Content-Length": "999"},
        "cookies": ["a=1; Secure", "b=2"],
        "body": base64.b64encode(b"\x00\x01").decode(),
        "isBase64Encoded": True,
    }
    reply = answer(api, full)
    assert (reply.status, reply.body) == (201, b"\x00\x01")
    assert reply.header("content-type") == "text/csv"
    assert reply.header("x-number") == "7"
    assert reply.header("content-length") == "2"
    assert [value for name, value in reply.headers if name == "set-cookie"] == ["a=1; Secure", "b=2"]


def test_status_code_alone(api: RunningService) -> None:
    reply = answer(api, {"statusCode": 404})
    assert (reply.status, reply.header("content-type"), reply.body) == (404, "text/plain;charset=UTF-8", b"")


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": "ok"},
        {"statusCode": True},
        {"statusCode": 700},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": None}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
    ],
)
def test_malformed_result_is_500_outside_and_explained_in_the_log(api: RunningService, result: Any) -> None:
    reply = answer(api, result)
    assert (reply.status, reply.body) == (500, b'{"message":"Internal Server Error"}')
    assert reply.header("apigw-requestid")
    # The gateway has its own log in the cloud; here its line lies among those of the function.
    since = max(number for number, line in enumerate(api.lines) if line.startswith("START "))
    assert any(line.startswith("HTTP API: malformed response: ") for line in api.lines[since:])


def test_result_that_is_not_json() -> None:
    for payload in (b"NaN", b'{"a": NaN}', b"\xff", b""):
        with pytest.raises(MalformedResponse):
            decode_response(payload)


@pytest.mark.parametrize("event", [{"do": "fail"}, {"do": "exit", "status": 1}])
def test_function_error_is_500(api: RunningService, event: dict[str, Any]) -> None:
    reply = answer(api, event)
    assert (reply.status, reply.body) == (500, b'{"message":"Internal Server Error"}')


def test_integration_timeout_is_503_and_the_invocation_continues(api: RunningService) -> None:
    reply = answer(api, {"do": "sleep", "seconds": 1.5})
    assert (reply.status, reply.body) == (503, b'{"message":"Service Unavailable"}')
    assert reply.header("apigw-requestid")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/default/do"), ("POST", "/default/nope"), ("POST", "/do"), ("POST", "/default/do/"), ("GET", "/nope")],
)
def test_no_route(api: RunningService, method: str, path: str) -> None:
    reply = api.request(method, path)
    assert (reply.status, reply.body) == (404, b'{"message":"Not Found"}')
    assert reply.header("apigw-requestid")


def test_body_limits(api: RunningService) -> None:
    # 10 MB is the gateway's limit; Lambda's 6 MB counts the base64.
    for size in (10 * 1024 * 1024 + 1, 5_000_000):
        assert api.request("POST", "/default/echo", b"x" * size).status == 413
    assert api.request("POST", "/default/do", b'"' + b"x" * 4_000_000 + b'"').status == 200


def test_default_stage_has_no_prefix_and_may_own_the_root() -> None:
    with running(make_settings(handler="app.http", route="/{proxy+}", stage="$default")) as service:
        event = service.request("GET", "/a/b/echo").json()
        assert (event["rawPath"], event["pathParameters"]) == ("/a/b/echo", {"proxy": "a/b/echo"})
        assert event["requestContext"]["stage"] == "$default"
    with running(make_settings(handler="app.http", route="/", stage="$default")) as service:
        assert service.request("GET", "/").json()["rawPath"] == "/"


@pytest.mark.parametrize(
    ("route", "method", "path", "parameters"),
    [
        ("/predict", "PUT", "/predict", {}),
        ("POST /predict", "GET", "/predict", None),
        ("/models/{model}", "GET", "/models/iris", {"model": "iris"}),
        ("/models/{model}", "GET", "/models/iris/x", None),
        ("/m/{model-name}/{rest+}", "GET", "/m/iris/x/y", {"model-name": "iris", "rest": "x/y"}),
        ("/a.b", "GET", "/aXb", None),
    ],
)
def test_routes(route: str, method: str, path: str, parameters: dict[str, str] | None) -> None:
    assert parse_route(route).match(method, path) == parameters


def test_the_most_specific_route_wins() -> None:
    keys = ["/{proxy+}", "/a/{b}", "/a/b", "GET /a/b"]
    ranked = sorted((parse_route(key) for key in keys), key=lambda route: route.rank)
    assert [route.key for route in ranked] == ["GET /a/b", "ANY /a/b", "ANY /a/{b}", "ANY /{proxy+}"]
