"""The Runtime API of one sandbox over HTTP: paths, headers and bodies. `runtime_session` decides which calls are legal.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import json

from iris_model.contract.lambda_limits import MOST_RESPONSE_BYTES
from iris_model.local.confinements.confinement import RuntimeApiPlace
from iris_model.local.sandboxes.runtime_session import Delivery, Refusal, RuntimeSession
from iris_model.local.wire.http1 import BadRequest, Head, HttpConnection, encode_response

_VERSION = "2018-06-01"
_NEXT = f"/{_VERSION}/runtime/invocation/next"
# awslambdaric sends up to 1 MiB of an exception's stack trace as a header.
_MAX_HEAD_BYTES = 2 * 1024 * 1024

_JSON = "Content-Type: application/json\r\n"
_ACCEPTED = encode_response(202, _JSON, b'{"status":"OK"}\n')
_NOT_FOUND = encode_response(404, "Content-Type: text/plain; charset=utf-8\r\n", b"404 page not found\n")
_NOT_ALLOWED = encode_response(405, "", b"")
_FOREIGN = encode_response(
    403, "Content-Type: text/plain; charset=utf-8\r\n", b"the Runtime API is for the runtime only\n", closes=True
)
_PONG = encode_response(200, "Content-Type: text/plain; charset=utf-8\r\n", b"pong")


class RuntimeApi:
    """A listening socket, and the session of the process that runs in the sandbox."""

    def __init__(self) -> None:
        self.session: RuntimeSession | None = None
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._address = ""

    async def open(self, place: RuntimeApiPlace) -> None:
        """Serve on the listener of this place; `close` closes it."""
        self._address = place.address
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), sock=place.listener)

    def is_foreign(self, head: Head) -> bool:
        """Whether a browser sent the call, or its host is not the address that the runtime was given.

        A web page can make a browser call any port of this machine (with DNS rebinding, under the page's own name). A
        runtime sends the address that it was given, and no headers of a browser.
        """
        headers = head.headers
        is_browser = "origin" in headers or "sec-fetch-site" in headers
        return is_browser or headers.get("host", self._address) != self._address

    def start_session(self) -> RuntimeSession:
        """Start a session for a new process, and drop the previous session."""
        self.session = RuntimeSession()
        return self.session

    async def close(self) -> None:
        """Stop listening and drop every connection, including waiting polls."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.abort()


class _Connection(HttpConnection):
    """A connection of the runtime, or of any other process in the sandbox."""

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(max_head_bytes=_MAX_HEAD_BYTES, max_body_bytes=MOST_RESPONSE_BYTES)
        self._api = api
        self._polled: RuntimeSession | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a runtime."""
        super().connection_made(transport)
        self._api.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """End the poll of this connection."""
        super().connection_lost(error)
        self._api.connections.discard(self)
        if self._polled is not None:
            self._polled.forget(self._deliver)
            self._polled = None

    def abort(self) -> None:
        """Drop the connection."""
        if self.transport is not None:
            self.transport.abort()

    def handle(self, head: Head, body: bytes, size: int) -> None:
        """Answer one call."""
        session = self._api.session
        if self._api.is_foreign(head):
            self.reply(_FOREIGN, keeps_alive=False)
            return
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
        """Send an error if the runtime closes its side within a body: it may still read the error."""
        if self.is_reading_body and self.transport is not None:
            refusal = Refusal(400, "TruncatedHTTPRequest", "HTTP request detected as truncated")
            self.transport.write(_encode_refusal(refusal))

    def refuse(self, problem: BadRequest) -> None:
        """Refuse invalid HTTP, or a body with another length than announced."""
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
    """Answer every call except `next`."""
    too_large = size > MOST_RESPONSE_BYTES
    match head.method, head.target.partition("?")[0].split("/")[1:]:
        case "POST", [version, "runtime", "invocation", request_id, "response"] if version == _VERSION:
            _check_response_mode(head)
            session.respond(request_id, body, too_large=too_large)
            return _ACCEPTED
        case "POST", [version, "runtime", "invocation", request_id, "error"] if version == _VERSION:
            session.fail(request_id, _error_type(head), body, too_large=too_large)
            return _ACCEPTED
        case "POST", [version, "runtime", "init", "error"] if version == _VERSION:
            session.fail_init(_error_type(head), body, too_large=too_large)
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
    # A streamed response is accepted and buffered, because every caller requests a buffered one.
    if head.headers.get("lambda-runtime-function-response-mode", "streaming") != "streaming":
        raise Refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode")
