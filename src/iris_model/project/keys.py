"""Every key of `iris-model.toml`, in one table.

Reading (`settings`), the reference page and the file that `init` writes (`reference`) all follow this table; a key that
is not here does not exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "texts", "table"]


@dataclass(frozen=True)
class Key:
    """One key: what may stand there, what holds when it is absent, and one line for the reference page."""

    name: str
    kind: Kind
    doc: str
    default: Any = None
    section: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    unit: str = ""
    pattern: str = ""
    pattern_means: str = ""
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
        if self.choices:
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        if self.kind == "integer":
            unit = f" {self.unit}" if self.unit else ""
            if self.maximum is None:
                return f"an integer of at least {self.minimum}{unit}"
            return f"an integer from {self.minimum} to {self.maximum}{unit}"
        if self.kind == "texts":
            return "a list of texts" + (f", each {self.pattern_means}" if self.pattern_means else "")
        if self.kind == "table":
            return "a table of texts" + (f" whose names are {self.pattern_means}" if self.pattern_means else "")
        return self.pattern_means or "a text"

    def find_problem(self, value: object) -> str:
        """Say what is wrong with `value`, or nothing."""
        if self._accepts(value):
            return ""
        return f"{self.path} = {show_value(value)}: expected {self.expectation}"

    def _accepts(self, value: object) -> bool:
        if self.kind == "integer":
            # In Python True is an integer, in TOML it is not.
            if not isinstance(value, int) or isinstance(value, bool):
                return False
            return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)
        if self.kind == "texts":
            return isinstance(value, list) and all(self._accepts_text(item) for item in value)
        if self.kind == "table":
            return isinstance(value, dict) and all(
                self._accepts_text(name) and isinstance(item, str) for name, item in value.items()
            )
        return self._accepts_text(value)

    def _accepts_text(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        if self.choices:
            return value in self.choices
        return not self.pattern or re.fullmatch(self.pattern, value) is not None


def show_value(value: object) -> str:
    """Write a value as TOML writes it, shortened when it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif isinstance(value, list):
        text = "[" + ", ".join(show_value(item) for item in value) + "]"
    elif isinstance(value, dict):
        text = "{ " + ", ".join(f"{name} = {show_value(item)}" for name, item in value.items()) + " }"
    else:
        text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


# A path that stays inside the project: relative, no `..` part, and no backslash, which is a path on one system only.
_INSIDE = r"(?!/)(?!(?:.*/)?\.\.(?:/|$))[^\\]+"
_INSIDE_MEANS = "a relative path inside the project"

KEYS: tuple[Key, ...] = (
    Key(
        "name",
        "text",
        "Name of the function, in the Invoke API and on AWS.",
        required=True,
        pattern=r"[A-Za-z0-9_-]{1,64}",
        pattern_means="1 to 64 letters, digits, hyphens or underscores",
    ),
    Key(
        "model",
        "text",
        "The trained model.",
        required=True,
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "handler",
        "text",
        "Module and function that Lambda calls.",
        default="app.handler",
        pattern=r"[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*\.[A-Za-z_]\w*",
        pattern_means='a module and a function, as in "app.handler"',
    ),
    Key(
        "executor",
        "text",
        "What evaluates the model. `auto` takes `compiled` where that is shown to be equal, else `original`.",
        default="auto",
        choices=("auto", "compiled", "onnxruntime", "original"),
    ),
    Key("memory", "integer", "Memory of the function.", default=128, minimum=128, maximum=10240, unit="MB"),
    Key(
        "timeout", "integer", "Longest time that one invocation may take.", default=3, minimum=1, maximum=900, unit="s"
    ),
    Key("architecture", "text", "Processor of the function.", default="x86_64", choices=("x86_64", "arm64")),
    Key(
        "base-image",
        "text",
        "Image that the container image is built on; a Dockerfile says it once more, as BASE_IMAGE.",
        default="public.ecr.aws/lambda/python:3.13",
        pattern=r"\S+",
        pattern_means="an image reference without spaces",
    ),
    Key(
        "python",
        "text",
        "Minor version of Python that the function runs on.",
        default_doc="the Python that packages it",
        pattern=r"3\.\d{1,2}",
        pattern_means='a minor version of Python, as in "3.13"',
    ),
    Key(
        "route",
        "text",
        "Path of the HTTP API after the stage.",
        default_doc="`/` and the name",
        pattern=r"/[A-Za-z0-9._~/-]*",
        pattern_means='a path that begins with "/"',
    ),
    Key(
        "stage",
        "text",
        "Stage of the HTTP API: the first part of the path.",
        default="default",
        pattern=r"\$default|[A-Za-z0-9_-]{1,128}",
        pattern_means='"$default", or 1 to 128 letters, digits, hyphens or underscores',
    ),
    Key(
        "data",
        "text",
        "CSV file of sample rows: verification, ranges and golden rows use it.",
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "trust",
        "texts",
        "Names in the model file that may be loaded though no known library defines them.",
        default=(),
        pattern=r"[^\W\d]\w*(?:\.[^\W\d]\w*)*",
        pattern_means='a dotted name, as in "my_features.Squarer"',
    ),
    Key(
        "include",
        "texts",
        "Further files to package, as paths or globs; modules that the handler imports come by themselves.",
        default=(),
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "environment",
        "table",
        "Environment variables of the function, at most 4 KB together.",
        default={},
        pattern=r"[A-Za-z][A-Za-z0-9_]+",
        pattern_means="two or more letters, digits or underscores, a letter first",
    ),
    Key(
        "function-directory-kib",
        "integer",
        "Largest size of the function directory; `package` fails beyond it.",
        default_doc="no limit",
        section="budgets",
        minimum=1,
        unit="KiB",
    ),
)
