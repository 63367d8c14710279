"""What the page may show beside the function directory: the project's own files, of which none goes to the cloud."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PageSources:
    """Where the project keeps its test events and its training data; None where there is none.

    `target` is the data's column with the labels; without it, the one column that is no feature.
    """

    events: Path | None = None
    data: Path | None = None
    target: str | None = None
