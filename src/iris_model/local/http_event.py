"""An HTTP request as a Lambda event of payload format 2.0, made as API Gateway's HTTP API makes it. Values in, dict out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html. What that page
leaves out was observed on AWS by others: keys without content are absent, not null; the body is text for few media
types only; the path arrives decoded.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

API_ID = "local"
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # strftime would ask the locale
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})
# Belong to one connection, not to the request. Expect is answered by the front.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
)


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came over the wire. `raw_path` is still percent-encoded; header names in any case."""

    method: str
    raw_path: str
    raw_query: str
    headers: Iterable[tuple[str, str]]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"
    port: int = 443
    scheme: str = "https"


@dataclass(frozen=True)
class MatchedRoute:
    """The route an HTTP request went to."""

    route_key: str
    stage: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)


def make_gateway_request_id() -> str:
    """An id such as JKJaXmPLvHcESHA=, which the caller also gets as the header apigw-requestid."""
    return base64.b64encode(secrets.token_bytes(11)).decode()


def decode_path(raw_path: str) -> str:
    """The path as `rawPath` has it: despite the name decoded, and cut at a question mark that was encoded."""
    return unquote(raw_path).partition("?")[0]


def is_text(content_type: str) -> bool:
    """Whether a body of this type arrives as text. A form body does not, nor one of no type at all."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES


def build_event(
    request: HttpRequest, route: MatchedRoute, *, request_id: str, account_id: str, trace_id: str, now: datetime
) -> dict[str, Any]:
    """The event. The order of the keys is that of AWS."""
    headers, cookies = _fold_headers(request.headers)
    _add_gateway_headers(headers, request, trace_id)
    path = decode_path(request.raw_path)
    domain = headers.get("host", "localhost").partition(":")[0]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.route_key,
        "rawPath": path,
        "rawQueryString": request.raw_query,
    }
    if cookies:
        event["cookies"] = cookies
    event["headers"] = dict(sorted(headers.items()))
    if request.raw_query:
        event["queryStringParameters"] = _fold_query(request.raw_query)
    event["requestContext"] = {
        "accountId": account_id,
        "apiId": API_ID,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": route.route_key,
        "stage": route.stage,
        "time": _format_time(now.astimezone(UTC)),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    if route.path_parameters:
        event["pathParameters"] = dict(route.path_parameters)
    is_base64 = False
    if request.body:
        if is_text(headers.get("content-type", "")):
            event["body"] = request.body.decode("utf-8", "replace")
        else:
            event["body"] = base64.b64encode(request.body).decode()
            is_base64 = True
    event["isBase64Encoded"] = is_base64
    return event


def _fold_headers(headers: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Lower-case names, repeated ones joined with a comma; cookies apart."""
    folded: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in headers:
        lower = name.lower()
        if lower == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";") if cookie.strip()]
        elif lower not in _HOP_BY_HOP:
            folded[lower] = f"{folded[lower]},{value}" if lower in folded else value
    return folded, cookies


def _add_gateway_headers(headers: dict[str, str], request: HttpRequest, trace_id: str) -> None:
    headers["content-length"] = str(len(request.body))
    headers.setdefault("x-amzn-trace-id", trace_id.partition(";")[0])
    forwarded = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip
    headers["x-forwarded-port"] = str(request.port)
    headers["x-forwarded-proto"] = request.scheme


def _fold_query(raw_query: str) -> dict[str, str]:
    folded: dict[str, str] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        folded[name] = f"{folded[name]},{value}" if name in folded else value
    return folded


def _format_time(now: datetime) -> str:
    return f"{now.day:02}/{_MONTHS[now.month - 1]}/{now.year}:{now:%H:%M:%S} +0000"
