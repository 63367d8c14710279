"""An OpenID issuer: its discovery document and its keys over HTTPS, and tokens that it signed (RS256, by the `openssl` program).

MiniStack checks signature, issuer, audience and time of a token by these, as API Gateway does; it must trust the certificate.
"""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.http_serving import serving

KEY_ID = "first"


@dataclass
class Issuer:
    """Who signs; its key is that of its certificate."""

    directory: Path
    port: int = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def key(self) -> Path:
        return self.directory / "issuer.key"

    @property
    def certificate(self) -> Path:
        """The certificate that clients must trust."""
        return self.directory / "issuer.crt"

    def make_key(self) -> None:
        """A key of its own."""
        names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
        files = ["-newkey", "rsa:2048", "-keyout", str(self.key), "-out", str(self.certificate)]
        _openssl("req", "-x509", *names, *files)

    def document(self, path: str) -> bytes:
        """What lies at a path, as JSON; nothing elsewhere."""
        shown = _openssl("rsa", "-in", str(self.key), "-noout", "-modulus").decode()
        modulus = bytes.fromhex(shown.partition("=")[2].strip())
        key = {"kty": "RSA", "alg": "RS256", "kid": KEY_ID, "n": _encode(modulus), "e": _encode(b"\x01\x00\x01")}
        documents = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [key]},
        }
        return json.dumps(documents[path]).encode() if path in documents else b""

    def token(self, audience: str, *, seconds: int = 3600) -> str:
        """A token for an audience, for so many seconds from now."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": "somebody", "aud": audience, "iat": now - 7200, "exp": now + seconds}
        header = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
        signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{_encode(_openssl('dgst', '-sha256', '-sign', str(self.key), text=signed))}"


@contextmanager
def token_issuer(directory: Path) -> Iterator[Issuer]:
    """Serve until the end of the `with`."""
    issuer = Issuer(directory)
    issuer.make_key()
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"issuer": issuer}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issuer.certificate, issuer.key)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    issuer.port = http.server_port
    with serving(http):
        yield issuer


class _Handler(BaseHTTPRequestHandler):
    issuer: Issuer

    def do_GET(self) -> None:
        body = self.issuer.document(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def _openssl(*arguments: str, text: str = "") -> bytes:
    return subprocess.run(
        ["openssl", *arguments], input=text.encode(), capture_output=True, check=True, timeout=60
    ).stdout


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
