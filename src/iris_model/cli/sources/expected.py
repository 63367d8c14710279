"""The expected answers of test events: `events/expected/NAME.json`, compared with the answers of a function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from iris_model.cli.sources.payloads import EVENTS_DIRECTORY, read_event
from iris_model.cli.sources.remote import Answer
from iris_model.contract.golden import is_same_number
from iris_model.errors import ProjectError

EXPECTED_DIRECTORY = "expected"
_MOST_SHOWN = 60
_MOST_DIFFERENCES = 5


def check_expected(project: Path, event: str | None, send: Callable[[Path, bytes], Answer]) -> dict[str, list[str]]:
    """Send the events with an expected answer, or only `event`. Return their differences; an empty list if there are none.

    Raises ProjectError if there is nothing to check.
    """
    checked = {}
    for name in [event] if event is not None else list_expected(project):
        expected = read_expected(project, name)
        answer = send(project, read_event(project, name))
        text = answer.payload.decode("utf-8", "replace")
        try:
            found = json.loads(text)
        except ValueError:
            found = text
        checked[name] = list(find_differences(expected, found))[:_MOST_DIFFERENCES]
    return checked


def list_expected(project: Path) -> list[str]:
    """Return the names of the events with an expected answer, sorted. Raises ProjectError if there is none."""
    directory = project / EVENTS_DIRECTORY / EXPECTED_DIRECTORY
    names = sorted(path.stem for path in directory.glob("*.json"))
    if not names:
        raise ProjectError(
            f"{directory} has no expected answers, so there is nothing to check",
            remedy="Save a test event with its answer on the page of `iris-model serve`, or write the answer of "
            f"`iris-model invoke --event NAME` to {directory / 'NAME.json'}.",
        )
    return names


def read_expected(project: Path, name: str) -> Any:
    """Return the expected answer of an event. Raises ProjectError."""
    path = project / EVENTS_DIRECTORY / EXPECTED_DIRECTORY / f"{name}.json"
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise ProjectError(
            f"{path} cannot be read: {error.strerror}",
            remedy="Save the event with its answer on the page of `iris-model serve`.",
        ) from None
    except ValueError as error:
        raise ProjectError(f"{path} is not JSON: {error}", remedy="Save the event with its answer again.") from None


def find_differences(expected: Any, found: Any, path: str = "the answer") -> Iterator[str]:
    """Yield the differences of two JSON values. Numbers are equal within the tolerance of golden rows."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            inner = f"{path}.{name}" if path != "the answer" else name
            if name not in found:
                yield f"{inner} is missing"
            elif name not in expected:
                yield f"{inner} is not expected"
            else:
                yield from find_differences(expected[name], found[name], inner)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, pair in enumerate(zip(expected, found, strict=True)):
            yield from find_differences(*pair, f"{path}[{index}]")
    elif not _is_same(expected, found):
        yield f"{path} is {_show(found)}, expected {_show(expected)}"


def _is_same(expected: Any, found: Any) -> bool:
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (expected, found))
    return is_same_number(expected, found) if numbers else type(expected) is type(found) and expected == found


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
