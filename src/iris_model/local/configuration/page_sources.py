"""Project files that the page may show. They are not part of the function directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PageSources:
    """The project's test events and training data; None if there are none.

    `target` is the data's column with the labels; by default the one column that is not a feature.
    """

    events: Path | None = None
    data: Path | None = None
    target: str | None = None
