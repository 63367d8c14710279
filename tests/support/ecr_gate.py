"""What MiniStack's ECR does not ask for: a door before it that wants ECR's password, and knows one that has run out.

Everything else goes through to MiniStack as it came. The refusals are ECR's own: status, code, and what they say.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.http_serving import serving

PIECE = 1 << 20
EXPIRED = "Your authorization token has expired. Reauthenticate and try again."
FORBIDDEN = (
    "User: arn:aws:iam::000000000000:user/reader is not authorized to perform: ecr:InitiateLayerUpload on resource: "
    "arn:aws:ecr:us-east-1:000000000000:repository/{name} because no identity-based policy allows the "
    "ecr:InitiateLayerUpload action"
)


@dataclass
class Gate:
    """Where it is, whom it lets in, and how often it was asked with which outcome."""

    behind: int
    """The port of MiniStack."""

    password: str = ""
    may_push: bool = True
    port: int = 0
    refused: list[tuple[str, int]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Host and port, as a registry is named."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def ecr_gate(behind: int, password: str) -> Iterator[Gate]:
    """Run it on a port of the loopback until the end of the `with`."""
    gate = Gate(behind, password)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gate": gate}))
    gate.port = server.server_port
    with serving(server):
        yield gate


class _Handler(BaseHTTPRequestHandler):
    gate: Gate
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        refusal = self._refusal() if self.path.startswith("/v2/") else None
        if refusal is None:
            return self._pass_on(length)
        while length > 0:
            length -= len(self.rfile.read(min(PIECE, length)))
        status, code, message = refusal
        self.gate.refused.append((self.command, status))
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.send_response(status)
        if status == 401:
            self.send_header(
                "Www-Authenticate", f'Basic realm="http://{self.gate.address}/",service="ecr.amazonaws.com"'
            )
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def _refusal(self) -> tuple[int, str, str] | None:
        given = self.headers.get("Authorization", "")
        if not given.startswith("Basic "):
            return 401, "UNAUTHORIZED", "Not Authorized"
        if base64.b64decode(given.removeprefix("Basic ")).decode() != f"AWS:{self.gate.password}":
            return 403, "DENIED", EXPIRED
        if not self.gate.may_push and self.command in ("POST", "PUT", "PATCH"):
            return 403, "DENIED", FORBIDDEN.format(name=self.path.removeprefix("/v2/").partition("/blobs/")[0])
        return None

    def _pass_on(self, length: int) -> None:
        behind = http.client.HTTPConnection("127.0.0.1", self.gate.behind, timeout=120)
        try:
            behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "connection":
                    behind.putheader(name, value)
            behind.endheaders()
            while length > 0:
                piece = self.rfile.read(min(PIECE, length))
                behind.send(piece)
                length -= len(piece)
            answer = behind.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                    self.send_header(name, value)
            # HEAD tells the length of what it does not send.
            told = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", told or str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        finally:
            behind.close()
