"""Requests and responses of the Lambda API, independent of the HTTP server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A call. `name` is the decoded function name of the client; header names are in lower case."""

    name: str
    qualifier: str | None
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """The response. If `content_type` is empty, no such header is sent."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


OnResponse = Callable[[ApiResponse], None]
