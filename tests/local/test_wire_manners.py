"""One grammar for every path of the port, and answers for clients that stop writing: raw bytes in, raw bytes out."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.local.conftest import make_settings
from tests.local.test_front_faults import PATH, connect, is_served, read_all, request
from tests.support.local_service import RunningService, running

PATHS = [PATH, "/default/do", "/_local/functions"]


@pytest.fixture(scope="module")
def one() -> Iterator[RunningService]:
    with running(make_settings(handler="app.handler", timeout_seconds=10), function_url_port=0) as service:
        yield service


def port_of(one: RunningService, kind: str) -> RunningService:
    """The port of the service, or that of its function URL, which is held to the same."""
    if kind == "service":
        return one
    assert one.lambda_ is not None
    return RunningService(url=dict(one.lambda_.addresses.function_urls)["behave"].rstrip("/"))


PORTS = ["service", "function URL"]


def answer_to(service: RunningService, data: bytes) -> tuple[int, float]:
    """The status that raw bytes get before the connection closes, and how long that took. 0: closed without an answer."""
    started = time.monotonic()
    with connect(service) as client:
        client.sendall(data)
        answer = read_all(client)
    return int(answer.split(b" ", 2)[1]) if answer else 0, time.monotonic() - started


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "lines",
    [
        "X: 1\r\n",  # no Host
        "Host: a\r\nHost: b\r\n",
        "Host: 127.0.0.1\r\nbad name: 1\r\n",
        "Host: 127.0.0.1\r\nbad\x01name: 1\r\n",
        "Host: 127.0.0.1\r\nname : 1\r\n",
        "Host: 127.0.0.1\r\nname: a\x01b\r\n",
        "Host: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_every_path_refuses_the_same(one: RunningService, path: str, lines: str) -> None:
    head = f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
    for kind in PORTS:
        status, seconds = answer_to(port_of(one, kind), head)
        assert (kind, status, seconds < 2) == (kind, 400, True)


@pytest.mark.parametrize("path", PATHS)
def test_a_later_request_of_a_connection_is_held_to_the_same(one: RunningService, path: str) -> None:
    first = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    for second in ("X: 1\r\n", "Host: 127.0.0.1\r\nbad name: 1\r\n"):
        with connect(one) as client:
            client.sendall(first + f"GET {path} HTTP/1.1\r\n{second}\r\n".encode())
            assert b" 400 Bad Request\r\n" in read_all(client)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),  # the hello of TLS
        b"POST / HTTP/1.1\nHost: 127.0.0.1\n\n",
        b"\x00\x01\x02",
    ],
)
def test_invalid_request_data_is_refused_at_once(one: RunningService, data: bytes) -> None:
    for kind in PORTS:
        status, seconds = answer_to(port_of(one, kind), data)
        assert (kind, status, seconds < 2) == (kind, 400, True)


@pytest.mark.parametrize("kind", PORTS)
@pytest.mark.parametrize("path", PATHS[:2])
def test_a_client_that_stops_writing_gets_its_answer(one: RunningService, path: str, kind: str) -> None:
    with connect(port_of(one, kind)) as client:
        client.sendall(request(b'{"do": "sleep", "seconds": 0.3}', path))
        client.shutdown(socket.SHUT_WR)
        assert read_all(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("first", PATHS[:2])
@pytest.mark.parametrize("second", PATHS[:2])
def test_a_client_that_stops_writing_gets_all_its_answers(one: RunningService, first: str, second: str) -> None:
    """Requests in a row and then the end, as `printf ... | nc -N` sends them."""
    slow = request(b'{"do": "sleep", "seconds": 0.2}', first)
    with connect(one) as client:
        client.sendall(slow + request(b'"next"', second) + request(b'"last"', first))
        client.shutdown(socket.SHUT_WR)
        answer = read_all(client)
    assert answer.count(b"HTTP/1.1 200 ") == 3, answer
    assert answer.index(b"next") < answer.index(b"last")


@pytest.mark.parametrize("path", PATHS[:2])
def test_a_client_that_leaves_in_the_middle_of_a_body_leaves_no_traceback(
    one: RunningService, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(one) as client:
        client.sendall(request(b"x" * 1000, path)[:-500])
    time.sleep(0.2)
    assert is_served(one)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


@pytest.mark.parametrize("kind", PORTS)
@pytest.mark.parametrize("path", ["/default/do", "/_local/functions", "/_local/metrics", "/", "/2015-03-31/functions"])
@pytest.mark.parametrize("line", ["Expect: 20\xe3", "X-Amzn-Trace-Id: \xe3\x80", "Cookie: \xff=\xfe", "X-\x7e: \xff"])
def test_bytes_that_are_no_text_leave_no_traceback(
    one: RunningService, path: str, line: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{line}\r\n\r\n".encode("latin-1")
    status, seconds = answer_to(port_of(one, kind), head)
    assert (status < 500, status != 0, seconds < 3) == (True, True, True)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


@pytest.mark.parametrize("kind", PORTS)
@pytest.mark.parametrize("path", PATHS[:2])
@pytest.mark.parametrize(
    "lines", ["Content-Length: 9\r\n\r\n[1,", "Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n", "Content-Le"]
)
def test_a_request_that_does_not_go_on_times_out(
    one: RunningService, path: str, lines: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iris_model.local.wire.http1.READ_SECONDS", 0.3)
    begun = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}".encode()
    status, seconds = answer_to(port_of(one, kind), begun)
    assert (status, 0.2 < seconds < 3) == (408, True)


@pytest.mark.parametrize("path", PATHS[:2])
def test_close_among_other_options_closes(one: RunningService, path: str) -> None:
    with connect(one) as client:
        client.sendall(request(b"{}", path, "Connection: TE, close\r\n"))
        assert b"200" in read_all(client)[:20]


def test_an_encoded_path_reaches_the_function_as_the_front_end_sends_it() -> None:
    settings = make_settings(handler="app.http", route="ANY /{proxy+}")
    with running(settings, function_url_port=0) as service:
        assert service.lambda_ is not None
        url = dict(service.lambda_.addresses.function_urls)["behave"]
        there = RunningService(url=url.rstrip("/"))
        assert there.request("GET", "/a%20b%2Fc?d=%20").json()["rawPath"] == "/a%20b%2Fc"
        assert service.request("GET", "/default/a%20b%2Fc").json()["rawPath"] == "/default/a b/c"


@pytest.mark.parametrize(
    "headers", [{"bad name": "1"}, {"x-a": "a\x01b"}, {"x-a": "a\r\nx-b: c"}, {"": "1"}, {"ü": "1"}]
)
def test_a_header_that_would_break_the_response_is_refused(headers: dict[str, str]) -> None:
    event = {"statusCode": 200, "headers": headers, "body": "x"}
    with running(make_settings(handler="app.http"), function_url_port=0) as service:
        assert service.lambda_ is not None
        url = dict(service.lambda_.addresses.function_urls)["behave"]
        bodies = [
            service.request("POST", "/default/do", json.dumps(event).encode(), {"Content-Type": "application/json"})
        ]
        there = RunningService(url=url.rstrip("/"))
        bodies.append(there.request("POST", "/do", json.dumps(event).encode(), {"Content-Type": "application/json"}))
        # As for any result that is no response: an HTTP API says 500, a function URL 502.
        assert [(each.status, each.json()) for each in bodies] == [
            (500, {"message": "Internal Server Error"}),
            (502, {"message": "Internal Server Error"}),
        ]
        lines = [line for line in service.lines if "malformed response" in line]
        assert len(lines) == 2
