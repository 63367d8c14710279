"""Requests and responses of the Lambda API, whichever way they came over the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A call. `name` is the function as the client wrote it, decoded; header names are in lower case."""

    name: str
    qualifier: str | None
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What the caller gets. An empty `content_type` is none."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


OnResponse = Callable[[ApiResponse], None]
