"""HTTP/1.1 for the two hot paths of the service: the Runtime API and plain invocations.

It is made for thousands of requests per second with a small head and a small body. An invalid request closes the
connection. A subclass can hand a connection over to another server (`aiohttp`, which supports the full standard):
`takes` returns False before a byte is consumed.

httptools (llhttp) is not faster than `parse_head`: it needs 1.0 to 1.1 times its time for the heads of signed calls of
boto3 and the AWS CLI, and 1.1 times for plain calls. It also accepts what is refused here: two Host headers or none,
HTTP/0.9, two spaces in the request line, `Transfer-Encoding: gzip, chunked`.
"""

from __future__ import annotations

import asyncio
import re
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
    408: "Request Timeout",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
}
# The time limit for a head, and between two pieces of a body. Clients are on this machine or near it.
READ_SECONDS = 30.0
# The maximum of bytes that wait behind the request that is being answered. More bytes stay in the socket.
_MAX_WAITING_BYTES = 65_536
_MAX_CHUNK_LINE_BYTES = 4096
# A connection repeats a few heads: the next requests of a client, or the Runtime API's `next` between its responses.
_MOST_REMEMBERED_HEADS = 4
_MAX_REMEMBERED_BYTES = 2048
# RFC 9110 section 5.6.2 and 5.5: the characters of a name, and those that no value may contain.
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BLANK_LINES = re.compile(rb"(?:\r\n)+")
_CONTROL = bytes([*range(9), *range(10, 32), 127])
# Names as clients write them -> in lower case. A head is parsed in half the time if its names are known.
_KNOWN_NAMES: dict[str, str] = {}
_MOST_KNOWN_NAMES = 512


class BadRequest(Exception):
    """Not HTTP/1.1, or a form that no supported client sends."""


class HeadTooLarge(BadRequest):
    """A head that is longer than the limit."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body. Header names are in lower case; repeated headers are joined with a comma."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    content_length: int
    is_chunked: bool
    is_repeating: bool  # a header occurs more than once

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants the connection to stay open."""
        connection = self.headers.get("connection")
        if connection is None:
            return self.version == "HTTP/1.1"
        options = {option.strip().lower() for option in connection.split(",")}
        return "close" not in options if self.version == "HTTP/1.1" else "keep-alive" in options


def parse_head(data: bytes) -> Head:
    """Parse everything before the empty line. Raises BadRequest."""
    first, *lines = data.decode("latin-1").split("\r\n")
    if len(data.translate(None, _CONTROL)) != len(data) - 2 * len(lines):
        raise BadRequest(f"a control character in {data[:80]!r}")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest(f"request line {first[:80]!r}")
    headers: dict[str, str] = {}
    is_repeating = False
    for line in lines:
        name, colon, value = line.partition(":")
        # Attackers use a space before the colon, and continued lines, for request smuggling.
        if not colon or not (name := _KNOWN_NAMES.get(name) or _lower_name(name)):
            raise BadRequest(f"header line {line[:80]!r}")
        if name in headers:
            is_repeating = True
            headers[name] += "," + value.strip(" \t")
        else:
            headers[name] = value.strip(" \t")
    if words[2] == "HTTP/1.1" and ("host" not in headers or "," in headers["host"]):
        raise BadRequest("no Host header, or several")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise BadRequest(f"content-length {length[:80]!r}")
    coding = headers.get("transfer-encoding")
    if coding is not None and (coding.lower() != "chunked" or "content-length" in headers):
        raise BadRequest(f"transfer-encoding {coding[:80]!r}")
    return Head(words[0], words[1], words[2], headers, int(length), coding is not None, is_repeating)


def _lower_name(name: str) -> str:
    """Return a header name in lower case, or "" if it is not one."""
    if not _NAME.fullmatch(name):
        return ""
    lower = name.lower()
    if len(_KNOWN_NAMES) < _MOST_KNOWN_NAMES and len(name) < 64:
        _KNOWN_NAMES[name] = lower
    return lower


