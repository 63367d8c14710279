"""The common parts of the HTTP front ends: read a request, invoke with a time limit, write a response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from iris_model.local.front_ends.http_event import HttpRequest
from iris_model.local.front_ends.http_response import HttpResponse, MalformedResponse
from iris_model.local.functions.function import LocalFunction
from iris_model.local.sandboxes.invocation import Invocation, Outcome
from iris_model.local.sandboxes.runtime_session import Answer
from iris_model.local.telemetry.logs import LogBook

# Request line and headers together. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
MAX_HEAD_BYTES = 10_240


class TimeLimit(Exception):
    """The function has not answered within the front end's time limit. The invocation continues."""


class FunctionFailed(Exception):
    """The function failed, or returned an invalid response; the log has the cause."""


class Exchange:
    """Runs invocations for a front end, including those that outlive their request."""

    def __init__(self, name: str, log_book: LogBook) -> None:
        """`name` is the front end's name in the log."""
        self._name = name
        self._log_book = log_book
        self._running: set[asyncio.Task[Outcome]] = set()

    async def run(
        self,
        function: LocalFunction,
        invocation: Invocation,
        decode: Callable[[bytes], HttpResponse],
        *,
        limit_seconds: float | None = None,
    ) -> HttpResponse:
        """Return the response. Raises TimeLimit, FunctionFailed and Throttled."""
        # The invocation runs in its own task. It continues, and is billed and logged, even if the front end's time
        # limit passes or the client disconnects.
        posted: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(
            function.invoke(invocation, lambda answer: None if posted.done() else posted.set_result(answer))
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        first: set[asyncio.Future[Any]] = {task, posted}
        done, _ = await asyncio.wait(first, timeout=limit_seconds, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            # retrieve the exception, to avoid asyncio's warning
            task.add_done_callback(lambda late: late.cancelled() or late.exception())
        if not done:
            raise TimeLimit
        if posted.done():
            failed, payload = posted.result().failure is not None, posted.result().payload
        else:
            failed, payload = task.result().function_error is not None, task.result().payload
        if failed:
            raise FunctionFailed
        try:
            return decode(payload)
        except MalformedResponse as problem:
            # In the cloud, $context.integrationErrorMessage has the cause. Here, only this line shows it.
            self._log_book.append(function.settings.name, "platform", f"{self._name}: malformed response: {problem}")
            raise FunctionFailed from None


def read_request(request: web.BaseRequest, body: bytes) -> HttpRequest:
    """Return the request as an HttpRequest, with this body."""
    transport = request.transport
    address = transport.get_extra_info("sockname") if transport is not None else None
    return HttpRequest(
        method=request.method,
        raw_path=raw_path(request),
        raw_query=request.raw_path.partition("?")[2],
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers],
        body=body,
        source_ip=request.remote or "127.0.0.1",
        protocol=f"HTTP/{request.version.major}.{request.version.minor}",
        port=address[1] if address else 80,
        scheme="http",
    )


def raw_path(request: web.BaseRequest) -> str:
    """Return the path as received."""
    return request.raw_path.partition("?")[0]


def head_size(request: web.BaseRequest) -> int:
    """Return the size in bytes of the request line and the headers."""
    line = len(request.method) + len(request.raw_path) + len(" HTTP/1.1\r\n") + 1
    return line + sum(len(name) + len(value) + 4 for name, value in request.raw_headers)


def write_response(response: HttpResponse) -> web.Response:
    """Return the response for aiohttp."""
    answer = web.Response(status=response.status, body=response.body)
    answer.headers.pop("Content-Type", None)  # some versions of aiohttp add one
    for name, value in response.headers:
        answer.headers.add(name, value)
    return answer


def write_error(status: int, message: str, key: str = "message") -> web.Response:
    """Return an error response of the front end itself."""
    body = json.dumps({key: message}, separators=(",", ":")).encode()
    return web.Response(status=status, body=body, content_type="application/json")
