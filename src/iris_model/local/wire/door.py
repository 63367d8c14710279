"""A port for browsers and other clients: checks the first request of a connection, then hands it over to aiohttp.

It is needed because aiohttp waits for the rest of a head without a time limit, and closes a connection if the client
has closed its side.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable

from iris_model.local.wire import http1
from iris_model.local.wire.half_closed import HalfClosed
from iris_model.local.wire.http1 import BadRequest, Head, HeadTooLarge, HttpConnection, encode_response

# API Gateway accepts 10,240 bytes of request line and headers. This limit also has space for a client context.
MAX_HEAD_BYTES = 16_384


class Door(HttpConnection):
    """One client. A subclass may answer some requests itself (`takes`, `handle`)."""

    def __init__(
        self,
        make_other: Callable[[], asyncio.Protocol],
        open_doors: set[Door] | None = None,
        *,
        max_body_bytes: int = 0,
    ) -> None:
        """`make_other` makes the protocol of aiohttp. `open_doors` contains this connection while it is open here."""
        super().__init__(max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=max_body_bytes, read_seconds=http1.READ_SECONDS)
        self._make_other = make_other
        self._open_doors = open_doors if open_doors is not None else set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a client."""
        super().connection_made(transport)
        self._open_doors.add(self)
        # Detects a client that vanished, so that its connection does not stay open forever.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection: the client disconnected, or the service closed it."""
        super().connection_lost(error)
        self._open_doors.discard(self)

    def takes(self, head: Head) -> bool:
        """Leave all requests to aiohttp."""
        return False

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