def encode_response(status: int, headers: str, body: bytes, *, closes: bool = False) -> bytes:
    """Return a whole response. `headers` are complete lines, each with its line break."""
    if closes:
        headers += "Connection: close\r\n"
    if status != 204:  # 204 has neither a body nor a length
        headers += f"Content-Length: {len(body)}\r\n"
    head = f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n{headers}\r\n"
    return head.encode("utf-8", "replace") + body


class _Body:
    """Collects a body. Beyond `limit`, it counts bytes without keeping them, so that the sender can read the error."""

    def __init__(self, head: Head, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._missing = head.content_length  # the missing bytes of the body, or of the chunk
        self._state = "size" if head.is_chunked else "plain"
        self._pending = b""
        self.size = 0

    def feed(self, data: bytes) -> bytes | None:
        """Add data. Return the bytes after the complete body, or None if the body is not complete."""
        if self._state == "plain":
            return self._feed_plain(data)
        return self._feed_chunked(data)

    def take(self) -> bytes:
        """Return the body; empty if it was too long."""
        return b"".join(self._parts)

    def _feed_plain(self, data: bytes) -> bytes | None:
        self._keep(data[: self._missing])
        rest = data[self._missing :]
        self._missing -= len(data) - len(rest)
        return rest if self._missing == 0 else None

    def _feed_chunked(self, data: bytes) -> bytes | None:
        data = self._pending + data
        at = 0  # the used part of the data; removing each short chunk would copy the rest each time
        while True:
            if self._state == "data":
                piece = data[at : at + self._missing]
                self._keep(piece)
                at += len(piece)
                self._missing -= len(piece)
                if self._missing:
                    self._pending = b""
                    return None
                self._state = "end"
            end = data.find(b"\r\n", at)
            if end < 0:
                self._pending = data[at:]
                if len(self._pending) > _MAX_CHUNK_LINE_BYTES:
                    raise BadRequest("a chunk's first line that does not end")
                return None
            line = data[at:end]
            at = end + 2
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
                return data[at:]

    def _keep(self, data: bytes) -> None:
        self.size += len(data)
        if self.size <= self._limit:
            self._parts.append(data)
        else:
            self._parts.clear()


class HttpConnection(asyncio.Protocol):
    """A connection of a client. A subclass handles a request in `handle`, and answers it with `reply`, now or later."""

    def __init__(self, *, max_head_bytes: int, max_body_bytes: int, read_seconds: float | None = None) -> None:
        """`read_seconds`: the time limit for a head, and between two pieces of a body; None means no limit."""
        self._max_head = max_head_bytes
        self._read_seconds = read_seconds
        self._reading: asyncio.TimerHandle | None = None
        self._is_write_paused = False
        self._is_half_closed = False
        self._max_body = max_body_bytes
        self._data = b""
        self._head: Head | None = None
        self._heads: dict[bytes, Head] = {}  # the last used one is the last
        self._body: _Body | None = None
        self._is_busy = False
        self._is_advancing = False
        self._is_paused = False
        self.transport: asyncio.Transport | None = None

    def takes(self, head: Head) -> bool:
        """Whether `handle` gets the request; else `hand_over` gets the connection."""
        return True

    def handle(self, head: Head, body: bytes, size: int) -> None:
        """Handle a whole request. `size` is the body's size on the wire; `body` is empty if it exceeds the limit."""
        raise NotImplementedError

    def hand_over(self, data: bytes) -> None:
        """Hand the connection over. `data`: bytes that were read but not used."""
        self.close()

    def refuse(self, problem: BadRequest) -> None:
        """Refuse bytes that are not a request, and end the connection, because later bytes cannot be parsed."""
        if self.transport is not None:
            self.transport.write(encode_response(400, "", b"", closes=True))
        self.close()

    def close(self) -> None:
        """Close the connection after everything is written."""
        self._data = b""
        if self.transport is not None:
            self.transport.close()

    @property
    def is_reading_body(self) -> bool:
        """Whether a request has started, and part of its body is missing."""
        return self._head is not None

    def reply(self, data: bytes, *, keeps_alive: bool = True) -> None:
        """Send the whole answer; then handle the next request, if it has arrived."""
        self._is_busy = False
        if self.transport is None:
            return
        self.transport.write(data)
        if not keeps_alive:
            self.close()
        elif not self._is_advancing:
            self._go_on()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio. Later answers are dropped."""
        self.transport = None
        self._data = b""
        self._stop_timer()

    def pause_writing(self) -> None:
        """Called by asyncio: the client does not read. Its next request waits until it does."""
        self._is_write_paused = True

    def resume_writing(self) -> None:
        """Called by asyncio: the client reads again."""
        self._is_write_paused = False
        if not self._is_busy and not self._is_advancing:
            self._go_on()

    def eof_received(self) -> bool | None:
        """Called by asyncio: the client sends no more data. It still gets an answer to each complete request."""
        self._is_half_closed = True
        return self._waits_for_us or None

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._data = self._data + data if self._data else data
        if not self._is_busy:
            self._advance()
            if self._read_seconds is not None:
                self._watch_reading()
        if len(self._data) > _MAX_WAITING_BYTES and self._waits_for_us and self.transport is not None:
            self._is_paused = True
            self.transport.pause_reading()

    @property
    def _waits_for_us(self) -> bool:
        """Whether the client must wait for us: we have not answered, or it has not read our answer."""
        return self._is_busy or (self._is_write_paused and bool(self._data))

    def _go_on(self) -> None:
        """Handle the bytes that arrived while an answer was created or read."""
        if self._is_paused and self.transport is not None:
            self._is_paused = False
            self.transport.resume_reading()
        if self._data:
            self._advance()
        if self._is_half_closed and not self._waits_for_us:
            self.close()
        if self._read_seconds is not None:
            self._watch_reading()

    def _advance(self) -> None:
        self._is_advancing = True
        try:
            while self._data and not self._is_busy and not self._is_write_paused and self.transport is not None:
                if not self._read_request():
                    return
        except BadRequest as problem:
            self.refuse(problem)
        finally:
            self._is_advancing = False

    def _watch_reading(self) -> None:
        """Run a timer while a request is incomplete: one for the whole head, a new one for each piece of a body."""
        is_incomplete = self.transport is not None and not self._waits_for_us and (self._data or self._head is not None)
        if self._reading is not None and (not is_incomplete or self._head is not None):
            self._stop_timer()
        if is_incomplete and self._reading is None and self._read_seconds is not None:
            self._reading = asyncio.get_running_loop().call_later(self._read_seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _time_out(self) -> None:
        self._reading = None
        if self.transport is not None:
            self.transport.write(encode_response(408, "", b"", closes=True))
        self.close()

    def _check_beginning(self) -> None:
        """Refuse at once bytes that cannot be a request: TLS, binary data, lines that end in a bare line feed."""
        if self._data.startswith(b"\r\n"):
            # RFC 9112 section 2.2: empty lines before a request are ignored.
            blank = _BLANK_LINES.match(self._data)
            self._data = self._data[blank.end() if blank else 0 :]
        first = self._data[:1]
        if first and not first.isalpha() and first != b"\r":
            raise BadRequest(f"a request that begins with {self._data[:8]!r}")
        line_end = self._data.find(b"\n")
        if line_end > 0 and self._data[line_end - 1 : line_end] != b"\r":
            raise BadRequest("lines that end in a bare line feed")

    def _read_request(self) -> bool:
        """Continue to read. Return False if more data is needed, or if the connection was handed over."""
        if self._head is None:
            self._check_beginning()
            end = self._data.find(b"\r\n\r\n")
            if end < 0 and len(self._data) <= self._max_head:
                return False
            if end < 0 or end > self._max_head:
                raise HeadTooLarge(f"the request line and headers are longer than {self._max_head} bytes")
            head = self._parse(self._data[:end])
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

    def _parse(self, raw: bytes) -> Head:
        """Return the head of a request, from those that were parsed before if it is one of them."""
        head = self._heads.pop(raw, None) or parse_head(raw)
        if len(raw) <= _MAX_REMEMBERED_BYTES:
            self._heads[raw] = head
            if len(self._heads) > _MOST_REMEMBERED_HEADS:
                del self._heads[next(iter(self._heads))]
        return head
