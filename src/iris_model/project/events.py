"""Test events of a project: the files in `events/` that `iris-model invoke --event NAME` sends."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from iris_model.contract.golden import as_sent

Row = Sequence[Any]


def build_events(rows: Sequence[Row], columns: Sequence[Mapping[str, Any]], *, path: str) -> dict[str, Any]:
    """Return events with valid rows in each common format, and two events with invalid rows."""
    sent = [as_sent(row, columns) for row in rows]
    first = sent[0]
    events: dict[str, Any] = {
        "one-row": first,
        "rows": sent[:3],
        "named-row": {column["name"]: cell for column, cell in zip(columns, first, strict=True)},
        "http-api": build_http_api_event(first, path=path),
        "console-base64": build_console_event(first),
        "bad-count": [*first, first[-1]],
    }
    if columns[-1].get("kind", "numeric") == "numeric":
        events["bad-text"] = [*first[:-1], "not a number"]
    return events


def build_console_event(payload: object) -> dict[str, Any]:
    """Build the test event of the Lambda console: a base64 body and nothing else."""
    return {"body": base64.b64encode(_compact(payload).encode()).decode()}


def build_http_api_event(payload: object, *, path: str) -> dict[str, Any]:
    """Return an HTTP API event in payload format 2.0 for a POST of `payload`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html Keys that AWS
    omits when they are empty (cookies, query) are omitted here too.
    """
    body = _compact(payload)
    stage_and_route = path.split("/", 2)
    route_key = f"ANY /{stage_and_route[2]}"
    domain = "abcdef1234.execute-api.us-east-1.amazonaws.com"
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "content-length": str(len(body.encode())),
            "content-type": "application/json",
            "host": domain,
            "user-agent": "curl/8.5.0",
            "x-amzn-trace-id": "Root=1-6aa1b2c3-0123456789abcdef01234567",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "domainName": domain,
            "domainPrefix": "abcdef1234",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route_key,
            "stage": stage_and_route[1],
            "time": "23/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1795428000000,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def encode_event(event: object) -> str:
    """Return the text of an event file: a row on one line, an object on several."""
    if isinstance(event, Mapping):
        return json.dumps(event, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"


def _compact(payload: object) -> str:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
