"""The HTTP API in front of the functions: `ANY /{stage}/{route}`, as API Gateway serves it.

Everything that goes wrong behind it looks the same from outside, as it does in the cloud; the log says what it was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from iris_model.local.body import BodyTooLarge, read_body
from iris_model.local.concurrency import Throttled
from iris_model.local.function import LocalFunction
from iris_model.local.http_event import (
    HttpRequest,
    MatchedRoute,
    build_event,
    decode_path,
    make_gateway_request_id,
)
from iris_model.local.http_response import MalformedResponse, decode_response
from iris_model.local.http_routes import Route, parse_route
from iris_model.local.invocation import Invocation, Outcome, make_trace_id
from iris_model.local.logs import LogBook
from iris_model.local.service_errors import MAX_SYNC_PAYLOAD_BYTES

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
MAX_BODY_BYTES = 10 * 1024 * 1024
INTEGRATION_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class _Integration:
    stage: str
    route: Route
    function: LocalFunction

    @property
    def prefix(self) -> str:
        return "" if self.stage == "$default" else f"/{self.stage}"


class HttpApi:
    """The routes of all functions of the service."""

    def __init__(
        self,
        functions: Iterable[LocalFunction],
        *,
        log_book: LogBook,
        integration_timeout_seconds: float = INTEGRATION_TIMEOUT_SECONDS,
    ) -> None:
        self._log_book = log_book
        self._timeout = integration_timeout_seconds
        integrations = [_Integration(each.settings.stage, parse_route(each.settings.route), each) for each in functions]
        self._integrations = sorted(integrations, key=lambda each: each.route.rank)
        self._running: set[asyncio.Task[Outcome]] = set()

    def matches(self, request: web.Request) -> bool:
        """Whether some route takes the request."""
        return self._match(request.method, decode_path(_raw_path(request))) is not None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; 404 when no route takes it."""
        request_id = make_gateway_request_id()
        response = await self._answer(request, request_id)
        response.headers["apigw-requestid"] = request_id
        return response

    def _match(self, method: str, path: str) -> tuple[_Integration, dict[str, str]] | None:
        for integration in self._integrations:
            if path.startswith(integration.prefix):
                parameters = integration.route.match(method, path.removeprefix(integration.prefix))
                if parameters is not None:
                    return integration, parameters
        return None

    async def _answer(self, request: web.Request, request_id: str) -> web.Response:
        matched = self._match(request.method, decode_path(_raw_path(request)))
        if matched is None:
            return _error(404, "Not Found")
        integration, parameters = matched
        try:
            body = await read_body(request, MAX_BODY_BYTES)
        except BodyTooLarge:
            return _error(413, "Request Entity Too Large")
        settings = integration.function.settings
        trace_id = request.headers.get("X-Amzn-Trace-Id") or make_trace_id()
        event = build_event(
            _decode_request(request, body),
            MatchedRoute(integration.route.key, integration.stage, parameters),
            request_id=request_id,
            account_id=settings.account_id,
            trace_id=trace_id,
            now=datetime.now(UTC),
        )
        payload = json.dumps(event, separators=(",", ":")).encode()
        if len(payload) > MAX_SYNC_PAYLOAD_BYTES:
            # Lambda's limit, met after the body has grown by its base64. The REST flavour of the gateway answers 413 as
            # well (captured); for the HTTP flavour no capture was found.
            return _error(413, "Request Entity Too Large")
        invocation = Invocation(payload=payload, function_arn=settings.arn, trace_id=trace_id)
        return await self._invoke(integration.function, invocation)

    async def _invoke(self, function: LocalFunction, invocation: Invocation) -> web.Response:
        # The integration's clock includes the cold start, and its end does not end the invocation, which goes on, is
        # billed and logged. Hence a task of its own.
        task = asyncio.ensure_future(function.invoke(invocation))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait({task}, timeout=self._timeout)
        if not done:
            task.add_done_callback(lambda late: late.cancelled() or late.exception())  # seen, so not warned about
            return _error(503, "Service Unavailable")
        try:
            outcome = task.result()
        except Throttled:
            return _error(500, "Internal Server Error")
        if outcome.function_error is not None:
            return _error(500, "Internal Server Error")
        try:
            decoded = decode_response(outcome.payload)
        except MalformedResponse as problem:
            # $context.integrationErrorMessage in the cloud. Without it nobody would find out why.
            self._log_book.append(function.settings.name, "platform", f"HTTP API: malformed response: {problem}")
            return _error(500, "Internal Server Error")
        response = web.Response(status=decoded.status, body=decoded.body)
        response.headers.pop("Content-Type", None)  # aiohttp puts its own there, in some versions
        for name, value in decoded.headers:
            response.headers.add(name, value)
        return response


def _error(status: int, message: str) -> web.Response:
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return web.Response(status=status, body=body, content_type="application/json")


def _raw_path(request: web.BaseRequest) -> str:
    return request.raw_path.partition("?")[0]


def _decode_request(request: web.BaseRequest, body: bytes) -> HttpRequest:
    transport = request.transport
    address = transport.get_extra_info("sockname") if transport is not None else None
    return HttpRequest(
        method=request.method,
        raw_path=_raw_path(request),
        raw_query=request.raw_path.partition("?")[2],
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers],
        body=body,
        source_ip=request.remote or "127.0.0.1",
        protocol=f"HTTP/{request.version.major}.{request.version.minor}",
        port=address[1] if address else 80,
        scheme="http",
    )
