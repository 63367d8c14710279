"""A token endpoint for a real registry: checks a password, and signs what may be done (JWT, RS256, by the `openssl` program).

`docker-registry` verifies signature, audience and scopes itself, so that a client which asks for the wrong scope is found out.
"""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.http_serving import serving

ISSUER = "tests"
SERVICE = "registry.tests"


@dataclass
class TokenServer:
    """Who may do what. `readers` may pull what `user` may push; `scopes` are all that were asked for."""

    directory: Path
    user: str
    password: str
    port: int = 0
    scopes: list[str] = field(default_factory=list)

    @property
    def certificate(self) -> Path:
        """What the registry must trust."""
        return self.directory / "token.crt"

    def make_key(self) -> None:
        """A key of its own."""
        names = ["-subj", "/CN=tests", "-days", "2", "-nodes", "-newkey", "rsa:2048"]
        files = ["-keyout", str(self.directory / "token.key"), "-out", str(self.certificate)]
        subprocess.run(["openssl", "req", "-x509", *names, *files], check=True, capture_output=True, timeout=60)

    def token(self, scopes: list[str], actions_allowed: set[str]) -> str:
        """A signed statement."""
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":", 2)
            allowed = sorted(set(actions.split(",")) & actions_allowed)
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": self.user, "aud": SERVICE, "exp": now + 300, "nbf": now - 10, "iat": now}
        pem = self.certificate.read_text()
        der = "".join(line for line in pem.splitlines() if not line.startswith("-"))
        header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
        signed = ".".join(
            _encode(json.dumps(part).encode())
            for part in (header, {**claims, "jti": secrets.token_hex(8), "access": access})
        )
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.directory / "token.key")]
        signature = subprocess.run(command, input=signed.encode(), capture_output=True, check=True, timeout=30).stdout
        return f"{signed}.{_encode(signature)}"


@contextmanager
def token_server(directory: Path, user: str, password: str) -> Iterator[TokenServer]:
    """Serve until the end of the `with`. Everybody may pull; who knows the password may push and delete."""
    server = TokenServer(directory, user, password)
    server.make_key()
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"tokens": server}))
    server.port = http.server_port
    with serving(http):
        yield server


class _Handler(BaseHTTPRequestHandler):
    tokens: TokenServer

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        sent = self.headers.get("Authorization", "")
        known = sent == "Basic " + base64.b64encode(f"{self.tokens.user}:{self.tokens.password}".encode()).decode()
        scopes = asked.get("scope", [])
        self.tokens.scopes += scopes
        refused = (sent and not known) or asked.get("service") != [SERVICE]
        status = 401 if refused else 200
        allowed = {"pull", "push", "delete"} if known else {"pull"}
        body = json.dumps({} if refused else {"access_token": self.tokens.token(scopes, allowed)}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
