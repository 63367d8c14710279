"""The routes of the HTTP API: `METHOD /path`, `ANY /path`, `{parameter}`, and the greedy `{name+}` at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT = "$default"
_PARAMETER = re.compile(r"\{([^{}/]+)\}")


@dataclass(frozen=True)
class Route:
    """One parsed route key. Of two matching routes, the more specific one has the smaller `rank` and wins."""

    method: str
    path: str
    pattern: re.Pattern[str]
    parameters: tuple[str, ...]
    rank: tuple[int, int, bool]

    @property
    def key(self) -> str:
        """The route key for the event."""
        return DEFAULT if self.path == DEFAULT else f"{self.method} {self.path}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path parameters, or None if the route does not match."""
        if self.method not in ("ANY", method):
            return None
        match = self.pattern.fullmatch(path)
        return dict(zip(self.parameters, match.groups(), strict=True)) if match else None


def parse_route(text: str) -> Route:
    """Parse a route: `/predict` means `ANY /predict`; `$default` matches what no other route does."""
    if text == DEFAULT:
        return Route("ANY", DEFAULT, re.compile(r"/.*", re.DOTALL), (), (2, 0, True))
    method, path = text.split(None, 1) if " " in text else ("ANY", text)
    expression = ""
    parameters = []
    greedy = False
    # `split` with a group returns literal, name, literal, name, ..., literal.
    for index, piece in enumerate(_PARAMETER.split(path)):
        if index % 2 == 0:
            expression += re.escape(piece)
        else:
            greedy = piece.endswith("+")
            expression += "(.+)" if greedy else "([^/]+)"
            parameters.append(piece.removesuffix("+"))
    method = method.upper()
    rank = (int(greedy), len(parameters), method == "ANY")
    return Route(method, path, re.compile(expression, re.DOTALL), tuple(parameters), rank)
