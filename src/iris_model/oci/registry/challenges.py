"""Parse the `WWW-Authenticate` headers of a 401 (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - a token of the grammar
_PARAMETER = re.compile(rf'({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,\s*|$)')
_SCHEME = re.compile(rf"({_TOKEN})(?:\s+|\s*,\s*|$)(?!=)")


@dataclass(frozen=True)
class Challenge:
    """A scheme, in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return all challenges of all headers. An unreadable challenge ends its header."""
    found: list[Challenge] = []
    for header in headers:
        at = 0
        while scheme := _SCHEME.match(header, at):
            at = scheme.end()
            parameters: dict[str, str] = {}
            while parameter := _PARAMETER.match(header, at):
                name, quoted, plain = parameter.groups()
                parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                at = parameter.end()
            found.append(Challenge(scheme[1].lower(), parameters))
    return found
