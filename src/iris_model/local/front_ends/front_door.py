"""The port of the service: plain invocations are answered here; other connections are handed over to aiohttp.

An invocation over a kept-alive connection is the hot path: a simple head and a body of known length. A connection with
any other request (chunked, `Expect`, another path, invalid HTTP) is handed over before a byte is consumed, and aiohttp
answers it from then on.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Callable
from email.utils import formatdate
from time import time
from urllib.parse import unquote

from iris_model.contract.lambda_limits import MOST_REQUEST_BYTES
from iris_model.local.front_ends.api_messages import ApiRequest, ApiResponse
from iris_model.local.front_ends.invoke_api import InvokeApi
from iris_model.local.wire.half_closed import HalfClosed
from iris_model.local.wire.http1 import BadRequest, Head, HeadTooLarge, HttpConnection, encode_response

# API Gateway accepts 10,240 bytes of request line and headers; this leaves space for a client context.
MAX_HEAD_BYTES = 16_384
# For a head, and between two pieces of a body. Clients are on this machine or near it.
READ_SECONDS = 30.0
_INVOCATION = re.compile(r"/2015-03-31/functions/([^/?#]+)/invocations")
# Headers that change how a request is read, and headers of browsers. aiohttp handles all of these.
_CEREMONY = ("expect", "upgrade", "transfer-encoding", "content-encoding", "origin", "sec-fetch-site")


class FrontDoor(HttpConnection):
    """One client of the service."""

    def __init__(
        self, api: InvokeApi, make_other: Callable[[], asyncio.Protocol], open_doors: set[FrontDoor] | None = None
    ) -> None:
        """`make_other` makes the protocol for other requests. `open_doors` contains this connection while open."""
        super().__init__(max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=MOST_REQUEST_BYTES, read_seconds=READ_SECONDS)
        self._api = api
        self._make_other = make_other
        self._open_doors = open_doors if open_doors is not None else set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a client."""
        super().connection_made(transport)
        self._open_doors.add(self)
        # Detects a client that vanished, so that its connection does not stay open forever.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, error: Exception | None) -> None:
        """The client disconnected, or the service closed."""
        super().connection_lost(error)
        self._open_doors.discard(self)

    def takes(self, head: Head) -> bool:
        """Whether the request is a plain invocation."""
        return (
            head.method == "POST"
            and not head.is_repeating
            and head.content_length <= MOST_REQUEST_BYTES
            and not any(name in head.headers for name in _CEREMONY)
            and _INVOCATION.fullmatch(head.target) is not None
        )

    def handle(self, head: Head, body: bytes, size: int) -> None:
        """Answer one invocation."""
        match = _INVOCATION.fullmatch(head.target)
        assert match is not None
        request = ApiRequest(unquote(match[1]), None, head.headers, body)
        keeps_alive = head.keeps_alive
        # An HTTP/1.0 client (ApacheBench) keeps the connection only if this header is there.
        connection = "Connection: keep-alive\r\n" if keeps_alive and head.version == "HTTP/1.0" else ""
        self._api.start(
            request, lambda response: self.reply(_encode(response, connection, keeps_alive), keeps_alive=keeps_alive)
        )

    def hand_over(self, data: bytes) -> None:
        """Hand the connection over to aiohttp."""
        transport = self.transport
        if transport is None:
            return
        self.transport = None
        self._open_doors.discard(self)
        other = HalfClosed(self._make_other())
        transport.set_protocol(other)
        self._stop_timer()
        other.connection_made(transport)
        other.data_received(data)
        if self._is_half_closed:
            other.eof_received()

    def refuse(self, problem: BadRequest) -> None:
        """Send the error once, and close."""
        transport = self.transport
        if transport is not None:
            body = json.dumps({"message": f"Bad Request: {problem}"}).encode()
            status = 431 if isinstance(problem, HeadTooLarge) else 400
            transport.write(encode_response(status, "Content-Type: application/json\r\n", body, closes=True))
        self.close()


_date: tuple[int, str] = (0, "")


def _encode(response: ApiResponse, connection: str, keeps_alive: bool) -> bytes:
    global _date
    second = int(time())
    if _date[0] != second:
        _date = (second, formatdate(second, usegmt=True))
    headers = f"Date: {_date[1]}\r\n{connection}"
    if response.content_type and response.status != 204:
        headers += f"Content-Type: {response.content_type}\r\n"
    for name, value in response.headers.items():
        headers += f"{name}: {value}\r\n"
    return encode_response(response.status, headers, response.body, closes=not keeps_alive)
