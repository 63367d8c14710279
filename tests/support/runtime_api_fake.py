"""A Runtime API for tests: hands out prepared invocations and keeps what comes back.

Raw enough to misbehave: chunked answers, closed connections, refused results.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Invocation:
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = False
    close_after: bool = False
    """Whether the server silently closes the connection when it has sent the event."""


@dataclass(frozen=True)
class Post:
    path: str
    headers: dict[str, str]
    body: bytes


class RuntimeApiFake:
    """Use as a context manager; `address` is what goes into AWS_LAMBDA_RUNTIME_API."""

    def __init__(self, *invocations: Invocation, refuse_with: int = 202) -> None:
        self.invocations = deque(invocations)
        self.posts: list[Post] = []
        self.gets: list[str] = []
        self.refuse_with = refuse_with
        self.done = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                fake.gets.append(self.path)
                if not fake.invocations:
                    fake.done.set()
                    threading.Event().wait(20)  # as Lambda does: `next` blocks while there is nothing to do
                    return
                self._send(200, fake.invocations.popleft())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.posts.append(Post(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self._send(fake.refuse_with, Invocation(b'{"status":"OK"}\n'))

            def _send(self, status: int, invocation: Invocation) -> None:
                self.send_response(status)
                headers = {
                    "Content-Type": "application/json",
                    "Lambda-Runtime-Aws-Request-Id": "request-1",
                    "Lambda-Runtime-Deadline-Ms": "9999999999999",
                    **invocation.headers,
                }
                for name, value in headers.items():
                    self.send_header(name, value)
                if invocation.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for start in range(0, len(invocation.body), 5):
                        piece = invocation.body[start : start + 5]
                        self.wfile.write(b"%x;extension=1\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\nTrailer: x\r\n\r\n")
                else:
                    self.send_header("Content-Length", str(len(invocation.body)))
                    self.end_headers()
                    self.wfile.write(invocation.body)
                self.close_connection = invocation.close_after

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> RuntimeApiFake:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()
