"""The Runtime API of one sandbox over HTTP: paths, headers and bodies. What is legal is `runtime_session`'s business.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from iris_model.local.failures import MAX_RESPONSE_BYTES
from iris_model.local.runtime_session import Delivery, Refusal, RuntimeSession

_VERSION = "2018-06-01"
# awslambdaric sends the stack of an exception as a header, up to 1 MiB of it.
_MAX_HEADER_BYTES = 2 * 1024 * 1024


class RuntimeApi:
    """A listening socket on loopback, and the session of the process that now runs in the sandbox."""

    def __init__(self) -> None:
        self._session: RuntimeSession | None = None
        self._http = web.Server(
            self._handle,
            # A poll ends with its connection: the process that waited is gone.
            handler_cancellation=True,
            max_line_size=16_384,
            max_field_size=_MAX_HEADER_BYTES,
            access_log=None,
        )
        self._server: asyncio.Server | None = None
        self.address = ""

    async def open(self) -> None:
        """Listen on a port of the system's choice; `address` is then the value of AWS_LAMBDA_RUNTIME_API."""
        self._server = await asyncio.get_running_loop().create_server(self._http, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{port}"

    def start_session(self) -> RuntimeSession:
        """Forget the former process, if any, and expect a new one."""
        self._session = RuntimeSession()
        return self._session

    async def close(self) -> None:
        """Stop listening and drop every connection, waiting polls included."""
        if self._server is not None:
            self._server.close()
        # Not 0: aiohttp takes that for "as long as it takes", and a poll that waits would wait for ever.
        await self._http.shutdown(0.001)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        session = self._session
        parts = request.path.split("/")[1:]
        if session is None or not parts or parts[0] != _VERSION:
            return web.Response(status=404, text="404 page not found\n")
        try:
            match request.method, parts[1:]:
                case "GET", ["runtime", "invocation", "next"]:
                    return _encode_delivery(await session.next())
                case "POST", ["runtime", "invocation", request_id, "response"]:
                    _check_response_mode(request)
                    body, too_large = await _read_body(request)
                    session.respond(request_id, body, too_large=too_large)
                case "POST", ["runtime", "invocation", request_id, "error"]:
                    session.fail(request_id, _error_type(request), (await _read_body(request))[0])
                case "POST", ["runtime", "init", "error"]:
                    session.fail_init(_error_type(request), (await _read_body(request))[0])
                case "GET", ["ping"]:
                    return web.Response(text="pong")
                case _, ["runtime", "invocation", "next"] | ["runtime", "init", "error"]:
                    return web.Response(status=405)
                case _, ["runtime", "invocation", _, "response" | "error"]:
                    return web.Response(status=405)
                case _:
                    return web.Response(status=404, text="404 page not found\n")
        except Refusal as refusal:
            return _encode_refusal(refusal)
        return web.Response(status=202, body=b'{"status":"OK"}\n', content_type="application/json")


def _encode_delivery(delivery: Delivery) -> web.Response:
    # https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next
    invocation = delivery.invocation
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(delivery.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        "Lambda-Runtime-Trace-Id": invocation.trace_id,
        "Lambda-Runtime-Invocation-Id": delivery.invocation_id,
    }
    if invocation.client_context:
        headers["Lambda-Runtime-Client-Context"] = invocation.client_context
    if invocation.tenant_id:
        headers["Lambda-Runtime-Aws-Tenant-Id"] = invocation.tenant_id
    return web.Response(body=invocation.payload, headers=headers)


def _encode_refusal(refusal: Refusal) -> web.Response:
    body = json.dumps({"errorMessage": refusal.message, "errorType": refusal.error_type}) + "\n"
    return web.Response(status=refusal.status, text=body, content_type="application/json")


def _error_type(request: web.BaseRequest) -> str:
    return request.headers.get("Lambda-Runtime-Function-Error-Type", "")


def _check_response_mode(request: web.BaseRequest) -> None:
    # A streamed response is accepted and buffered: every caller of ours asks for a buffered one.
    if request.headers.get("Lambda-Runtime-Function-Response-Mode", "streaming") != "streaming":
        raise Refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode")


async def _read_body(request: web.BaseRequest) -> tuple[bytes, bool]:
    """The body, and whether it is too large. All of it is read, so that the runtime gets to see the refusal."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size <= MAX_RESPONSE_BYTES:
                chunks.append(chunk)
            else:
                chunks.clear()
    except (OSError, web.PayloadAccessError, web.RequestPayloadError):
        raise Refusal(400, "TruncatedHTTPRequest", "HTTP request detected as truncated") from None
    return b"".join(chunks), size > MAX_RESPONSE_BYTES
