"""`[events.NAME]`: read the tables, and find contradictions with the limits of AWS and with other keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from iris_model.contract.event_source import POLLED, REDSHIFT, REPORTING, STREAMS, EventSource, service_of
from iris_model.project.configuration.event_keys import EVENT_KEYS
from iris_model.project.configuration.key import show_value
from iris_model.project.configuration.nearest import say_unknown

EVENTS = "events"

# The name becomes part of logical ids and of names of rules.
_NAME = r"[A-Za-z][A-Za-z0-9]{0,31}"

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_LARGEST_WITHOUT_WINDOW, _LARGEST_OF_FIFO = 10, 10
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
_MOST_FILTERS = 5

_ONLY_FOR = {
    "batch_size": POLLED,
    "window": POLLED,
    "starting_position": (*STREAMS, "kafka"),
    "retries": STREAMS,
    "concurrency": ("sqs",),
    "topic": ("kafka",),
    "prefix": ("s3",),
    "suffix": ("s3",),
    "filter": (*POLLED, "sns", "events"),
    "function_response_types": REPORTING,
}
"""Key -> the sources that have it."""


def read_events(document: Mapping[str, Any]) -> tuple[dict[str, EventSource], list[str]]:
    """Return the sources by name, and the problems of the tables."""
    tables = document.get(EVENTS, {})
    if not isinstance(tables, Mapping):
        return {}, [f"{EVENTS}: expected tables, [{EVENTS}.NAME]"]
    sources: dict[str, EventSource] = {}
    problems: list[str] = []
    for name, table in tables.items():
        path = f"{EVENTS}.{name}"
        if not re.fullmatch(_NAME, name):
            problems.append(f"[{path}]: expected a name of 1 to 32 letters and digits that starts with a letter")
        elif not isinstance(table, Mapping):
            problems.append(f"{path} = {show_value(table)}: expected a table, [{path}]")
        else:
            found = list(_find_table_problems(path, table))
            problems += found
            if not found:
                sources[name] = _read_table(name, table)
    return sources, problems


def find_event_conflicts(sources: Mapping[str, EventSource], top: Mapping[str, Any]) -> Iterator[str]:
    """Yield contradictions of the sources with each other and with keys of the project."""
    for each in sources.values():
        path = f"{EVENTS}.{each.name}"
        if each.kind == REDSHIFT:
            if each.answers or each.failures:
                yield f"{path}: answers and failures have no effect; the answers go back into the query"
        elif not each.answers and (each.kind in POLLED or not top["on_success"]):
            hint = "" if each.kind in POLLED else ", or set on-success, which then gets the answers"
            yield f"{path}.answers is missing: expected the ARN of a queue, stream, bucket or table{hint}"
        yield from _find_loops(path, each)
        if each.kind == "events" and len(each.filter) != 1:
            yield f"{path}.filter: expected one event pattern, which selects the events of the bus"
        if each.kind == "kafka" and not each.topic:
            yield f"{path}.topic is missing: expected the name of a Kafka topic"
    by_source: dict[str, str] = {}
    for each in sources.values():
        if (other := by_source.setdefault(each.source, each.name)) != each.name:
            yield f"{EVENTS}.{each.name}.source is also the source of {EVENTS}.{other}; expected each source once"
    by_title: dict[str, str] = {}
    for name in sources:
        title = name[0].upper() + name[1:]
        if (other := by_title.setdefault(title, name)) != name:
            one, two = sorted((name, other))
            yield (
                f"{EVENTS}.{one} and {EVENTS}.{two} differ only in the first letter; rename one, because the resources of "
                "both would have the same names"
            )
    buses = [each.name for each in sources.values() if each.kind == "events"]
    if len(buses) > 1:
        yield (
            f"{EVENTS} has {len(buses)} event buses ({', '.join(buses)}); expected one, because an event does not contain "
            "the bus that it came from"
        )


def _find_table_problems(path: str, table: Mapping[str, Any]) -> Iterator[str]:
    known = {key.name: key for key in EVENT_KEYS}
    unknown = [name for name in table if name not in known]
    yield from (say_unknown(f"{path}.{name}", name, list(known)) for name in unknown)
    for key in EVENT_KEYS:
        if key.name not in table:
            if key.required:
                yield f"{path}.{key.name} is missing: expected {key.expectation}"
        elif problem := key.find_problem(table[key.name]):
            yield f"{path}.{problem}"
    if unknown or known["source"].find_problem(table.get("source")):
        return
    kind = service_of(table["source"])
    for key in EVENT_KEYS:
        kinds = _ONLY_FOR.get(key.field)
        if key.name in table and kinds and kind not in kinds:
            yield f"{path}.{key.name} has no effect for {kind}; expected it only for {', '.join(kinds)}"
    yield from _find_limits(path, kind, table)
    yield from _find_bad_filters(path, kind, table.get("filter", []))


def _find_limits(path: str, kind: str, table: Mapping[str, Any]) -> Iterator[str]:
    size, window = table.get("batch-size"), table.get("window")
    if kind != "sqs":
        return
    if table["source"].endswith(".fifo"):
        if isinstance(size, int) and size > _LARGEST_OF_FIFO:
            yield f"{path}.batch-size = {size}: expected at most {_LARGEST_OF_FIFO} for a FIFO queue"
        if window:
            yield f"{path}.window has no effect for a FIFO queue; remove it"
    elif isinstance(size, int) and size > _LARGEST_WITHOUT_WINDOW and not window:
        yield f"{path}.batch-size = {size}: expected a window of at least 1 with more than {_LARGEST_WITHOUT_WINDOW}"


def _find_bad_filters(path: str, kind: str, filters: object) -> Iterator[str]:
    if not isinstance(filters, list):
        return
    most = _MOST_FILTERS if kind in POLLED else 1
    if len(filters) > most:
        yield f"{path}.filter has {len(filters)} patterns; expected at most {most}"
    for text in filters:
        try:
            if not isinstance(json.loads(text), dict):
                raise ValueError("it is not an object")
        except (TypeError, ValueError) as error:
            yield f"{path}.filter: {show_value(text)} is not a JSON object: {error}"


def _find_loops(path: str, each: EventSource) -> Iterator[str]:
    """Yield destinations whose items would be events again."""
    for name, destination in (("answers", each.answers), ("failures", each.failures)):
        if destination and _thing(destination) == _thing(each.source):
            yield f"{path}.{name} is also its source: each answer would be the next event; use another destination"


def _thing(arn: str) -> str:
    """Return the ARN of the bucket or table itself, without prefix or stream."""
    if service_of(arn) == "s3":
        return arn.partition("/")[0]
    return arn.partition("/stream/")[0] if service_of(arn) == "dynamodb" else arn


def _read_table(name: str, table: Mapping[str, Any]) -> EventSource:
    values: dict[str, Any] = {key.field: table.get(key.name, key.default) for key in EVENT_KEYS}
    for field, value in values.items():
        if isinstance(value, list):
            values[field] = tuple(value)
    return EventSource(name=name, **values)
