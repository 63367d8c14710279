"""Bodies that are too long, bodies that wait for a word, requests in a row, clients of HTTP/1.0: raw bytes in and out."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.local.conftest import make_settings
from tests.local.test_front_faults import PATH, connect, read_all, read_answer, request
from tests.support.local_service import RunningService, running
from tests.support.spread import spread

ASYNC_PATH = "/2014-11-13/functions/function/invoke-async/"
URL = "function URL"
FRONT_ENDS = [PATH, ASYNC_PATH, "/default/do", URL]


@pytest.fixture(scope="module")
def one() -> Iterator[RunningService]:
    with running(make_settings(handler="app.handler", timeout_seconds=10), function_url_port=0) as service:
        yield service


def reach(service: RunningService, front_end: str) -> tuple[socket.socket, str]:
    """A connection to a front end, and the path there."""
    if front_end != URL:
        return connect(service), front_end
    assert service.lambda_ is not None
    url = dict(service.lambda_.addresses.function_urls)["behave"]
    return connect(RunningService(url=url.rstrip("/"))), "/"


def head_of(path: str, length: int, more: str = "") -> bytes:
    lines = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{more}"
    return f"{lines}Content-Length: {length}\r\n\r\n".encode()


@pytest.mark.parametrize("more", ["", "Expect: 100-continue\r\n"], ids=["", "expect"])
@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_length_over_the_limit_is_refused_before_the_body_comes(
    one: RunningService, front_end: str, more: str
) -> None:
    client, path = reach(one, front_end)
    with client:
        started = time.monotonic()
        client.sendall(head_of(path, 100_000_000, more))
        unread = bytearray()
        status, _ = read_answer(client, unread)
        # No "100 Continue" before it, which would ask for the hundred megabytes.
        assert status == 413
        assert time.monotonic() - started < 10  # the body is waited for 30 s


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_refused_client_gets_connection_close(one: RunningService, front_end: str) -> None:
    client, path = reach(one, front_end)
    with client:
        client.sendall(head_of(path, 100_000_000))
        # What it sends next on this connection would be taken for the body.
        head = client.recv(65_536).partition(b"\r\n\r\n")[0]
        assert b"\r\nconnection: close" in head.lower()


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_client_that_expects_100_continue_gets_it(one: RunningService, front_end: str) -> None:
    client, path = reach(one, front_end)
    with client:
        client.settimeout(5)
        client.sendall(head_of(path, 2, "Expect: 100-continue\r\n"))
        assert client.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        status, _ = read_answer(client, bytearray())
        assert status == (202 if front_end == ASYNC_PATH else 200)


@pytest.mark.parametrize("front_end", spread([PATH, "/default/do", URL], 3))
def test_requests_in_a_row_are_answered_in_order_and_without_a_wait(one: RunningService, front_end: str) -> None:
    client, path = reach(one, front_end)
    count = 200
    with client:
        seconds = {}
        for kind in ("warm", "one by one", "in a row"):
            data = [request(b"[%d]" % number, path) for number in range(count)]
            started = time.monotonic()
            unread = bytearray()
            if kind == "in a row":
                client.sendall(b"".join(data))
                answers = [read_answer(client, unread) for _ in data]
            else:
                answers = []
                for each in data:
                    client.sendall(each)
                    answers.append(read_answer(client, unread))
            seconds[kind] = time.monotonic() - started
            assert [status for status, _ in answers] == [200] * count
            if front_end == PATH:
                assert [body for _, body in answers] == [b"[%d]" % number for number in range(count)]
    # They spare the client its turns, so they take no longer; twice, because of what else this machine does.
    assert seconds["in a row"] < 2 * seconds["one by one"] + 0.5


def test_a_client_of_http_1_0_may_keep_its_connection(one: RunningService) -> None:
    head = f"POST {PATH} HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\n".encode()
    with connect(one) as client:
        for _ in range(3):
            client.sendall(head + b"[1]")
            answer = client.recv(65_536)
            assert b"\r\nconnection: keep-alive" in answer.lower()
            assert answer.endswith(b"\r\n\r\n[1]")


def test_a_client_of_http_1_0_has_its_connection_closed_otherwise(one: RunningService) -> None:
    with connect(one) as client:
        client.sendall(f"POST {PATH} HTTP/1.0\r\nContent-Length: 3\r\n\r\n[1]".encode())
        assert read_all(client).endswith(b"\r\n\r\n[1]")
