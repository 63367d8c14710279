"""A part of the query language of CloudWatch Logs Insights in Python: what the queries of docs/how-to/monitoring.md use.

In: a query and log events. Out: the rows of the result. Source of the semantics:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html

- Fields of JSON are discovered; nested names and indices are joined with a point. REPORT lines have `@type`, `@duration` ...
- A missing field is null. Arithmetic and comparisons with null are null, aggregations leave null out.
- In `stats`, an expression may use the names that are defined before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

TOKEN = re.compile(r'\s*(?:(`[^`]*`)|("[^"]*")|(\d+(?:\.\d+)?)|([@A-Za-z_][\w.@]*)|(<=|>=|!=|[-+*/()<>=,|]))')
SECONDS = {"m": 60, "h": 3600, "d": 86400}
REPORT_FIELDS = {
    "@duration": re.compile(r"\tDuration: ([\d.]+) ms"),
    "@initDuration": re.compile(r"\tInit Duration: ([\d.]+) ms"),
    "@maxMemoryUsed": re.compile(r"\tMax Memory Used: ([\d.]+) MB"),
}
Event = Mapping[str, Any]
Expression = Callable[[Event], Any]


def discover(message: str, timestamp: float) -> Event:
    """The fields of one log event. `timestamp`: seconds."""
    fields: dict[str, Any] = {"@message": message, "@timestamp": timestamp}
    if message.startswith("REPORT"):
        fields["@type"] = "REPORT"
        for name, pattern in REPORT_FIELDS.items():
            if found := pattern.search(message):
                fields[name] = float(found[1]) * (1e6 if name == "@maxMemoryUsed" else 1)
    elif message.startswith("{"):
        _flatten("", json.loads(message), fields)
    return fields


def _flatten(prefix: str, value: Any, fields: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            _flatten(f"{prefix}.{name}" if prefix else name, each, fields)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _flatten(f"{prefix}.{index}", each, fields)
    elif value is not None:
        fields[prefix] = value


def run_query(query: str, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Run a query; ValueError for what is not implemented here."""
    rows = [dict(event) for event in events]
    for command in re.split(r"\n\s*\|", query.strip()):
        name, _, rest = command.strip().partition(" ")
        rows = {"filter": _filter, "fields": _fields, "stats": _stats, "sort": _sort}[name](rest, rows)
    return rows


def _filter(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    condition = Parser(text).whole()
    return [row for row in rows if condition(row)]


def _fields(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    parser = Parser(text)
    named = parser.named()
    parser.end()
    return [row | {name: value(row) for name, value in named} for row in rows]


def _sort(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    field, _, order = text.partition(" ")
    return sorted(rows, key=lambda row: row[field], reverse=order == "desc")


def _stats(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    parser = Parser(text)
    named = parser.named()
    keys: list[tuple[str, Expression]] = []
    if parser.take("by"):
        keys = parser.named()
    parser.end()
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(key(row) for _, key in keys), []).append(row)
    results = []
    for group, members in groups.items():
        result = dict(zip((name for name, _ in keys), group))
        for name, value in named:
            result[name] = value({"": members, **result})
        results.append(result)
    return results


def _aggregate(name: str, values: Sequence[Any]) -> Any:
    if name == "count":
        return len(values)
    if not values:
        return None
    totals: dict[str, Callable[[Sequence[Any]], Any]] = {
        "sum": sum,
        "min": min,
        "max": max,
        "avg": lambda numbers: sum(numbers) / len(numbers),
    }
    return totals[name](values)


AGGREGATES = ("count", "sum", "min", "max", "avg")
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class Parser:
    """Expressions of a command, by recursive descent: comparison, sum, product, value."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        place = 0
        while place < len(text.rstrip()):
            found = TOKEN.match(text, place)
            if found is None:
                raise ValueError(f"not implemented: {text[place:]!r}")
            self._tokens.append(found[0].strip())
            place = found.end()
        self._next = 0

    def take(self, *wanted: str) -> str:
        """The next token, if it is one of these."""
        if self._next < len(self._tokens) and self._tokens[self._next] in wanted:
            self._next += 1
            return self._tokens[self._next - 1]
        return ""

    def expect(self, wanted: str) -> None:
        if not self.take(wanted):
            raise ValueError(f"expected {wanted!r} at {self._tokens[self._next :]}")

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise ValueError(f"not implemented: {self._tokens[self._next :]}")

    def whole(self) -> Expression:
        """The only expression of the command."""
        found = self.binary()
        self.end()
        return found

    def named(self) -> list[tuple[str, Expression]]:
        """Expressions separated by commas, each with its name."""
        found = []
        while True:
            first = self._next
            value = self.binary()
            name = "".join(self._tokens[first : self._next])
            if self.take("as"):
                name = self._tokens[self._next]
                self._next += 1
            found.append((name, value))
            if not self.take(","):
                return found

    def binary(
        self, levels: tuple[tuple[str, ...], ...] = (("<", "<=", ">", ">=", "=", "!="), ("+", "-"), ("*", "/"))
    ) -> Expression:
        if not levels:
            return self.value()
        left = self.binary(levels[1:])
        while sign := self.take(*levels[0]):
            left = _combine(OPERATORS[sign], left, self.binary(levels[1:]))
        return left

    def value(self) -> Expression:
        if self.take("("):
            inside = self.binary()
            self.expect(")")
            return inside
        token = self._tokens[self._next]
        self._next += 1
        if token[0] == '"':
            return lambda row: token[1:-1]
        if token[0].isdigit():
            return lambda row: float(token)
        if token[0] != "`" and self.take("("):
            return self.call(token)
        name = token.strip("`")
        return lambda row: row.get(name)

    def call(self, name: str) -> Expression:
        if name == "bin":
            width, unit = self._tokens[self._next : self._next + 2]
            self._next += 2
            self.expect(")")
            step = float(width) * SECONDS[unit]
            return lambda row: row["@timestamp"] // step * step
        if name == "count" and self.take("*"):
            self.expect(")")
            return lambda row: len(row[""])
        arguments = [self.binary()]
        while self.take(","):
            arguments.append(self.binary())
        self.expect(")")
        first = arguments[0]
        if name in AGGREGATES:
            return lambda row: _aggregate(name, [each for member in row[""] if (each := first(member)) is not None])
        if name == "ispresent":
            return lambda row: first(row) is not None
        if name == "greatest":
            return lambda row: max((each for one in arguments if (each := one(row)) is not None), default=None)
        raise ValueError(f"not implemented: {name}()")


def _combine(operator: Callable[[Any, Any], Any], left: Expression, right: Expression) -> Expression:
    def both(row: Event) -> Any:
        a, b = left(row), right(row)
        return None if a is None or b is None else operator(a, b)

    return both
