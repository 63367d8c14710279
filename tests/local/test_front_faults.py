"""Clients that behave badly: no other client loses its request or gets a wrong answer."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running

PATH = "/2015-03-31/functions/function/invocations"


@pytest.fixture(scope="module")
def one() -> Iterator[RunningService]:
    """One function, on both front ends."""
    with running(make_settings(handler="app.handler", timeout_seconds=10)) as service:
        yield service


def connect(service: RunningService) -> socket.socket:
    """A plain connection."""
    address = urlsplit(service.url)
    assert address.hostname is not None
    return socket.create_connection((address.hostname, address.port), timeout=20)


def request(body: bytes, path: str = PATH, more: str = "") -> bytes:
    """A whole request that keeps the connection."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def read_answer(client: socket.socket, unread: bytearray) -> tuple[int, bytes]:
    """Status and body of the next answer; later bytes stay in `unread`."""
    while b"\r\n\r\n" not in unread:
        more = client.recv(65_536)
        assert more, f"closed after {bytes(unread)!r}"
        unread += more
    head, _, rest = bytes(unread).partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(rest) < length:
        more = client.recv(65_536)
        assert more
        rest += more
    unread[:] = rest[length:]
    return int(head.split(b" ", 2)[1]), rest[:length]


def read_all(client: socket.socket) -> bytes:
    """Everything until the other side closes."""
    data = b""
    while more := client.recv(65_536):
        data += more
    return data


def is_served(service: RunningService) -> bool:
    """Whether others still get their answers."""
    return service.invoke([1]).json() == [1]


def test_a_slow_client_does_not_block_others(one: RunningService) -> None:
    data = request(b'{"who": "slow"}')
    with connect(one) as slow:
        for index in range(0, len(data), 7):
            slow.sendall(data[index : index + 7])
            if index % 49 == 0:
                assert is_served(one)
        assert read_answer(slow, bytearray()) == (200, b'{"who": "slow"}')


def test_half_open_connections_hold_up_neither_others_nor_the_end() -> None:
    started = time.monotonic()
    with running(make_settings()) as service:
        held = [connect(service) for _ in range(50)]
        for index, client in enumerate(held):
            client.sendall(request(b'"never whole"')[: 10 + index * 3])
        assert is_served(service)
    assert time.monotonic() - started < 15
    for client in held:
        client.close()


@pytest.mark.parametrize(
    "body",
    [b"zz\r\nabc\r\n0\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\n"],
    ids=["no number", "longer than it says", "negative", "huge"],
)
def test_a_broken_chunked_body_never_reaches_the_function(one: RunningService, body: bytes) -> None:
    before = len(one.lines)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with connect(one) as client:
        client.sendall(head + body)
        client.shutdown(socket.SHUT_WR)
        assert b" 200 " not in read_all(client).partition(b"\r\n")[0]
    assert len(one.lines) == before
    assert is_served(one)


@pytest.mark.parametrize(
    "head",
    [
        b"X-Bomb: " + b"x" * 1_000_000,
        b"\r\n".join(b"X-%d: x" % number for number in range(50_000)),
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length : 2",
        b"Content-Length: +2",
        b"X-Folded: a\r\n b",
        b"no colon",
    ],
    ids=["one long header", "many headers", "smuggling", "two lengths", "space", "sign", "folded", "no colon"],
)
def test_a_head_that_is_none_is_refused(one: RunningService, head: bytes, caplog: pytest.LogCaptureFixture) -> None:
    before = len(one.lines)
    with connect(one) as client:
        try:
            client.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode() + head + b"\r\n\r\n[]GET / HTTP/1.1\r\n\r\n")
            client.shutdown(socket.SHUT_WR)
            answer = read_all(client)
        except OSError:
            answer = b""  # closed while we were still sending: refused as well
        assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ", b"HTTP/1.1 431 "))
    assert not caplog.records  # which would be a traceback in the terminal
    assert len(one.lines) == before
    assert is_served(one)


