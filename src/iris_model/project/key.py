"""One key of `iris-model.toml`: what may stand there, and what to say when something else does.

A value as TOML gives it in; the problem in words out. The keys themselves are in `keys` and `deployment_keys`.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "texts", "table"]


@dataclass(frozen=True)
class Key:
    """One key: what may stand there, what holds when it is absent, and one line for the reference page."""

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
    """May stand in `[stages.NAME]` as well."""
    default_doc: str = ""

    @property
    def path(self) -> str:
        """The name as messages say it: `budgets.function-directory-kib`."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def field(self) -> str:
        """The name as Python says it."""
        return self.name.replace("-", "_")

    @property
    def expectation(self) -> str:
        """What a right value is, in words that complete "expected ..."."""
        if self.kind == "texts":
            each = _join(self.choices) if self.choices else self.pattern_means
            return "a list of texts" + (f", each {each}" if each else "")
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
            names = f" whose names are {self.pattern_means}" if self.pattern_means else ""
            values = f"{' and' if names else ' whose'} values are {self.value_means}" if self.value_means else ""
            return f"a table of texts{names}{values}"
        return self.pattern_means or "a text"

    def find_problem(self, value: object) -> str:
        """Say what is wrong with `value`, or nothing."""
        if self._accepts(value):
            return ""
        return f"{self.path} = {show_value(value)}: expected {self.expectation}"

    def _accepts(self, value: object) -> bool:
        if self.kind == "boolean":
            return isinstance(value, bool)
        if self.kind in ("integer", "number"):
            # In Python True is an integer, in TOML it is not; TOML also has inf and nan.
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
        return self._accepts_text(value)

    def _accepts_text(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        if self.choices:
            return value in self.choices
        return _matches(self.pattern, value)


def _matches(pattern: str, value: str) -> bool:
    return not pattern or re.fullmatch(pattern, value) is not None


def _join(choices: tuple[str, ...] | tuple[int, ...]) -> str:
    return "one of " + ", ".join(show_value(choice) for choice in choices)


def show_value(value: object) -> str:
    """Write a value for a message: as TOML writes it, shortened when it is long."""
    text = write_value(value)
    return text if len(text) <= 80 else text[:77] + "..."


def write_value(value: object) -> str:
    """Write a value as TOML, whole, in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # What JSON escapes, TOML escapes alike.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(map(write_value, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {write_value(item)}" for name, item in value.items()) + " }"
    return str(value)
