"""The raw socket client against an HTTP server that we did not write, and against one that misbehaves."""

from __future__ import annotations

import socket
import threading

import pytest

from iris_model.runtime.client import LambdaRuntimeClient, RuntimeApiError, header_text
from tests.support.runtime_api_fake import Invocation, RuntimeApiFake


def test_next_and_response() -> None:
    with RuntimeApiFake(Invocation(b"[1]", {"Lambda-Runtime-Trace-Id": "Root=1"})) as api:
        client = LambdaRuntimeClient(api.address)
        headers, body = client.wait_next_invocation()
        client.post_invocation_result("request-1", b'"ok"', "application/json", "delivery-7")
    assert body == b"[1]"
    assert headers["lambda-runtime-aws-request-id"] == "request-1"
    assert headers["lambda-runtime-trace-id"] == "Root=1"
    (post,) = api.posts
    assert post.path == "/2018-06-01/runtime/invocation/request-1/response"
    assert post.body == b'"ok"'
    assert post.headers["lambda-runtime-invocation-id"] == "delivery-7"
    assert post.headers["user-agent"].startswith("iris-model/")


def test_errors_carry_their_type_and_cause_in_headers() -> None:
    with RuntimeApiFake() as api:
        client = LambdaRuntimeClient(api.address)
        client.post_invocation_error("request-1", b"{}", "Zoë\r\nX: y", '{"paths": []}', None)
        client.post_invocation_error("request-1", b"{}", "E", "x" * 1_048_576, None)
        client.post_init_error(b"{}", "Runtime.ImportModuleError")
    first, second, third = api.posts
    assert first.headers["lambda-runtime-function-error-type"] == "Zo???X: y"
    assert first.headers["lambda-runtime-function-xray-error-cause"] == '{"paths": []}'
    assert "lambda-runtime-function-xray-error-cause" not in second.headers
    assert third.path == "/2018-06-01/runtime/init/error"


@pytest.mark.parametrize("size", [0, 3, 12, 300_000])
def test_chunked_events(size: int) -> None:
    with RuntimeApiFake(Invocation(b"x" * size, chunked=True), Invocation(b"after")) as api:
        client = LambdaRuntimeClient(api.address)
        assert client.wait_next_invocation()[1] == b"x" * size
        assert client.wait_next_invocation()[1] == b"after"


def test_a_large_event_and_a_large_response() -> None:
    with RuntimeApiFake(Invocation(b"x" * 6_291_456)) as api:
        client = LambdaRuntimeClient(api.address)
        assert len(client.wait_next_invocation()[1]) == 6_291_456
        client.post_invocation_result("request-1", b"y" * 6_291_556, "application/json", None)
    assert len(api.posts[0].body) == 6_291_556


def test_a_connection_closed_between_two_calls_is_opened_again() -> None:
    with RuntimeApiFake(Invocation(b"1", close_after=True), Invocation(b"2")) as api:
        client = LambdaRuntimeClient(api.address)
        assert client.wait_next_invocation()[1] == b"1"
        client.post_invocation_result("request-1", b"{}", "application/json", None)
        assert client.wait_next_invocation()[1] == b"2"
    assert len(api.posts) == 1


def test_a_refused_result_is_an_error_with_the_answer() -> None:
    with (
        RuntimeApiFake(refuse_with=403) as api,
        pytest.raises(RuntimeApiError, match=r"invocation/r/response answered 403: .*OK"),
    ):
        LambdaRuntimeClient(api.address).post_invocation_result("r", b"{}", "application/json", None)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"garbage\r\n\r\n",
        b"",
    ],
)
def test_a_broken_answer_is_an_error_and_not_a_hang(answer: bytes) -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        connection.recv(65536)
        connection.sendall(answer)
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    with pytest.raises(RuntimeApiError, match="failed"):
        LambdaRuntimeClient(f"127.0.0.1:{server.getsockname()[1]}").wait_next_invocation()
    server.close()


def test_no_service_at_the_address() -> None:
    with pytest.raises(RuntimeApiError, match="refused"):
        LambdaRuntimeClient("127.0.0.1:1").wait_next_invocation()


def test_header_text_is_one_line_of_ascii() -> None:
    assert header_text("a\r\nb\té") == "a??b??"
