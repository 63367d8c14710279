"""Hints of `compile` and `init` about verification, and the import path for trusted names."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

GENERATED_ONLY = (
    "All compared rows were generated. To compare your own rows too, give --data rows.csv: a header line, then rows like "
    "those of training."
)


@contextlib.contextmanager
def modules_next_to(model: Path, trust: Sequence[str]) -> Iterator[None]:
    """Add the directory of the model file to the import path for trusted names. It is last, so that it does not hide
    installed libraries.
    """
    if not trust:
        yield
        return
    entry = str((model if model.is_dir() else model.parent).resolve())
    sys.path.append(entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
