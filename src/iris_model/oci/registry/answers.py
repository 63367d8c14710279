"""Responses of a registry as values, and request bodies that can be sent again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

_MOST_TEXT = 64 << 10


class Body(Protocol):
    """Bytes to send, opened again for each try."""

    @property
    def length(self) -> int:
        """The number of bytes."""

    def open(self) -> Any:
        """Return a stream with `read`."""


@dataclass(frozen=True)
class Answer:
    """A response with its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    url: str = ""

    def header(self, name: str) -> str:
        """Return a header, "" if it is absent."""
        return self.headers.get(name) or ""

    @property
    def diagnostics(self) -> list[tuple[str, str]]:
        """The registry's errors, as pairs of code and message."""
        try:
            errors = json.loads(self.body[:_MOST_TEXT])["errors"]
            return [(str(each.get("code") or ""), _message(each)) for each in errors]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return []

    @property
    def codes(self) -> set[str]:
        """The codes of the registry's errors."""
        return {code for code, _ in self.diagnostics}

    @property
    def said(self) -> str:
        """The registry's errors as one line, for a message."""
        if self.diagnostics:
            return "; ".join(": ".join(filter(None, each)) for each in self.diagnostics[:5])
        text = " ".join(self.body[:300].decode("utf-8", "replace").split())
        return "" if text.startswith("<") else text  # an HTML page of a proxy has no message in its first line


def _message(error: Mapping[str, Any]) -> str:
    message, detail = str(error.get("message") or ""), error.get("detail")
    return f"{message} ({detail})" if isinstance(detail, str) and detail and detail != message else message
