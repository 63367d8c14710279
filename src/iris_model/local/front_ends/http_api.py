"""The HTTP API in front of the functions: `ANY /{stage}/{route}`, as API Gateway serves it.

All errors of functions give the same response, as in the cloud; the log has the cause.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from iris_model.contract.lambda_limits import MOST_REQUEST_BYTES
from iris_model.local.front_ends.http_cors import add_cors, answer_preflight, is_preflight
from iris_model.local.front_ends.http_event import (
    FrontEnd,
    MatchedRoute,
    build_event,
    decode_path,
    make_gateway_request_id,
)
from iris_model.local.front_ends.http_event_v1 import build_event_v1
from iris_model.local.front_ends.http_exchange import (
    MAX_HEAD_BYTES,
    Exchange,
    FunctionFailed,
    TimeLimit,
    head_size,
    raw_path,
    read_request,
    write_error,
    write_response,
)
from iris_model.local.front_ends.http_response import HttpResponse, decode_response, decode_response_v1
from iris_model.local.front_ends.http_routes import Route, parse_route
from iris_model.local.front_ends.http_throttle import TokenBucket
from iris_model.local.functions.function import LocalFunction
from iris_model.local.sandboxes.concurrency import Throttled
from iris_model.local.sandboxes.invocation import Invocation, make_trace_id
from iris_model.local.telemetry.logs import LogBook
from iris_model.local.telemetry.metrics import HttpMetrics
from iris_model.local.wire.body import BodyTooLarge, read_body

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
MAX_BODY_BYTES = 10 * 1024 * 1024
INTEGRATION_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class _Integration:
    stage: str
    route: Route
    function: LocalFunction
    bucket: TokenBucket | None

    @property
    def prefix(self) -> str:
        return "" if self.stage == "$default" else f"/{self.stage}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        if not path.startswith(self.prefix):
            return None
        return self.route.match(method, path.removeprefix(self.prefix) or "/")


class HttpApi:
    """The routes of all functions of the service."""

    def __init__(
        self,
        functions: Iterable[LocalFunction],
        *,
        log_book: LogBook,
        metrics: HttpMetrics | None = None,
        integration_timeout_seconds: float = INTEGRATION_TIMEOUT_SECONDS,
    ) -> None:
        self._exchange = Exchange("HTTP API", log_book)
        self._metrics = metrics or HttpMetrics()
        self._timeout = integration_timeout_seconds
        integrations = [each for function in functions for each in _integrate(function)]
        self._integrations = sorted(integrations, key=lambda each: each.route.rank)

    def matches(self, request: web.Request) -> bool:
        """Whether a route matches the request."""
        return self._match(request.method, decode_path(raw_path(request))) is not None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; 404 if no route matches."""
        request_id = make_gateway_request_id()
        response = await self._answer(request, request_id)
        response.headers["apigw-requestid"] = request_id
        self._metrics.statuses[response.status] += 1
        return response

    def _match(self, method: str, path: str) -> tuple[_Integration, dict[str, str]] | None:
        for integration in self._integrations:
            parameters = integration.match(method, path)
            if parameters is not None:
                return integration, parameters
        return None

    async def _answer(self, request: web.Request, request_id: str) -> web.Response:
        path = decode_path(raw_path(request))
        if head_size(request) > MAX_HEAD_BYTES:
            return write_error(431, "Request Header Fields Too Large")
        if is_preflight(request.method, request.headers):
            # A preflight asks for the path and the method of the later request. The function is not invoked.
            wanted = self._match(request.headers["Access-Control-Request-Method"], path)
            cors = wanted[0].function.settings.http.cors if wanted else None
            if cors is not None:
                return write_response(HttpResponse(204, tuple(answer_preflight(cors, request.headers)), b""))
        matched = self._match(request.method, path)
        if matched is None:
            return write_error(404, "Not Found")
        integration, parameters = matched
        cors = integration.function.settings.http.cors
        response = await self._integrate(request, request_id, integration, parameters)
        if cors is not None:
            origin = request.headers.get("Origin", "")
            pairs = add_cors(cors, origin, list(response.headers.items()))
            response.headers.clear()
            for name, value in pairs:
                response.headers.add(name, value)
        return response

    async def _integrate(
        self, request: web.Request, request_id: str, integration: _Integration, parameters: dict[str, str]
    ) -> web.Response:
        if integration.bucket is not None and not integration.bucket.take():
            self._metrics.throttled += 1
            return write_error(429, "Too Many Requests")
        try:
            body = await read_body(request, MAX_BODY_BYTES)
        except BodyTooLarge:
            return write_error(413, "Request Entity Too Large")
        function = integration.function
        invocation = _make_invocation(request, body, request_id, integration, parameters)
        if len(invocation.payload) > MOST_REQUEST_BYTES:
            # The event exceeds Lambda's limit, for example after base64 encoding of the body. The REST API answers 413
            # (captured); for the HTTP API no capture was found.
            return write_error(413, "Request Entity Too Large")
        function.http_api_requests += 1
        decode = decode_response if function.settings.http.payload_format == "2.0" else decode_response_v1
        try:
            # The time limit of the integration includes the cold start.
            return write_response(await self._exchange.run(function, invocation, decode, limit_seconds=self._timeout))
        except TimeLimit:
            return write_error(503, "Service Unavailable")
        except (FunctionFailed, Throttled):
            return write_error(500, "Internal Server Error")


def _integrate(function: LocalFunction) -> list[_Integration]:
    settings = function.settings
    # The limit belongs to the stage: all routes share one bucket.
    bucket = TokenBucket(settings.http.throttling) if settings.http.throttling is not None else None
    routes = [settings.route, *settings.http.more_routes]
    return [_Integration(settings.stage, parse_route(route), function, bucket) for route in routes]


def _make_invocation(
    request: web.Request, body: bytes, request_id: str, integration: _Integration, parameters: dict[str, str]
) -> Invocation:
    settings = integration.function.settings
    trace_id = request.headers.get("X-Amzn-Trace-Id") or make_trace_id()
    values = read_request(request, body)
    route = MatchedRoute(integration.route.key, integration.stage, parameters)
    now = datetime.now(UTC)
    build = build_event if settings.http.payload_format == "2.0" else build_event_v1
    event = build(values, route, FrontEnd(settings.account_id), request_id=request_id, trace_id=trace_id, now=now)
    payload = json.dumps(event, separators=(",", ":")).encode()
    return Invocation(payload=payload, function_arn=settings.arn, trace_id=trace_id)
