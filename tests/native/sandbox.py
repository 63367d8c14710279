"""The native runtime in a process, and a Runtime API that gives it one event after the other."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

REQUEST_ID = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True)
class Posted:
    """What a runtime posts for one invocation, and what it logs."""

    call: str
    body: bytes
    error_type: str = ""
    cause: str = ""


@dataclass
class NativeSandbox:
    """A running bootstrap. `ask` gives it an event and returns what it posts."""

    process: subprocess.Popen[bytes]
    listening: socket.socket
    log: IO[bytes]
    connection: socket.socket | None = None
    unread: bytes = field(default=b"")

    def ask(self, event: bytes, headers: dict[str, str] | None = None) -> Posted:
        """Answer the waiting call of `next` with the event, and return the post."""
        line, _, _ = self._read()
        assert line == "GET /2018-06-01/runtime/invocation/next HTTP/1.1", line
        named = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": REQUEST_ID,
            "Lambda-Runtime-Deadline-Ms": "9999999999999",
            **(headers or {}),
        }
        self._answer("200 OK", event, named)
        return self.take_post()

    def take_post(self) -> Posted:
        """Read one post and accept it."""
        line, head, body = self._read()
        self._answer("202 Accepted", b'{"status":"OK"}\n', {})
        call = line.split(" ")[1].removeprefix("/2018-06-01/runtime/")
        return Posted(
            call,
            body,
            head.get("lambda-runtime-function-error-type", ""),
            head.get("lambda-runtime-function-xray-error-cause", ""),
        )

    def read_log(self) -> bytes:
        """Return everything that was logged until now."""
        self.log.seek(0)
        return self.log.read()

    def _answer(self, status: str, body: bytes, headers: dict[str, str]) -> None:
        assert self.connection is not None
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
        lines.append(f"Content-Length: {len(body)}")
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def _more(self) -> bytes:
        assert self.connection is not None
        more = self.connection.recv(1 << 20)
        if not more:
            status = self.process.wait(10)
            raise AssertionError(
                f"the bootstrap ended with {status}: {self.read_log()[-4000:].decode('utf-8', 'replace')}"
            )
        return more

    def _read(self) -> tuple[str, dict[str, str], bytes]:
        if self.connection is None:
            self.connection, _ = self.listening.accept()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while b"\r\n\r\n" not in self.unread:
            self.unread += self._more()
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        parts, missing = [self.unread], int(headers.get("content-length", "0")) - len(self.unread)
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        data = b"".join(parts)
        length = int(headers.get("content-length", "0"))
        self.unread = data[length:]
        return line, headers, data[:length]


@contextlib.contextmanager
def start(
    executable: list[str],
    directory: Path,
    log: Path,
    environment: dict[str, str] | None = None,
    output: int | None = None,
) -> Iterator[NativeSandbox]:
    """Start the executable for the function directory; its standard streams go into the file `log`, or to `output`."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(60)
    variables = {
        "PATH": os.environ.get("PATH", ""),
        "LAMBDA_TASK_ROOT": str(directory),
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listening.getsockname()[1]}",
        **(environment or {}),
    }
    with listening, log.open("w+b") as stream:
        process = subprocess.Popen(
            [*executable, "app.handler"],
            cwd=directory,
            env=variables,
            stdout=stream if output is None else output,
            stderr=subprocess.STDOUT,
        )
        sandbox = NativeSandbox(process, listening, stream)
        try:
            yield sandbox
        finally:
            process.kill()
            process.wait()
            if sandbox.connection is not None:
                sandbox.connection.close()
