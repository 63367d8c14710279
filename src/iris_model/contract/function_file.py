"""`function.json`: the description of a function directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NotRequired, TypedDict

FUNCTION_FILE = "function.json"
FUNCTION_FORMAT = "iris-model-function/1"


class DescribedEndpoint(TypedDict):
    """What `serve` needs to imitate the endpoint. It does not check tokens, so their issuer is missing."""

    endpoint: str
    auth: str
    cors: dict[str, Any] | None
    throttling: dict[str, float | None]
    more_routes: list[str]


class FunctionFileSettings(TypedDict):
    """The part of `function.json` that comes from the settings of the project."""

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
    labels: NotRequired[dict[str, str]]
    """Names of the classes for people, by class as a string."""
    runtime: NotRequired[str]
    """"native" for a function without Python."""


class FunctionDescription(FunctionFileSettings):
    """The settings, with the executor and the name of the model."""

    executor: str
    model: str


class FunctionFile(FunctionDescription):
    """The complete content of `function.json`: settings, executor and digests."""

    files: dict[str, str]
    """The path of every other file in the directory, with its SHA-256."""


class OtherFormat(ValueError):
    """The file has another format than this version of iris-model writes. `found`: its format."""

    def __init__(self, found: object) -> None:
        super().__init__(f"the format is {found!r}; expected {FUNCTION_FORMAT!r}")
        self.found = found


def read_function_file(directory: Path) -> FunctionFile:
    """Read `function.json` of a function directory.

    Raises FileNotFoundError if it does not exist, OtherFormat if it has another format, ValueError if it is not JSON.
    """
    found: FunctionFile = json.loads((directory / FUNCTION_FILE).read_bytes())
    named = found.get("format") if isinstance(found, dict) else None
    if named != FUNCTION_FORMAT:
        raise OtherFormat(named)
    return found
