"""Read the event of `invoke`: from the command line, a file, stdin, or the project's `events/`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iris_model.errors import IrisModelError, ProjectError

EVENTS_DIRECTORY = "events"


def read_event(project: Path, name: str) -> bytes:
    """Read a test event of the project, `events/NAME.json`."""
    directory = project / EVENTS_DIRECTORY
    path = directory / f"{name}.json"
    if path.parent == directory and path.is_file():
        return check_json(path.read_bytes(), str(path))
    names = sorted(file.stem for file in directory.glob("*.json"))
    if not names:
        raise ProjectError(
            f"{directory} has no test events; expected {name}.json", remedy="Create the file with a JSON event in it."
        )
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ProjectError(f"{directory} has no event {name}{hint}", remedy=f"Available events: {', '.join(names)}.")


def read_payload(argument: str, read_stdin: Callable[[], bytes]) -> bytes:
    """Return the content of `@FILE`, stdin for `-`, or the argument itself."""
    if argument == "-":
        return check_json(read_stdin(), "stdin")
    if argument.startswith("@"):
        path = Path(argument[1:])
        try:
            return check_json(path.read_bytes(), str(path))
        except OSError as error:
            raise IrisModelError(
                f"{path} cannot be read: {error.strerror}", remedy="Pass the path of a JSON file after @."
            ) from None
    return check_json(argument.encode("utf-8", "surrogateescape"), f"the payload {argument}")


def check_json(payload: bytes, origin: str) -> bytes:
    """Refuse what Lambda refuses before it calls the function."""
    try:
        parse_strictly(payload)
    except ValueError as error:
        reason = "it is empty" if not payload.strip() else str(error)
        raise IrisModelError(
            f"{origin} is not JSON: {reason}",
            remedy="Pass JSON, such as '[5.1, 3.5, 1.4, 0.2]', or a file as @FILE.",
        ) from None
    return payload


def parse_strictly(text: bytes) -> Any:
    """Parse JSON as Lambda does, which accepts neither NaN nor Infinity."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not a JSON number")

    return json.loads(text, parse_constant=refuse)
