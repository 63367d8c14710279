"""The HTTP API by setting: several routes, payload format 1.0, CORS, throttling; and the function URL."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from iris_model.contract.endpoint import Cors, Throttling
from iris_model.local.configuration.http_settings import HttpSettings, find_http_problems, read_http_settings
from iris_model.local.front_ends.http_throttle import TokenBucket
from tests.local.conftest import make_settings
from tests.support.local_service import Reply, RunningService, running

JSON = {"content-type": "application/json"}
CORS = Cors(
    allow_origins=("https://good.example", "http://*"),
    allow_methods=("GET", "POST"),
    allow_headers=("content-type", "x-mine"),
    expose_headers=("x-theirs",),
    allow_credentials=True,
    max_age=600,
)
FULL = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "x-theirs": "1"}, "body": "ok"}


@pytest.fixture(scope="module")
def api() -> Iterator[RunningService]:
    """Format 1.0, CORS, throttling, each on a function of its own; and a URL for every one."""
    functions = [
        make_settings(name="old", handler="app.http", route="/old/echo", http=HttpSettings(payload_format="1.0")),
        make_settings(name="cors", handler="app.http", route="POST /cors", http=HttpSettings(cors=CORS)),
        make_settings(
            name="many",
            handler="app.http",
            route="GET /many/echo",
            stage="$default",
            http=HttpSettings(more_routes=("PUT /other/{id}/echo", "$default")),
        ),
    ]
    with running(functions, function_url_port=0) as service:
        yield service


def url_of(api: RunningService, name: str) -> RunningService:
    """The function URL as a service to talk to."""
    assert api.lambda_ is not None
    return RunningService(url=dict(api.lambda_.addresses.function_urls)[name])


def test_payload_format_1_0(api: RunningService) -> None:
    headers = [("Content-Type", "text/plain"), ("X-Twice", "a"), ("x-twice", "b"), ("Cookie", "c1=v1; c2=v2")]
    # The handler returns the event, which is no response of this format; so it goes through a full form.
    reply = api.request("POST", "/default/old/echo?a=1&a=2&b=", b"body", headers)
    assert (reply.status, reply.body) == (500, b'{"message":"Internal Server Error"}')
    with running(make_settings(handler="app.wrapped", route="/x/{id}", http=HttpSettings(payload_format="1.0"))) as one:
        event = one.request("POST", "/default/x/7%20?a=1&a=2&b=", b"body", headers).json()
        nothing = one.request("GET", "/default/x/7").json()
    context = event.pop("requestContext")
    assert event.pop("multiValueHeaders")["X-Twice"] == ["a", "b"]
    assert event["headers"]["Cookie"] == "c1=v1; c2=v2"
    assert event.pop("headers")["X-Twice"] == "b"
    assert event == {
        "version": "1.0",
        "resource": "/x/{id}",
        "path": "/default/x/7 ",
        "httpMethod": "POST",
        "queryStringParameters": {"a": "1", "b": ""},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": [""]},
        "pathParameters": {"id": "7 "},
        "stageVariables": None,
        "body": "body",
        "isBase64Encoded": False,
    }
    assert (context["httpMethod"], context["resourcePath"], context["stage"]) == ("POST", "/x/{id}", "default")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert len(context["identity"]) == 13
    for key in ("body", "queryStringParameters", "multiValueQueryStringParameters"):
        assert nothing[key] is None  # null, where format 2.0 leaves the key out


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"statusCode": 201, "multiValueHeaders": {"X-A": ["1", "2"]}, "headers": {"x-a": "3", "x-b": "4"}}, 201),
        ({"body": "no status"}, 500),
        ("text", 500),
        ({"statusCode": 200, "multiValueHeaders": {"x-a": "1"}}, 500),
    ],
)
def test_response_of_format_1_0(api: RunningService, result: Any, expected: int) -> None:
    from iris_model.local.front_ends.http_response import MalformedResponse, decode_response_v1

    payload = json.dumps(result).encode()
    if expected == 500:
        with pytest.raises(MalformedResponse):
            decode_response_v1(payload)
        return
    response = decode_response_v1(payload)
    assert response.status == expected
    assert [value for name, value in response.headers if name == "x-a"] == ["1", "2"]
    assert ("x-b", "4") in response.headers


def test_several_routes_and_the_default_route(api: RunningService) -> None:
    keys = {
        path: api.request(method, path).json()["routeKey"]
        for method, path in (("GET", "/many/echo"), ("PUT", "/other/7/echo"), ("GET", "/other/7/echo"), ("GET", "/"))
    }
    assert keys == {"/many/echo": "GET /many/echo", "/other/7/echo": "$default", "/": "$default"}
    assert api.request("PUT", "/other/7/echo").json()["pathParameters"] == {"id": "7"}


def preflight(service: RunningService, path: str, origin: str, method: str = "POST") -> Reply:
    """What a browser sends before a request that is not simple."""
    headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-mine"}
    return service.request("OPTIONS", path, headers=headers)


def test_preflight_is_answered_by_the_gateway(api: RunningService) -> None:
    before = len(api.lines)
    allowed = preflight(api, "/default/cors", "https://good.example")
    assert (allowed.status, allowed.body) == (204, b"")
    told = {name: value for name, value in allowed.headers if name.startswith("access-control-")}
    assert told == {
        "access-control-allow-origin": "https://good.example",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "content-type,x-mine",
        "access-control-expose-headers": "x-theirs",
        "access-control-max-age": "600",
    }
    assert preflight(api, "/default/cors", "http://any.example:8080").header("access-control-allow-origin")
    refused = preflight(api, "/default/cors", "https://bad.example")
    assert not any(name.startswith("access-control-") for name, _ in refused.headers)
    assert len(api.lines) == before  # the function was not asked


def test_cors_headers_of_the_function_are_ignored(api: RunningService) -> None:
    body = json.dumps(FULL).encode()
    good = api.request("POST", "/default/cors", body, JSON | {"Origin": "https://good.example"})
    assert good.header("access-control-allow-origin") == "https://good.example"
    assert good.header("access-control-expose-headers") == "x-theirs"
    for headers in (JSON, JSON | {"Origin": "https://bad.example"}):
        reply = api.request("POST", "/default/cors", body, headers)
        assert (reply.status, reply.body, reply.header("x-theirs")) == (200, b"ok", "1")
        assert reply.header("access-control-allow-origin") is None
    # Errors of the gateway carry the headers as well, or no page could read them.
    failed = api.request("POST", "/default/cors", b'{"do": "fail"}', JSON | {"Origin": "https://good.example"})
    assert (failed.status, failed.header("access-control-allow-origin")) == (500, "https://good.example")


def test_throttling_is_429_and_the_function_is_not_asked() -> None:
    limited = HttpSettings(throttling=Throttling(rate=0.001, burst=2))
    with running(make_settings(handler="app.http", route="/echo", http=limited)) as service:
        statuses = [service.request("GET", "/default/echo").status for _ in range(4)]
        refused = service.request("GET", "/default/echo")
        service.settle()
        numbers = service.request("GET", "/_local/metrics").json()
    assert statuses == [200, 200, 429, 429]
    assert refused.body == b'{"message":"Too Many Requests"}'
    assert refused.header("apigw-requestid")
    assert (numbers["functions"][0]["invocations"], numbers["http"]["throttled"]) == (2, 3)


def test_token_bucket() -> None:
    now = 0.0
    bucket = TokenBucket(Throttling(rate=2, burst=3), lambda: now)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now = 100.0  # a long pause fills it, and no more than that
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_headers_beyond_the_quota_are_431(api: RunningService) -> None:
    assert api.request("GET", "/many/echo", headers={"x-long": "x" * 9_800}).status == 200
    assert api.request("GET", "/many/echo", headers={"x-long": "x" * 10_300}).status == 431


@pytest.mark.parametrize("size", [10_300, 20_000, 70_000])
def test_a_url_or_a_header_beyond_the_limit_is_431(api: RunningService, size: int) -> None:
    assert api.request("GET", "/many/echo?a=" + "x" * 9_800).status == 200
    for answer in (
        api.request("GET", "/many/echo?a=" + "x" * size),
        api.request("GET", "/" + "x" * size),
        api.request("GET", "/many/echo", headers={"x-long": "x" * size}),
        api.request("POST", "/many/echo", b"1", {f"x-{number}": "x" * 1000 for number in range(size // 900)}),
    ):
        assert answer.status == 431, answer


def test_function_url_event(api: RunningService) -> None:
    url = url_of(api, "many")
    reply = url.request("GET", "/any/path/echo?a=1", headers={"Cookie": "a=1"})
    event = reply.json()
    context = event["requestContext"]
    assert (event["routeKey"], event["rawPath"], context["stage"]) == ("$default", "/any/path/echo", "$default")
    assert "pathParameters" not in event
    assert context["accountId"] == "anonymous"
    assert re.fullmatch(r"[a-z0-9]{32}\.lambda-url\.us-east-1\.on\.aws", context["domainName"])
    assert context["apiId"] == context["domainPrefix"] == context["domainName"].partition(".")[0]
    assert reply.header("x-amzn-requestid") == context["requestId"]
    assert reply.header("apigw-requestid") is None
    assert event["headers"]["host"] == urlsplit(url.url).netloc


def test_function_url_errors_limits_and_cors(api: RunningService) -> None:
    url = url_of(api, "cors")
    failed = url.request("POST", "/", b'{"do": "fail"}', JSON)
    assert (failed.status, failed.body) == (502, b'{"message":"Internal Server Error"}')
    assert url.request("POST", "/", b'{"statusCode": "x"}', JSON).status == 502
    assert url.request("POST", "/", b"x" * 6_291_457, JSON).status == 413
    assert url.request("POST", "/", b"x" * 5_000_000).status == 413  # its base64 is too large
    allowed = preflight(url, "/anything", "https://good.example")
    assert (allowed.status, allowed.header("access-control-allow-origin")) == (200, "https://good.example")
    body = json.dumps(
        {"statusCode": 200, "cookies": ["a=1"], "body": base64.b64encode(b"\0").decode(), "isBase64Encoded": True}
    )
    reply = url.request("PUT", "/", body.encode(), JSON)
    assert (reply.status, reply.body, reply.header("set-cookie")) == (200, b"\0", "a=1")


def test_a_function_url_has_no_limit_of_30_seconds_and_says_429() -> None:
    functions = [
        make_settings(name="slow", route="/slow", handler="app.http", reserved_concurrency=1, timeout_seconds=9)
    ]
    with running(functions, function_url_port=0, integration_timeout_seconds=0.1) as service:
        url = url_of(service, "slow")
        assert url.request("POST", "/", b'{"do": "sleep", "seconds": 0.5}', JSON).status == 200
        assert service.request("POST", "/default/slow", b'{"do": "sleep", "seconds": 0.5}', JSON).status == 503
        # That one still runs, and there is no second place.
        refused = url.request("POST", "/", b"1", JSON)
        assert (refused.status, refused.json()["Reason"]) == (429, "ReservedFunctionConcurrentInvocationLimitExceeded")


def test_settings_of_a_function_directory() -> None:
    document = {
        "endpoint": "function-url",
        "auth": "iam",
        "cors": {"allow_origins": ["*"], "max_age": 5},
        "throttling": {"rate": 10.5, "burst": None},
    }
    read = read_http_settings(document)
    assert (read.endpoint, read.cors, read.throttling) == (
        "function-url",
        Cors(("*",), max_age=5),
        Throttling(10.5, 5000),
    )
    assert (
        read_http_settings(None) == read_http_settings({"cors": None, "throttling": {"rate": None}}) == HttpSettings()
    )
    for wrong in ([], {"cors": 1}, {"cors": {"origins": []}}, {"cors": {}}):
        with pytest.raises(ValueError, match="expected"):
            read_http_settings(wrong)
    problems = find_http_problems(
        HttpSettings("rest", payload_format="3", more_routes=("x",), throttling=Throttling(-1, True))
    )
    assert [problem.split(" is ")[0] for problem in problems] == [
        "endpoint",
        "payload format",
        "route",
        "throttling rate",
        "throttling burst",
    ]
