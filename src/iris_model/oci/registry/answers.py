"""What came back from a registry, as a value; and a body to be sent, which can be sent more than once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

_MOST_TEXT = 64 << 10


class Body(Protocol):
    """Bytes to be sent. Opened anew for each try."""

    @property
    def length(self) -> int:
        """How many."""

    def open(self) -> Any:
        """A stream with `read`."""


@dataclass(frozen=True)
class Answer:
    """A response that was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    url: str = ""

    def header(self, name: str) -> str:
        """A header, empty where there is none."""
        return self.headers.get(name) or ""

    @property
    def diagnostics(self) -> list[tuple[str, str]]:
        """The registry's own errors: code and message."""
        try:
            errors = json.loads(self.body[:_MOST_TEXT])["errors"]
            return [(str(each.get("code") or ""), _message(each)) for each in errors]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return []

    @property
    def codes(self) -> set[str]:
        """The codes of its errors."""
        return {code for code, _ in self.diagnostics}

    @property
    def said(self) -> str:
        """Its errors as one line, for a message."""
        if self.diagnostics:
            return "; ".join(": ".join(filter(None, each)) for each in self.diagnostics[:5])
        text = " ".join(self.body[:300].decode("utf-8", "replace").split())
        return "" if text.startswith("<") else text  # a page of a proxy says nothing in its first line


def _message(error: Mapping[str, Any]) -> str:
    message, detail = str(error.get("message") or ""), error.get("detail")
    return f"{message} ({detail})" if isinstance(detail, str) and detail and detail != message else message
