"""Convert a handler's result to an HTTP response, by the rules of payload format 2.0 or 1.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

# The gateway sets these headers itself.
_OWN_HEADERS = frozenset(
    {"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "te"}
)


# RFC 9110 sections 5.6.2 and 5.5. An invalid header would break the response for the client.
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class MalformedResponse(Exception):
    """The result is not a proxy response. The client gets "Internal Server Error"; the log gets this message."""


@dataclass(frozen=True)
class HttpResponse:
    """A response, with one header for each cookie."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def decode_response(payload: bytes) -> HttpResponse:
    """Decode format 2.0: an object with `statusCode` is a full response; everything else becomes a 200 with JSON."""
    result = _parse(payload)
    if isinstance(result, dict) and "statusCode" in result:
        return _decode_full(result)
    # A string becomes the body, without its quotes. Other values stay as the runtime wrote them.
    body = result.encode() if isinstance(result, str) else payload
    return HttpResponse(200, (("content-type", "application/json"),), body)


def decode_response_v1(payload: bytes) -> HttpResponse:
    """Decode format 1.0, which has only full responses, with `multiValueHeaders` and without `cookies`."""
    result = _parse(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        raise MalformedResponse("the result has no statusCode, which payload format 1.0 requires")
    multiple = result.get("multiValueHeaders") or {}
    if not isinstance(multiple, dict) or not all(isinstance(values, list) for values in multiple.values()):
        raise MalformedResponse(f"multiValueHeaders is {multiple!r}; expected an object of lists")
    repeated = {name.lower() for name in multiple}
    headers = [pair for pair in _decode_headers(result.get("headers")) if pair[0] not in repeated]
    for name, values in multiple.items():
        for value in values:
            headers += _decode_headers({name: value})
    return _finish(result, headers)


def _parse(payload: bytes) -> Any:
    try:
        return json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedResponse(f"the result is not JSON: {error}") from None


def _decode_full(result: dict[str, Any]) -> HttpResponse:
    headers = _decode_headers(result.get("headers"))
    cookies = result.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(cookie, str) for cookie in cookies):
        raise MalformedResponse(f"cookies is {cookies!r}; expected a list of strings")
    headers += [("set-cookie", cookie) for cookie in cookies]
    return _finish(result, headers)


def _finish(result: dict[str, Any], headers: list[tuple[str, str]]) -> HttpResponse:
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    for name, value in headers:
        if not _NAME.fullmatch(name):
            raise MalformedResponse(f"{name!r} is not the name of a header")
        if _CONTROL.search(value):
            raise MalformedResponse(f"header {name!r} has a control character in its value {value!r}")
    return HttpResponse(_decode_status(result["statusCode"]), tuple(headers), _decode_body(result))


def _decode_status(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise MalformedResponse(f"statusCode is {value!r}; expected a number from 200 to 599")
    return value


def _decode_headers(value: object) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, dict):
        raise MalformedResponse(f"headers is {value!r}; expected an object")
    headers = []
    for name, text in value.items():
        if isinstance(text, bool):
            text = "true" if text else "false"
        elif isinstance(text, int | float):
            text = str(text)
        if not name or not isinstance(text, str):
            raise MalformedResponse(f"header {name!r} is {text!r}; expected a string")
        if name.lower() not in _OWN_HEADERS:
            headers.append((name.lower(), text))
    return headers


def _decode_body(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResponse(f"body is of type {type(body).__name__}; expected a string")
    if not result.get("isBase64Encoded"):
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedResponse(f"isBase64Encoded is true, and the body is not base64: {error}") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
