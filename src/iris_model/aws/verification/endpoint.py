"""Call the HTTPS endpoint as a client does.

A new endpoint is not known to all of AWS's servers for some seconds; the caller decides how long to retry.
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
    """The response. Status 0: there was none, and `text` is the reason."""

    status: int
    text: str


def public_url(output: str, endpoint_url: str) -> str:
    """Return the address in the stack's output, or its equivalent at a custom endpoint of AWS."""
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
    """Send one body and return the response."""
    headers = {"Content-Type": "application/json", "User-Agent": "iris-model"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if sign:
        headers = sign("POST", url, body, headers)
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    # RFC 6761: every name below localhost is this machine, but not every resolver supports it.
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