def test_a_client_that_leaves_ends_its_connection_and_not_its_invocation(one: RunningService) -> None:
    before = len(one.lines)
    with connect(one) as client:
        client.sendall(request(b'{"do": "sleep", "seconds": 0.3}'))
        time.sleep(0.1)
    assert is_served(one)  # by another sandbox
    limit = time.monotonic() + 10
    while sum(line.startswith("REPORT ") for line in one.lines[before:]) < 2:
        assert time.monotonic() < limit
        time.sleep(0.01)
    reports = [line for line in one.lines[before:] if line.startswith("REPORT ")]
    assert all("Status:" not in line for line in reports)
    assert one.invoke({"do": "sleep", "seconds": 0}).status == 200


def test_pipelined_requests_are_answered_in_their_order(one: RunningService) -> None:
    bodies = [json.dumps({"number": number}).encode() for number in range(20)]
    with connect(one) as client:
        client.sendall(b"".join(map(request, bodies)))
        unread = bytearray()
        assert [read_answer(client, unread) for _ in bodies] == [(200, body) for body in bodies]


def test_a_connection_changes_its_kind_between_requests(one: RunningService) -> None:
    """Plain, chunked, another path, plain: some on our own HTTP, the rest on aiohttp, all in one go."""
    chunked = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n".encode()
    with connect(one) as client:
        listing = b"GET /2015-03-31/functions HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        client.sendall(request(b"1") + chunked + listing + request(b"3"))
        unread = bytearray()
        answers = [read_answer(client, unread) for _ in range(4)]
    assert [status for status, _ in answers] == [200] * 4
    assert [body for _, body in answers if len(body) < 3] == [b"1", b"2", b"3"]
    assert b'"FunctionName":"behave"' in answers[2][1]


def test_64_connections_interleaved_each_get_their_own_answer(one: RunningService) -> None:
    drawn = random.Random(64)
    clients = [connect(one) for _ in range(64)]
    bodies = [json.dumps({"number": number, "padding": "x" * drawn.randrange(2000)}).encode() for number in range(64)]
    cuts = [drawn.randrange(1, len(request(body))) for body in bodies]
    order = drawn.sample(range(64), 64)
    for number in order:
        clients[number].sendall(request(bodies[number])[: cuts[number]])
    drawn.shuffle(order)

    def finish(number: int) -> tuple[int, bytes]:
        clients[number].sendall(request(bodies[number])[cuts[number] :])
        return read_answer(clients[number], bytearray())

    with ThreadPoolExecutor(6) as threads:
        answers = dict(zip(order, threads.map(finish, order), strict=True))
    assert answers == {number: (200, bodies[number]) for number in range(64)}
    for client in clients:
        client.close()


def test_expect_100_continue_as_curl_sends_it(one: RunningService, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    body = b'"' + b"x" * 3_000_000 + b'"'
    (tmp_path / "body").write_bytes(body)
    command = [
        curl,
        "-sS",
        "-XPOST",
        one.url + PATH,
        "-H",
        "Expect: 100-continue",
        "--data-binary",
        f"@{tmp_path}/body",
    ]
    assert subprocess.run(command, capture_output=True, timeout=60, check=True).stdout == body


def test_connections_that_are_kept_end_with_the_service() -> None:
    with running(make_settings()) as service:
        client = connect(service)
        client.sendall(request(b"1"))
        assert read_answer(client, bytearray()) == (200, b"1")
    assert client.recv(1) == b""
    client.close()


@pytest.mark.parametrize("header", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"])
def test_other_web_sites_are_kept_from_the_hot_path_too(one: RunningService, header: str) -> None:
    before = len(one.lines)
    with connect(one) as client:
        client.sendall(request(b"[]", more=f"{header}\r\n"))
        assert read_answer(client, bytearray())[0] == 403
    assert len(one.lines) == before
