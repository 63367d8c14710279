"""The HTTPS endpoint as a client sees it: an address and a body in, status and text out.

An endpoint that was just made is unknown to some of AWS's machines for some seconds; who asks for it says how long it may take.
"""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Sign = Callable[[str, str, bytes, Mapping[str, str]], dict[str, str]]

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class HttpAnswer:
    """What came back; status 0 is that nothing did, and `text` says why."""

    status: int
    text: str


def public_url(output: str, endpoint_url: str) -> str:
    """Return the address of the stack's output, or, where the endpoint of AWS is set to an emulator, the same one there."""
    emulator = urllib.parse.urlsplit(endpoint_url)
    host = emulator.hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) or not output:
        return output
    found = urllib.parse.urlsplit(output)
    labels = (found.hostname or "").split(".")
    kept = labels[:2] if labels[1:2] == ["execute-api"] else labels[:3]
    suffix = "localhost" if host in ("127.0.0.1", "::1", "localhost") else host
    port = f":{emulator.port}" if emulator.port else ""
    return urllib.parse.urlunsplit((emulator.scheme, f"{'.'.join(kept)}.{suffix}{port}", found.path, "", ""))


def post(url: str, body: bytes, *, sign: Sign | None = None, token: str | None = None) -> HttpAnswer:
    """Send one body."""
    headers = {"Content-Type": "application/json", "User-Agent": "iris-model"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if sign:
        headers = sign("POST", url, body, headers)
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    # RFC 6761: every name below localhost is this machine; not every resolver knows.
    address = "127.0.0.1" if host.endswith(".localhost") else host
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(address, parts.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", parts.path or "/", body, {"Host": parts.netloc, **headers})
        answer = connection.getresponse()
        return HttpAnswer(answer.status, answer.read().decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        return HttpAnswer(0, f"{type(error).__name__}: {error}")
    finally:
        connection.close()
