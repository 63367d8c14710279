"""Project files and programs that the page may use. They are not part of the function directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


class NotShown(Exception):
    """The page cannot show this about the model. The message is the reason."""


class PageModel(Protocol):
    """The compiled model of a function, evaluated in this process: its answers are neither invocations nor billed."""

    @property
    def why_not(self) -> str:
        """Why its answers cannot be explained; empty if they can."""

    def predict(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the predictions. Raises NotShown."""

    def explain(self, row: Sequence[Any]) -> Mapping[str, Any]:
        """Return the contribution of each column, as JSON values. Raises NotShown."""


@dataclass(frozen=True)
class PageSources:
    """The project's test events and training data; None if there are none.

    `target` is the data's column with the labels; by default the one column that is not a feature. `open_model`
    opens the model in a function directory; None if it is not compiled. `describe_api` returns the OpenAPI document of a
    function directory for the address of the service; it raises NotShown.
    """

    events: Path | None = None
    data: Path | None = None
    target: str | None = None
    open_model: Callable[[Path], PageModel | None] | None = field(default=None, compare=False)
    describe_api: Callable[[Path, str], Mapping[str, Any]] | None = field(default=None, compare=False)
