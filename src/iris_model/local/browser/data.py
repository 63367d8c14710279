"""Read the training data as points for a plot: numbers and labels, from a CSV file of the project.

The service reads the file while it runs; no function directory contains it. If the data cannot be drawn, the page shows
the reason instead of the plot. This is not an error of the function.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

# More points look the same and slow the browser down.
MAX_POINTS = 1500
_MAX_LINES = 1_000_000
_MAX_BYTES = 64 * 1024 * 1024


class NoPicture(Exception):
    """The data cannot be drawn. The message is the reason."""


@dataclass(frozen=True)
class _Layout:
    features: tuple[tuple[str, int], ...]  # name of a numeric feature, and its position in a line
    target: int | None
    target_name: str | None


def read_points(path: Path, target: str | None, columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `features` (names), `rows` (numbers, None where missing), `labels` or None, `target`, `total`.

    There are at most `MAX_POINTS` rows, evenly spaced and the same in each call. Raises NoPicture.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise NoPicture(f"{path.name} has more than {_MAX_BYTES // 1024 // 1024} MiB")
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in islice(csv.reader(file), _MAX_LINES) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NoPicture(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not lines:
        raise NoPicture(f"{path.name} is empty")
    width = len(lines[0])
    named = not any(_number(cell) is not None for cell in lines[0])
    layout = _lay_out([cell.strip() for cell in lines[0]] if named else None, width, target, columns, path.name)
    lines = lines[1:] if named else lines
    kept = [line for line in lines if len(line) == width]
    step = max(1, math.ceil(len(kept) / MAX_POINTS))
    shown = kept[::step]
    return {
        "features": [name for name, _ in layout.features],
        "rows": [[_number(line[place]) for _, place in layout.features] for line in shown],
        "labels": None if layout.target is None else [line[layout.target].strip() for line in shown],
        "target": layout.target_name,
        "total": len(kept),
    }


def _lay_out(
    names: list[str] | None, width: int, target: str | None, columns: Sequence[Mapping[str, Any]], file: str
) -> _Layout:
    features = [column["name"] for column in columns]
    if names is not None and all(name in names for name in features):
        places = [names.index(name) for name in features]
    elif width in (len(features), len(features) + 1):
        places = list(range(len(features)))  # trained without names: features by position, then the target
    else:
        raise NoPicture(f"{file} has {width} columns, which do not match the {len(features)} features of the model")
    others = [place for place in range(width) if place not in places]
    if target is not None and names is not None:
        if target not in names:
            raise NoPicture(f"{file} has no column {target!r}, the target in iris-model.toml")
        others = [names.index(target)]
    target_place = others[0] if len(others) == 1 else None
    numeric = tuple(
        (column["name"], place) for column, place in zip(columns, places, strict=True) if column["kind"] == "numeric"
    )
    if not numeric:
        raise NoPicture("the model has no numeric feature to plot")
    name = None if target_place is None else names[target_place] if names else "target"
    return _Layout(numeric, target_place, name)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
