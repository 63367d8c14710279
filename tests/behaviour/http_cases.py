"""Rows for the HTTP API. The emulator has none: it answers every path but that of its function with 404."""

from __future__ import annotations

import base64
import json
from typing import Any

from iris_model.local import Cors, HttpSettings, Throttling
from tests.behaviour.invoke_cases import NOT_FOUND
from tests.behaviour.table import Answer, Case, Mark, Send

SECTION = "HTTP API, payload format 2.0"
ECHO = "/default/{name}/echo"
ERROR = '{"message":"Internal Server Error"}'
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
BINARY = {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": "aXJpcw==", "isBase64Encoded": True}


def echoes(name: str, aws: Answer, mark: Mark, body: bytes = b"", query: str = "", **headers: str) -> Case:
    """A request to a handler that returns its event."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    method = "POST" if body else "GET"
    return Case(
        name, SECTION, aws, mark, Send(method, ECHO + query, body, named), emulator=NOT_FOUND, handler="app.http"
    )


def returns(name: str, result: Any, aws: Answer, mark: Mark, **more: Any) -> Case:
    """A request to a handler that returns `result`."""
    send = Send("POST", "/default/{name}", json.dumps(result).encode(), JSON)
    return Case(name, SECTION, aws, mark, send, emulator=NOT_FOUND, handler="app.http", **more)


HTTP_CASES = [
    echoes("JSON arrives as text", Answer(200, '"isBase64Encoded": false'), "run", b"[5.1]", content_type="application/json"),
    echoes(
        "a form arrives as base64, as `curl -d` sends it", Answer(200, base64.b64encode(b"[5.1]").decode()), "run", b"[5.1]",
        **FORM,
    ),
    echoes("no content type arrives as base64", Answer(200, '"isBase64Encoded": true'), "run", b"[5.1]"),
    echoes("text/csv arrives as text", Answer(200, '"body": "5.1,3.5"'), "run", b"5.1,3.5", content_type="text/csv"),
    echoes("cookies are separate from headers", Answer(200, '"cookies": ["a=1", "b=2"]'), "doc", Cookie="a=1; b=2"),
    echoes("repeated query values joined", Answer(200, '"queryStringParameters": {"a": "1,2"}'), "doc", query="?a=1&a=2"),
    echoes("keys without a value are absent", Answer(200, lacks="queryStringParameters"), "run"),
    echoes("the stage is in the path", Answer(200, '"rawPath": "/default/'), "doc"),
    echoes("request id in a header", Answer(200, headers=("apigw-requestid",)), "cap"),
    returns("a result without statusCode", [1, 2], Answer(200, "[1, 2]", headers=("content-type: application/json",)), "doc"),
    returns("a string without statusCode", "plain", Answer(200, "plain", lacks='"'), "doc"),
    returns("statusCode as text", {"statusCode": "201", "body": "x"}, Answer(201, "x"), "doc"),
    returns("cookies", {"statusCode": 200, "cookies": ["a=1"]}, Answer(200, headers=("set-cookie: a=1",)), "doc"),
    returns("base64 is decoded", BINARY, Answer(200, "iris", headers=("content-type: image/png",)), "doc"),
    returns("a body that is not text", {"statusCode": 200, "body": {"a": 1}}, Answer(500, ERROR), "doc"),
    returns("the function fails", {"do": "fail"}, Answer(500, ERROR, lacks="Misbehaviour"), "cap"),
    returns("the function exits", {"do": "exit", "status": 1}, Answer(500, ERROR), "cap"),
    returns(
        "the function times out", {"do": "sleep", "seconds": 9}, Answer(500, ERROR), "cap", settings={"timeout_seconds": 1.0}
    ),
    returns("the concurrency limit is reached", [1], Answer(500, ERROR), "doc", settings={"reserved_concurrency": 0}),
    returns(
        "throttled by the gateway", [1], Answer(429, '{"message":"Too Many Requests"}'), "doc",
        settings={"http": HttpSettings(throttling=Throttling(rate=0, burst=0))},
    ),
    Case(
        "preflight", SECTION, Answer(204, headers=("access-control-allow-origin: https://a.example",)), "doc",
        Send("OPTIONS", "/default/{name}", b"", {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}),
        emulator=NOT_FOUND, settings={"http": HttpSettings(cors=Cors(("https://a.example",), ("POST",)))},
    ),
    Case(
        "no such route", SECTION, Answer(404, '{"message":"Not Found"}'), "cap", Send("GET", "/default/nowhere", b""),
        emulator=NOT_FOUND,
    ),
    Case(
        "a body of more than 10 MB", SECTION, Answer(413, "Request Entity Too Large"), "doc",
        Send("POST", "/default/{name}", b"x" * (10 * 1024 * 1024 + 1)), handler="app.http",
    ),
    Case(
        "more than Lambda's 6 MB after base64", SECTION, Answer(413, "Request Entity Too Large"), "?",
        Send("POST", "/default/{name}", b"x" * 5_000_000), handler="app.http",
    ),
]  # fmt: skip
