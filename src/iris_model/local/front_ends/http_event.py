"""Build the Lambda event of payload format 2.0 from an HTTP request, as API Gateway's HTTP API does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html. Details missing
from that page come from published observations: keys without content are absent, not null; the body is text for a few
media types only; the path is decoded.
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
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # strftime would use the locale
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})
# Headers of one connection, which do not belong to the request. The front end answers Expect.
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
)


@dataclass(frozen=True)
class HttpRequest:
    """A request as received. `raw_path` is percent-encoded; header names have any case."""

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
    """The matched route of an HTTP request."""

    route_key: str
    stage: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)


def make_gateway_request_id() -> str:
    """Return an id such as JKJaXmPLvHcESHA=, the value of the response header apigw-requestid."""
    return base64.b64encode(secrets.token_bytes(11)).decode()


def decode_path(raw_path: str) -> str:
    """Return the value of `rawPath`: despite its name, it is decoded, and ends before an encoded question mark."""
    return unquote(raw_path).partition("?")[0]


def is_text(content_type: str) -> bool:
    """Whether the event has a body of this type as text. Form bodies and bodies without a type are base64."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES


def encode_body(body: bytes, content_type: str) -> tuple[str | None, bool]:
    """Return the body for the event, and whether it is base64; None without a body."""
    if not body:
        return None, False
    if is_text(content_type):
        return body.decode("utf-8", "replace"), False
    return base64.b64encode(body).decode(), True


@dataclass(frozen=True)
class FrontEnd:
    """The differences between front ends with this event format."""

    account_id: str
    api_id: str = API_ID
    domain: str = ""
    """The domain in the event; if empty, the Host header's."""
    decodes_path: bool = True
    """An HTTP API decodes the path; a function URL passes it on unchanged (live captures: standard-server issue 93)."""


def build_event(
    request: HttpRequest, route: MatchedRoute, front: FrontEnd, *, request_id: str, trace_id: str, now: datetime
) -> dict[str, Any]:
    """Return the event. Its keys are in the order of AWS."""
    headers, cookies = _fold_headers(request.headers)
    forwarded = headers.get("x-forwarded-for", "")
    kept_trace = headers.get("x-amzn-trace-id")
    headers |= gateway_headers(request, trace_id, forwarded)
    if kept_trace:
        headers["x-amzn-trace-id"] = kept_trace
    path = decode_path(request.raw_path) if front.decodes_path else request.raw_path
    domain = front.domain or headers.get("host", "localhost").partition(":")[0]
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
        "accountId": front.account_id,
        "apiId": front.api_id,
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
        "time": format_time(now.astimezone(UTC)),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    if route.path_parameters:
        event["pathParameters"] = dict(route.path_parameters)
    body, is_base64 = encode_body(request.body, headers.get("content-type", ""))
    if body is not None:
        event["body"] = body
    event["isBase64Encoded"] = is_base64
    return event


def _fold_headers(headers: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Return (headers, cookies): names in lower case, repeated headers joined with a comma."""
    folded: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in headers:
        lower = name.lower()
        if lower == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";") if cookie.strip()]
        elif lower not in HOP_BY_HOP:
            folded[lower] = f"{folded[lower]},{value}" if lower in folded else value
    return folded, cookies


def gateway_headers(request: HttpRequest, trace_id: str, forwarded: str) -> dict[str, str]:
    """Return the headers that the front end adds. `forwarded` is the X-Forwarded-For of the request."""
    return {
        "content-length": str(len(request.body)),
        "x-amzn-trace-id": trace_id.partition(";")[0],
        "x-forwarded-for": f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip,
        "x-forwarded-port": str(request.port),
        "x-forwarded-proto": request.scheme,
    }


def _fold_query(raw_query: str) -> dict[str, str]:
    folded: dict[str, str] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        folded[name] = f"{folded[name]},{value}" if name in folded else value
    return folded


def format_time(now: datetime) -> str:
    """Return a time such as 12/Mar/2020:19:03:58 +0000."""
    return f"{now.day:02}/{_MONTHS[now.month - 1]}/{now.year}:{now:%H:%M:%S} +0000"
