"""Golden rows: a few rows with the answers of the original model. Every later stage is checked against them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

GOLDEN_FILE = "golden.json"

# The largest accepted difference between original and function, for libraries that compute in float32.
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
# Every integer up to this is exact as a float.
LARGEST_WHOLE = 2**53


class GoldenRow(TypedDict):
    """One row, and the original's answer for each method of the model."""

    row: list[Any]
    outputs: dict[str, Any]


def read_golden_rows(function_directory: Path) -> list[GoldenRow]:
    """Read the golden rows of a function directory. Raises FileNotFoundError without the file, ValueError if it is
    damaged.
    """
    rows = json.loads((function_directory / GOLDEN_FILE).read_bytes())
    if not isinstance(rows, list):
        raise ValueError("expected a list of rows")
    for number, each in enumerate(rows, 1):
        if not (isinstance(each, dict) and isinstance(each.get("row"), list) and isinstance(each.get("outputs"), dict)):
            raise ValueError(f"expected row and outputs in entry {number}")
    return rows


def first_row(function_directory: Path) -> list[Any] | None:
    """Return the first golden row, a valid input of the model; None without golden rows, or for a function of another
    tool.
    """
    try:
        row = json.loads((function_directory / GOLDEN_FILE).read_bytes())[0]["row"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return row if isinstance(row, list) else None


def as_sent(row: Sequence[Any], columns: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the row as a caller writes it: true and false in boolean columns, integers without a decimal point."""
    return [_as_sent(cell, column) for cell, column in zip(row, columns, strict=True)]


def _as_sent(cell: Any, column: Mapping[str, Any]) -> Any:
    if column.get("dtype") == "bool" and cell in (0.0, 1.0):
        return bool(cell)
    # Other columns may distinguish 1.0 from 1, and -0.0 is not 0.
    if column.get("kind", "numeric") != "numeric" or not isinstance(cell, float) or not abs(cell) < LARGEST_WHOLE:
        return cell
    whole = int(cell) if cell.is_integer() else None
    return cell if whole is None or (whole == 0 and math.copysign(1.0, cell) < 0) else whole


def is_same_number(one: float, other: float) -> bool:
    """Return whether two answers are equal within the tolerance."""
    return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
