"""Our small HTTP/1.1 parser, with input cut at every byte: the chunks must not change the result."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from iris_model.local.wire import http1
from iris_model.local.wire.http1 import BadRequest, Head, HttpConnection, parse_head

REQUESTS = (
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
    b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nde\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
    b"POST /d HTTP/1.0\r\nConnection: keep-alive\r\nX: 1\r\nx:  2 \r\n\r\n"
)
EXPECTED = [
    ("POST", "/a", b"abc"),
    ("GET", "/b", b""),
    ("POST", "/c", b"de0123456789"),
    ("POST", "/d", b""),
]


class Transport:
    """Notes what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False
        self.is_paused = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


class Recorder(HttpConnection):
    """Answers immediately, or when the test calls it."""

    def __init__(
        self, *, answers_at_once: bool = True, max_body_bytes: int = 100, read_seconds: float | None = None
    ) -> None:
        super().__init__(max_head_bytes=200, max_body_bytes=max_body_bytes, read_seconds=read_seconds)
        self.seen: list[tuple[str, str, bytes]] = []
        self.sizes: list[int] = []
        self._at_once = answers_at_once
        self.wire: Any = Transport()
        self.connection_made(self.wire)

    def handle(self, head: Head, body: bytes, size: int) -> None:
        self.seen.append((head.method, head.target, body))
        self.sizes.append(size)
        if self._at_once:
            self.reply(b"<%d>" % len(self.seen))


@pytest.mark.parametrize("step", range(1, 40))
def test_however_it_is_cut_it_says_the_same(step: int) -> None:
    connection = Recorder()
    for index in range(0, len(REQUESTS), step):
        connection.data_received(REQUESTS[index : index + step])
    assert connection.seen == EXPECTED
    assert connection.wire.written == b"<1><2><3><4>"


def test_one_request_at_a_time_however_many_have_come() -> None:
    connection = Recorder(answers_at_once=False)
    connection.data_received(REQUESTS)
    for number in range(1, 5):
        assert len(connection.seen) == number
        connection.reply(b"ok")
    assert connection.seen == EXPECTED


def test_unread_input_is_bounded() -> None:
    connection = Recorder(answers_at_once=False)
    connection.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.data_received(b"x" * 70_000)
    assert connection.wire.is_paused
    connection.reply(b"ok")
    assert not connection.wire.is_paused
    assert connection.wire.is_closed  # what waited was no request


GET = b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n"


def test_output_for_a_client_that_does_not_read_is_bounded() -> None:
    connection = Recorder()
    connection.pause_writing()
    for _ in range(10):
        connection.data_received(GET * 500)
        if connection.wire.is_paused:
            break
    assert connection.wire.is_paused
    assert connection.seen == []
    connection.resume_writing()
    assert not connection.wire.is_paused
    assert len(connection.seen) > 1000


@pytest.mark.parametrize("pauses", [False, True])
def test_requests_that_came_before_the_end_are_answered(pauses: bool) -> None:
    connection = Recorder(answers_at_once=False)
    connection.data_received(GET * 3 + b"GET /never HTTP")
    if pauses:
        connection.pause_writing()
    assert connection.eof_received()
    for number in range(1, 4):
        assert not connection.wire.is_closed
        connection.reply(b"ok")
        if pauses:
            assert len(connection.seen) == number
            assert not connection.wire.is_closed or number == 3
            connection.resume_writing()
            connection.pause_writing()
    assert connection.seen == [("GET", "/b", b"")] * 3
    assert connection.wire.is_closed


def test_a_timer_runs_while_a_request_is_incomplete_and_only_then() -> None:
    """However the connection came to it: by data, by an answer, or by a client that reads again."""

    async def main() -> list[bool]:
        connection = Recorder(answers_at_once=False, read_seconds=30)
        found = []

        def look() -> None:
            found.append(connection._reading is not None)

        connection.data_received(GET + GET[:9])
        look()  # no: the answer is not there
        connection.reply(b"ok")
        look()  # yes: half of a head
        connection.data_received(GET[9:])
        look()
        connection.pause_writing()
        connection.reply(b"ok")
        connection.data_received(GET)
        look()  # no: the client reads slowly, but it has sent all
        connection.resume_writing()
        look()
        connection.reply(b"ok")
        look()
        connection.connection_lost(None)
        return found

    assert asyncio.run(main()) == [False, True, False, False, False, False]


def test_a_body_beyond_the_limit_is_counted_and_not_kept() -> None:
    for data in (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n" + b"x" * 101,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n",
    ):
        connection = Recorder()
        connection.data_received(data)
        assert (connection.seen[0][2], connection.sizes) == (b"", [101])


@pytest.mark.parametrize(
    "head",
    [
        b"GET /",
        b"GET / HTTP/2",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1\r\nhost: x\r\nname",
        b"GET / HTTP/1.1\r\nhost: x\r\n: value",
        b"GET / HTTP/1.1\r\nhost: x\r\nname : value",
        b"GET / HTTP/1.1\r\nhost: x\r\n name: value",
        b"GET / HTTP/1.1\r\nhost: x\r\nname: a\nb: c",
        b"GET / HTTP/1.1\r\nhost: x\r\nname: a\0",
        b"GET / HTTP/1.1\r\nhost: x\r\nname: a\x7fb",
        b"GET /\x1b[2J HTTP/1.1\r\nhost: x",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1, 1",
        "GET / HTTP/1.1\r\nhost: x\r\ncontent-length: ²".encode("latin-1"),
        b"GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked",
        b"GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 1",
    ],
)
def test_invalid_request_heads_are_refused(head: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_head(head)


def test_names_of_strangers_fill_no_memory() -> None:
    for number in range(2000):
        head = parse_head(f"GET / HTTP/1.1\r\nHost: x\r\nX-{number}: a\r\nx-{number}: b".encode())
        assert head.headers == {"host": "x", f"x-{number}": "a,b"}
    assert len(http1._KNOWN_NAMES) <= 512
    connection = Recorder()
    for number in range(20):
        connection.data_received(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
        connection.reply(b"ok")
    assert [target for _, target, _ in connection.seen] == [f"/{number}" for number in range(20)]
    assert len(connection._heads) <= 4


def test_an_endless_head_is_refused() -> None:
    connection = Recorder()
    for _ in range(5):
        connection.data_received(b"x" * 50)
    assert connection.wire.is_closed
    assert connection.wire.written.startswith(b"HTTP/1.1 400 ")


CHUNKS = b"1\r\nx\r\n" * 160_000


@pytest.mark.parametrize(
    ("before", "piece", "after", "expected"),
    [
        (b"", b"\r\n" * 500_000, b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n", ("GET", "/b", b"")),
        (b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNKS, b"0\r\n\r\n",
         ("POST", "/c", b"x" * 160_000)),
    ],
    ids=["empty lines", "chunks of one byte"],
)  # fmt: skip
def test_a_large_piece_of_short_lines_does_not_stop_the_loop(
    before: bytes, piece: bytes, after: bytes, expected: tuple[str, str, bytes]
) -> None:
    """Taking lines off one by one copied the rest each time: 14 times as long as the same lines in pieces of 64 KiB."""
    seconds = {}
    for size in (65_536, len(piece)):
        connection = Recorder(max_body_bytes=1_000_000)
        connection.data_received(before)
        began = time.thread_time()
        for start in range(0, len(piece), size):
            connection.data_received(piece[start : start + size])
        seconds[size] = time.thread_time() - began
        connection.data_received(after)
        assert connection.seen == [expected]
    assert seconds[len(piece)] < 5 * seconds[65_536]
