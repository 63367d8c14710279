"""`function.json`: what a function directory says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NotRequired, TypedDict

FUNCTION_FILE = "function.json"
FUNCTION_FORMAT = "iris-model-function/1"


class DescribedEndpoint(TypedDict):
    """What `serve` needs to behave as the endpoint does. It checks no tokens, so it need not know whose would be taken."""

    endpoint: str
    auth: str
    cors: dict[str, Any] | None
    throttling: dict[str, float | None]
    more_routes: list[str]


class FunctionSettings(TypedDict):
    """What the settings of the project decide."""

    format: str
    name: str
    handler: str
    python: str
    architecture: str
    memory: int
    timeout: int
    route: str
    stage: str
    http: DescribedEndpoint
    reserved_concurrency: int | None
    log_format: str
    system_log_level: NotRequired[str]
    environment: dict[str, str]


class FunctionDescription(FunctionSettings):
    """The settings, and what answers."""

    executor: str
    model: str


class FunctionFile(FunctionDescription):
    """The whole file."""

    files: dict[str, str]
    """Every other file of the directory with its sha256."""


class OtherFormat(ValueError):
    """The file is of another version of iris-model, or of somebody else; `found` is its format."""

    def __init__(self, found: object) -> None:
        super().__init__(f"the format is {found!r}; expected {FUNCTION_FORMAT!r}")
        self.found = found


def read_function_file(directory: Path) -> FunctionFile:
    """Read the file of a function directory.

    FileNotFoundError if there is none, OtherFormat if it is not of this format, ValueError if it is not JSON.
    """
    found: FunctionFile = json.loads((directory / FUNCTION_FILE).read_bytes())
    named = found.get("format") if isinstance(found, dict) else None
    if named != FUNCTION_FORMAT:
        raise OtherFormat(named)
    return found
