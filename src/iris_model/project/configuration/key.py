"""One key of `iris-model.toml`: its allowed values, and the message for other values.

The keys themselves are in `keys` and `deployment_keys`.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "texts", "table", "lists"]


@dataclass(frozen=True)
class Key:
    """One key: allowed values, default, and one line for the reference page."""

    name: str
    kind: Kind
    doc: str
    default: Any = None
    section: str = ""
    required: bool = False
    choices: tuple[str, ...] | tuple[int, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    unit: str = ""
    pattern: str = ""
    pattern_means: str = ""
    value_pattern: str = ""
    value_means: str = ""
    staged: bool = False
    """Allowed in `[stages.NAME]` too."""
    default_doc: str = ""

    @property
    def path(self) -> str:
        """The name in messages: `budgets.function-directory-kib`."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def field(self) -> str:
        """The name as a Python identifier."""
        return self.name.replace("-", "_")

    @property
    def expectation(self) -> str:
        """The allowed values, as a phrase after "expected"."""
        if self.kind == "texts":
            each = _join(self.choices) if self.choices else self.pattern_means
            return "a list of strings" + (f", each {each}" if each else "")
        if self.choices:
            return _join(self.choices) + (f" {self.unit}" if self.unit else "")
        if self.kind in ("integer", "number"):
            article = "an integer" if self.kind == "integer" else "a number"
            unit = f" {self.unit}" if self.unit else ""
            if self.maximum is None:
                return f"{article} of at least {self.minimum}{unit}"
            return f"{article} from {self.minimum} to {self.maximum}{unit}"
        if self.kind == "boolean":
            return "true or false"
        if self.kind == "table":
            parts = [("names", self.pattern_means), ("values", self.value_means)]
            rules = "; ".join(f"{part}: {means.rstrip(',')}" for part, means in parts if means)
            return "a table of strings" + (f" ({rules})" if rules else "")
        if self.kind == "lists":
            return "a table of lists, each with different strings or different integers"
        return self.pattern_means or "a string"

    def find_problem(self, value: object) -> str:
        """Return what is wrong with `value`; empty if it is valid."""
        if self._accepts(value):
            return ""
        return f"{self.path} = {show_value(value)}: expected {self.expectation}"

    def _accepts(self, value: object) -> bool:
        if self.kind == "boolean":
            return isinstance(value, bool)
        if self.kind in ("integer", "number"):
            # True is an integer in Python, but not in TOML. TOML also has inf and nan.
            numeric = int if self.kind == "integer" else (int, float)
            if not isinstance(value, numeric) or isinstance(value, bool) or not math.isfinite(value):
                return False
            if self.choices:
                return value in self.choices
            return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)
        if self.kind == "texts":
            return isinstance(value, list) and all(self._accepts_text(item) for item in value)
        if self.kind == "table":
            return isinstance(value, dict) and all(
                self._accepts_text(name) and isinstance(item, str) and _matches(self.value_pattern, item)
                for name, item in value.items()
            )
        if self.kind == "lists":
            return isinstance(value, dict) and all(map(_are_different, value.values()))
        return self._accepts_text(value)

    def _accepts_text(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        if self.choices:
            return value in self.choices
        return _matches(self.pattern, value)


def _are_different(value: object) -> bool:
    """Whether the value is a list of different strings, or of different integers."""
    if not isinstance(value, list) or not value or len({type(one) for one in value}) > 1:
        return False
    return type(value[0]) in (str, int) and len(set(value)) == len(value)


def _matches(pattern: str, value: str) -> bool:
    # Names on AWS are ASCII. `(?u:...)` in a pattern allows letters of all languages.
    return not pattern or re.fullmatch(pattern, value, re.ASCII) is not None


def _join(choices: tuple[str, ...] | tuple[int, ...]) -> str:
    return "one of " + ", ".join(show_value(choice) for choice in choices)


def show_value(value: object) -> str:
    """Return a value for a message, in TOML syntax, shortened if it is long."""
    text = write_value(value)
    return text if len(text) <= 80 else text[:77] + "..."


def write_value(value: object) -> str:
    """Return a value in TOML syntax on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # TOML has the same escapes as JSON.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(map(write_value, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_write_name(name)} = {write_value(item)}" for name, item in value.items()) + " }"
    return str(value)


def _write_name(name: str) -> str:
    """Return a key in TOML syntax: quoted unless it is bare."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else write_value(name)
