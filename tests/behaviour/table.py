"""The behaviour table: what one request does on AWS, here, and under the official emulator. Data and its types.

`cases` holds the rows. A row is run against our service in `test_ours`, against the real emulator in
`tests/e2e/test_behaviour_of_the_emulator`, and written into docs/reference/behaviour.md by `page`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Mark = Literal["doc", "model", "cap", "run", "sec", "?"]

INVOKE = "/2015-03-31/functions/{name}/invocations"


@dataclass(frozen=True)
class Send:
    """A request. `{name}` in the path is the function's name, which the emulator calls `function`."""

    method: str = "POST"
    path: str = INVOKE
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What is expected: every part that is set must match. `contains` and `lacks` are strings in the body."""

    status: int
    contains: str = ""
    lacks: str = ""
    function_error: bool | None = None
    headers: tuple[str, ...] = ()
    """Each `name: value` whose value must be contained, `name` alone, which must be there, or `!name`, which must not."""
    log: str = ""
    """A regular expression for a line of the log."""

    def describe(self) -> str:
        """A cell of the page."""
        words = [str(self.status)]
        if self.function_error:
            words.append("function error")
        words += [f"no `{header[1:]}`" if header[0] == "!" else f"`{header}`" for header in self.headers]
        if self.contains:
            words.append(f"`{self.contains}`")
        if self.lacks:
            words.append(f"no `{self.lacks}`")
        if self.log:
            words.append(f"log `{self.log}`")
        return ", ".join(words)


@dataclass(frozen=True)
class Case:
    """One row. `ours` is None where we behave as AWS does; `emulator` is None where it has no such feature."""

    name: str
    section: str
    aws: Answer
    mark: Mark
    send: Send = field(default_factory=Send)
    ours: Answer | None = None
    emulator: Answer | None = None
    handler: str = "app.handler"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Changes to the function's settings."""
    note: str = ""

    @property
    def expected_of_us(self) -> Answer:
        """What our service must answer."""
        return self.ours or self.aws
