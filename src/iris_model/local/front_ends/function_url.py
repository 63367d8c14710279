"""A function URL: one function on its own port, for every path and method.

Differences from the HTTP API: no stage and no routes, so no path parameters; `$default` as the route key; the URL's
domain in the event; 502 instead of 500; 429 when throttled; Lambda's 6 MB and the function's timeout instead of 10 MB
and 30 s.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from aiohttp import web

from iris_model.contract.lambda_limits import MOST_REQUEST_BYTES
from iris_model.local.front_ends.http_cors import add_cors, answer_preflight, is_preflight
from iris_model.local.front_ends.http_event import FrontEnd, MatchedRoute, build_event
from iris_model.local.front_ends.http_exchange import (
    Exchange,
    FunctionFailed,
    read_request,
    write_error,
    write_response,
)
from iris_model.local.front_ends.http_response import HttpResponse, decode_response
from iris_model.local.functions.function import LocalFunction
from iris_model.local.functions.service_errors import throttled
from iris_model.local.sandboxes.concurrency import Throttled
from iris_model.local.sandboxes.invocation import Invocation, make_trace_id
from iris_model.local.telemetry.logs import LogBook
from iris_model.local.telemetry.metrics import HttpMetrics
from iris_model.local.wire.body import BodyTooLarge, close_unread, read_body

# With the auth type NONE, the caller is unknown.
_ANONYMOUS = "anonymous"


class FunctionUrl:
    """The front end of one function."""

    def __init__(self, function: LocalFunction, *, log_book: LogBook, metrics: HttpMetrics | None = None) -> None:
        self._function = function
        self._exchange = Exchange("Function URL", log_book)
        self._metrics = metrics or HttpMetrics()
        settings = function.settings
        url_id = make_url_id(settings.arn)
        self._front = FrontEnd(_ANONYMOUS, url_id, f"{url_id}.lambda-url.{settings.region}.on.aws", decodes_path=False)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        trace_id = request.headers.get("X-Amzn-Trace-Id") or make_trace_id()
        invocation = Invocation(payload=b"", function_arn=self._function.settings.arn, trace_id=trace_id)
        response = await self._answer(request, invocation)
        response.headers["x-amzn-RequestId"] = invocation.request_id
        response.headers["X-Amzn-Trace-Id"] = trace_id
        self._metrics.statuses[response.status] += 1
        await close_unread(request, response)
        return response

    async def _answer(self, request: web.BaseRequest, invocation: Invocation) -> web.Response:
        cors = self._function.settings.http.cors
        if cors is not None and is_preflight(request.method, request.headers):
            return write_response(HttpResponse(200, tuple(answer_preflight(cors, request.headers)), b""))
        try:
            body = await read_body(request, MOST_REQUEST_BYTES)
        except BodyTooLarge:
            return write_error(413, "Request Entity Too Large")
        event = build_event(
            read_request(request, body),
            MatchedRoute("$default", "$default"),
            self._front,
            request_id=invocation.request_id,
            trace_id=invocation.trace_id,
            now=datetime.now(UTC),
        )
        payload = json.dumps(event, separators=(",", ":")).encode()
        if len(payload) > MOST_REQUEST_BYTES:
            return write_error(413, "Request Entity Too Large")
        whole = Invocation(
            payload=payload,
            function_arn=invocation.function_arn,
            request_id=invocation.request_id,
            trace_id=invocation.trace_id,
        )
        try:
            response = await self._exchange.run(self._function, whole, decode_response)
        except Throttled as reason:
            error = throttled(reason.reason)
            return web.Response(status=error.status, body=error.encode(), content_type="application/json")
        except FunctionFailed:
            return write_error(502, "Internal Server Error")
        if cors is not None:
            pairs = add_cors(cors, request.headers.get("Origin", ""), response.headers)
            response = HttpResponse(response.status, tuple(pairs), response.body)
        return write_response(response)


def make_url_id(arn: str) -> str:
    """Return the first label of the domain: 32 letters and digits, always the same for the same function."""
    return hashlib.sha256(arn.encode()).hexdigest()[:32]
