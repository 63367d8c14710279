"""The one port of the service: plain invocations are answered here, everything else goes to aiohttp, connection and all.

An invocation over a warm connection is the hot path: a head that we can read, a body of known length, no ceremony. A
request that is anything else (chunked, `Expect`, another path, not quite HTTP) hands its connection over before a byte of
it is used up, and aiohttp answers that request and all that follow.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from email.utils import formatdate
from time import time
from urllib.parse import unquote

from iris_model.local.api_messages import ApiRequest, ApiResponse
from iris_model.local.http1 import BadRequest, Head, HttpConnection, encode_response
from iris_model.local.invoke_api import InvokeApi
from iris_model.local.service_errors import MAX_SYNC_PAYLOAD_BYTES

# API Gateway takes 10,240 bytes of request line and headers together; what a client context adds fits as well.
MAX_HEAD_BYTES = 16_384
_INVOCATION = re.compile(r"/2015-03-31/functions/([^/?#]+)/invocations")
# Everything that changes how a request is read, and what tells of a browser. Behind aiohttp all of it is known.
_CEREMONY = ("expect", "upgrade", "transfer-encoding", "content-encoding", "origin", "sec-fetch-site")


class FrontDoor(HttpConnection):
    """One client of the service."""

    def __init__(
        self, api: InvokeApi, make_other: Callable[[], asyncio.Protocol], open_doors: set[FrontDoor] | None = None
    ) -> None:
        """`make_other` makes the protocol that takes over what is not for us. `open_doors` has us while we are open."""
        super().__init__(max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=MAX_SYNC_PAYLOAD_BYTES)
        self._api = api
        self._make_other = make_other
        self._open_doors = open_doors if open_doors is not None else set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        super().connection_made(transport)
        self._open_doors.add(self)
        # A client that vanished without a word is noticed in the end, so that its connection does not stay for ever.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, error: Exception | None) -> None:
        """The client left, or we closed."""
        super().connection_lost(error)
        self._open_doors.discard(self)

    def takes(self, head: Head) -> bool:
        """Plain invocations only."""
        return (
            head.method == "POST"
            and head.version == "HTTP/1.1"
            and not head.is_repeating
            and head.content_length <= MAX_SYNC_PAYLOAD_BYTES
            and not any(name in head.headers for name in _CEREMONY)
            and _INVOCATION.fullmatch(head.target) is not None
        )

    def handle(self, head: Head, body: bytes, size: int) -> None:
        """One invocation."""
        match = _INVOCATION.fullmatch(head.target)
        assert match is not None
        request = ApiRequest(unquote(match[1]), None, head.headers, body)
        keeps_alive = head.keeps_alive
        self._api.start(request, lambda response: self.reply(_encode(response, keeps_alive), keeps_alive=keeps_alive))

    def hand_over(self, data: bytes) -> None:
        """From here on the client talks to aiohttp."""
        transport = self.transport
        if transport is None:
            return
        self.transport = None
        self._open_doors.discard(self)
        other = self._make_other()
        transport.set_protocol(other)
        other.connection_made(transport)
        other.data_received(data)

    def refuse(self, problem: BadRequest) -> None:
        """aiohttp refuses what is no HTTP with words."""
        data, self._data = self._data, b""
        if self.is_reading_body:
            self.close()
        else:
            self.hand_over(data)


_date: tuple[int, str] = (0, "")


def _encode(response: ApiResponse, keeps_alive: bool) -> bytes:
    global _date
    second = int(time())
    if _date[0] != second:
        _date = (second, formatdate(second, usegmt=True))
    headers = f"Date: {_date[1]}\r\n"
    if response.content_type and response.status != 204:
        headers += f"Content-Type: {response.content_type}\r\n"
    for name, value in response.headers.items():
        headers += f"{name}: {value}\r\n"
    return encode_response(response.status, headers, response.body, closes=not keeps_alive)
