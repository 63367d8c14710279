"""HTTP/1.1 on the two hot paths of the service: bytes in, whole requests out, one after the other.

The Runtime API and plain invocations come here, thousands a second, and each is a small head and a body. What is refused
is refused by closing: a subclass that would rather have somebody else deal with a request (`aiohttp`, which takes
everything the standard allows) says so in `takes`, before a byte of it is used up.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import cast

_REASONS = {
    200: "OK",
    202: "Accepted",
    204: "No Content",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
}
# What may lie in wait behind the request that is being answered. More stays in the socket.
_MAX_WAITING_BYTES = 65_536
_MAX_CHUNK_LINE_BYTES = 4096
_MAX_REMEMBERED_BYTES = 2048


class BadRequest(Exception):
    """Not HTTP/1.1, or not the kind that any client of ours sends."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body. Header names are in lower case; a repeated header is joined with a comma."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    content_length: int
    is_chunked: bool
    is_repeating: bool  # some header occurs more than once

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants the connection to stay open."""
        connection = self.headers.get("connection", "").lower()
        return connection != "close" if self.version == "HTTP/1.1" else connection == "keep-alive"


def parse_head(data: bytes) -> Head:
    """Everything before the empty line. Raises `BadRequest`."""
    first, *lines = data.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest(f"request line {first[:80]!r}")
    headers: dict[str, str] = {}
    is_repeating = False
    for line in lines:
        name, colon, value = line.partition(":")
        # A space before the colon, and a line that continues the one before, are how requests are smuggled.
        if not colon or not name or name != name.strip() or "\n" in line or "\r" in line or "\0" in line:
            raise BadRequest(f"header line {line[:80]!r}")
        name = name.lower()
        if name in headers:
            is_repeating = True
            headers[name] += "," + value.strip(" \t")
        else:
            headers[name] = value.strip(" \t")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise BadRequest(f"content-length {length[:80]!r}")
    coding = headers.get("transfer-encoding")
    if coding is not None and (coding.lower() != "chunked" or "content-length" in headers):
        raise BadRequest(f"transfer-encoding {coding[:80]!r}")
    return Head(words[0], words[1], words[2], headers, int(length), coding is not None, is_repeating)


def encode_response(status: int, headers: str, body: bytes, *, closes: bool = False) -> bytes:
    """A response in one piece. `headers` are whole lines, each with its line break."""
    if closes:
        headers += "Connection: close\r\n"
    if status != 204:  # which has neither a body nor a length
        headers += f"Content-Length: {len(body)}\r\n"
    head = f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n{headers}\r\n"
    return head.encode("utf-8", "replace") + body


class _Body:
    """Collects a body. Beyond `limit` bytes it only counts, so that the sender gets to read why it is refused."""

    def __init__(self, head: Head, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._missing = head.content_length  # of the body, or of the chunk
        self._state = "size" if head.is_chunked else "plain"
        self._pending = b""
        self.size = 0

    def feed(self, data: bytes) -> bytes | None:
        """Take data in. What is left over once the body is complete, else None."""
        if self._state == "plain":
            return self._feed_plain(data)
        return self._feed_chunked(data)

    def take(self) -> bytes:
        """The body; empty when it was too long."""
        return b"".join(self._parts)

    def _feed_plain(self, data: bytes) -> bytes | None:
        self._keep(data[: self._missing])
        rest = data[self._missing :]
        self._missing -= len(data) - len(rest)
        return rest if self._missing == 0 else None

    def _feed_chunked(self, data: bytes) -> bytes | None:
        self._pending = data = self._pending + data
        while True:
            if self._state == "data":
                self._keep(data[: self._missing])
                rest = data[self._missing :]
                self._missing -= len(data) - len(rest)
                data = self._pending = rest
                if self._missing:
                    return None
                self._state = "end"
            line, found, rest = data.partition(b"\r\n")
            if not found:
                if len(data) > _MAX_CHUNK_LINE_BYTES:
                    raise BadRequest("a chunk's first line that does not end")
                return None
            data = self._pending = rest
            if self._state == "end":
                if line:
                    raise BadRequest("a chunk that is longer than it says")
                self._state = "size"
            elif self._state == "size":
                digits = line.partition(b";")[0].strip()
                if not digits or len(digits) > 15 or digits.strip(b"0123456789abcdefABCDEF"):
                    raise BadRequest(f"chunk size {line[:80]!r}")
                self._missing = int(digits, 16)
                self._state = "data" if self._missing else "trailer"
            elif not line:
                return data

    def _keep(self, data: bytes) -> None:
        self.size += len(data)
        if self.size <= self._limit:
            self._parts.append(data)
        else:
            self._parts.clear()


class HttpConnection(asyncio.Protocol):
    """One client. Subclasses say in `handle` what a request comes to, and end it with `reply`, now or later."""

    def __init__(self, *, max_head_bytes: int, max_body_bytes: int) -> None:
        self._max_head = max_head_bytes
        self._max_body = max_body_bytes
        self._data = b""
        self._head: Head | None = None
        self._last: tuple[bytes, Head] | None = None  # a client repeats itself: most heads are the one before
        self._body: _Body | None = None
        self._is_busy = False
        self._is_advancing = False
        self._is_paused = False
        self.transport: asyncio.Transport | None = None

    def takes(self, head: Head) -> bool:
        """Whether the request is one for `handle`; else `hand_over` gets the connection."""
        return True

    def handle(self, head: Head, body: bytes, size: int) -> None:
        """A whole request. `size` is that of the body on the wire, which is more than its limit when `body` is empty."""
        raise NotImplementedError

    def hand_over(self, data: bytes) -> None:
        """The connection is another's from here on; `data` was read and not used."""
        self.close()

    def refuse(self, problem: BadRequest) -> None:
        """What came is no request. Nothing can be told from what follows it, so the connection ends."""
        if self.transport is not None:
            self.transport.write(encode_response(400, "", b"", closes=True))
        self.close()

    def close(self) -> None:
        """End the connection once everything is written."""
        self._data = b""
        if self.transport is not None:
            self.transport.close()

    @property
    def is_reading_body(self) -> bool:
        """Whether a request has begun, and some of its body is missing."""
        return self._head is not None

    def reply(self, data: bytes, *, keeps_alive: bool = True) -> None:
        """Send the whole answer; then the next request, if it is there already."""
        self._is_busy = False
        if self.transport is None:
            return
        self.transport.write(data)
        if not keeps_alive:
            self.close()
            return
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()
        if self._data and not self._is_advancing:
            self._advance()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """For asyncio."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """For asyncio. An answer that comes later goes nowhere."""
        self.transport = None
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """For asyncio."""
        self._data = self._data + data if self._data else data
        if not self._is_busy:
            self._advance()
        elif len(self._data) > _MAX_WAITING_BYTES and self.transport is not None:
            self._is_paused = True
            self.transport.pause_reading()

    def _advance(self) -> None:
        self._is_advancing = True
        try:
            while self._data and not self._is_busy and self.transport is not None:
                if not self._read_request():
                    return
        except BadRequest as problem:
            self.refuse(problem)
        finally:
            self._is_advancing = False

    def _read_request(self) -> bool:
        """Read on; False when more data is needed, or somebody else has the connection."""
        if self._head is None:
            end = self._data.find(b"\r\n\r\n")
            if end < 0 and len(self._data) <= self._max_head:
                return False
            if end < 0 or end > self._max_head:
                raise BadRequest("a head without end")
            raw = self._data[:end]
            if self._last is None or self._last[0] != raw:
                self._last = (raw, parse_head(raw)) if end <= _MAX_REMEMBERED_BYTES else (b"", parse_head(raw))
            head = self._last[1]
            if not self.takes(head):
                data, self._data = self._data, b""
                self.hand_over(data)
                return False
            self._head = head
            self._body = _Body(head, self._max_body)
            self._data = self._data[end + 4 :]
            if head.headers.get("expect", "").lower() == "100-continue" and not self._data and self.transport:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert self._body is not None
        data, self._data = self._data, b""
        rest = self._body.feed(data)
        if rest is None:
            return False
        self._data = rest
        head, body = self._head, self._body
        self._head = self._body = None
        self._is_busy = True
        self.handle(head, body.take(), body.size)
        return True
