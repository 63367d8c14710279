"""The Runtime API of one sandbox over HTTP: paths, headers and bodies. What is legal is `runtime_session`'s business.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import json
import socket

from iris_model.local.failures import MAX_RESPONSE_BYTES
from iris_model.local.http1 import BadRequest, Head, HttpConnection, encode_response
from iris_model.local.runtime_session import Delivery, Refusal, RuntimeSession

_VERSION = "2018-06-01"
_NEXT = f"/{_VERSION}/runtime/invocation/next"
# awslambdaric sends the stack of an exception as a header, up to 1 MiB of it.
_MAX_HEAD_BYTES = 2 * 1024 * 1024

_JSON = "Content-Type: application/json\r\n"
_ACCEPTED = encode_response(202, _JSON, b'{"status":"OK"}\n')
_NOT_FOUND = encode_response(404, "Content-Type: text/plain; charset=utf-8\r\n", b"404 page not found\n")
_NOT_ALLOWED = encode_response(405, "", b"")
_PONG = encode_response(200, "Content-Type: text/plain; charset=utf-8\r\n", b"pong")


class RuntimeApi:
    """A listening socket, and the session of the process that now runs in the sandbox."""

    def __init__(self) -> None:
        self.session: RuntimeSession | None = None
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def open(self, listener: socket.socket) -> None:
        """Answer whoever connects to this socket; closing is done here."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), sock=listener)

    def start_session(self) -> RuntimeSession:
        """Forget the former process, if any, and expect a new one."""
        self.session = RuntimeSession()
        return self.session

    async def close(self) -> None:
        """Stop listening and drop every connection, waiting polls included."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.abort()


class _Connection(HttpConnection):
    """One connection of the runtime, or of whatever in the sandbox has found the address."""

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(max_head_bytes=_MAX_HEAD_BYTES, max_body_bytes=MAX_RESPONSE_BYTES)
        self._api = api
        self._polled: RuntimeSession | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A runtime came."""
        super().connection_made(transport)
        self._api.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """A poll ends with its connection: who waited is gone."""
        super().connection_lost(error)
        self._api.connections.discard(self)
        if self._polled is not None:
            self._polled.forget(self._deliver)
            self._polled = None

    def abort(self) -> None:
        """Drop the connection as it is."""
        if self.transport is not None:
            self.transport.abort()

    def handle(self, head: Head, body: bytes, size: int) -> None:
        """One call."""
        session = self._api.session
        try:
            if session is not None and head.method == "GET" and head.target == _NEXT:
                self._polled = session
                session.poll(self._deliver)
                return
            answer = _NOT_FOUND if session is None else _call(session, head, body, size)
        except Refusal as refusal:
            self._polled = None
            answer = _encode_refusal(refusal)
        self.reply(answer, keeps_alive=head.keeps_alive)

    def eof_received(self) -> None:
        """A runtime that closes its side in the middle of a body may still read what is thought of that."""
        if self.is_reading_body and self.transport is not None:
            refusal = Refusal(400, "TruncatedHTTPRequest", "HTTP request detected as truncated")
            self.transport.write(_encode_refusal(refusal))

    def refuse(self, problem: BadRequest) -> None:
        """A body that is not the one announced, or no HTTP at all."""
        if self.is_reading_body and self.transport is not None:
            self.transport.write(
                _encode_refusal(Refusal(400, "TruncatedHTTPRequest", "HTTP request detected as truncated"))
            )
            self.close()
        else:
            super().refuse(problem)

    def _deliver(self, delivery: Delivery) -> None:
        self._polled = None
        self.reply(_encode_delivery(delivery))


def _call(session: RuntimeSession, head: Head, body: bytes, size: int) -> bytes:
    """Every call but `next`."""
    match head.method, head.target.partition("?")[0].split("/")[1:]:
        case "POST", [version, "runtime", "invocation", request_id, "response"] if version == _VERSION:
            _check_response_mode(head)
            session.respond(request_id, body, too_large=size > MAX_RESPONSE_BYTES)
            return _ACCEPTED
        case "POST", [version, "runtime", "invocation", request_id, "error"] if version == _VERSION:
            session.fail(request_id, _error_type(head), body)
            return _ACCEPTED
        case "POST", [version, "runtime", "init", "error"] if version == _VERSION:
            session.fail_init(_error_type(head), body)
            return _ACCEPTED
        case "GET", [version, "ping"] if version == _VERSION:
            return _PONG
        case _, [version, "runtime", "invocation", "next"] | [version, "runtime", "init", "error"] if (
            version == _VERSION
        ):
            return _NOT_ALLOWED
        case _, [version, "runtime", "invocation", _, "response" | "error"] if version == _VERSION:
            return _NOT_ALLOWED
    return _NOT_FOUND


def _encode_delivery(delivery: Delivery) -> bytes:
    # https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next
    invocation = delivery.invocation
    headers = (
        f"{_JSON}Lambda-Runtime-Aws-Request-Id: {invocation.request_id}\r\n"
        f"Lambda-Runtime-Deadline-Ms: {delivery.deadline_ms}\r\n"
        f"Lambda-Runtime-Invoked-Function-Arn: {invocation.function_arn}\r\n"
        f"Lambda-Runtime-Trace-Id: {invocation.trace_id}\r\n"
        f"Lambda-Runtime-Invocation-Id: {delivery.invocation_id}\r\n"
    )
    if invocation.client_context:
        headers += f"Lambda-Runtime-Client-Context: {invocation.client_context}\r\n"
    if invocation.tenant_id:
        headers += f"Lambda-Runtime-Aws-Tenant-Id: {invocation.tenant_id}\r\n"
    return encode_response(200, headers, invocation.payload)


def _encode_refusal(refusal: Refusal) -> bytes:
    body = json.dumps({"errorMessage": refusal.message, "errorType": refusal.error_type}) + "\n"
    return encode_response(refusal.status, _JSON, body.encode())


def _error_type(head: Head) -> str:
    return head.headers.get("lambda-runtime-function-error-type", "")


def _check_response_mode(head: Head) -> None:
    # A streamed response is accepted and buffered: every caller of ours asks for a buffered one.
    if head.headers.get("lambda-runtime-function-response-mode", "streaming") != "streaming":
        raise Refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode")
