"""List the types that a column may have had in training, the most likely first.

Uses what the converter learned about the column, the cells of the user's rows, and an MLflow signature. A CSV file is
ambiguous: strings may have been dates, digits strings. The original's answers decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from iris_model.contract.cell_words import MISSING, TRUTH
from iris_model.contract.signature import Column
from iris_model.readers.category_orders import sort_cells

Entry = Column

# With more distinct strings than this, a column is not shown as categories.
MOST_CATEGORIES = 64

# MLflow's type of a column -> ours.
MLFLOW_TYPES = {
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "boolean": "bool",
    "string": "str",
    "datetime": "datetime64",
}

_INTEGER = re.compile(r"[+-]?\d{1,19}")
_LEADING_ZERO = re.compile(r"[+-]?0\d+")
_DATE = re.compile(r"\d{4}-\d{2}.*")


def find_types(entry: Entry, cells: Sequence[str], mlflow_type: str | None = None) -> list[Entry]:
    """Return the possible signature entries of the column, the most likely first.

    Every entry is marked as possibly missing; a later step tests it.
    """
    is_puzzling = bool(entry.get("puzzled_by"))
    entry = {**entry, "missing": True}
    entry.pop("puzzled_by", None)
    stripped = [cell.strip() for cell in cells]
    there = [cell for cell in stripped if cell.lower() not in MISSING]
    has_missing = len(there) < len(cells)
    if mlflow_type in MLFLOW_TYPES and entry["kind"] in ("unknown", "numeric"):
        return [_typed(entry, MLFLOW_TYPES[mlflow_type], cells)]
    if entry["kind"] == "numeric" or (entry["kind"] == "categorical" and entry["dtype"] == "float64"):
        return _number_types(entry, there, has_missing, is_puzzling)
    if entry["kind"] == "categorical" and entry["dtype"] == "object" and not entry["categories"]:
        return [_open_categories(entry, there)] if there and not entry.get("dropped") else [entry]
    if entry["kind"] != "unknown":
        return [entry]
    if not there:
        return [_typed(entry, dtype, cells) for dtype in ("float64", "int64", "str")]
    return [_typed(entry, dtype, cells) for dtype in _guess(there, has_missing)]


def find_category(entry: Entry, cells: Sequence[str]) -> Entry:
    """Return the entry of a pandas Categorical, with the categories that occur in the rows, sorted."""
    entry = _typed(entry, "category", cells)
    entry.pop("puzzled_by", None)
    return entry


def _open_categories(entry: Entry, there: Sequence[str]) -> Entry:
    """Return the entry with the categories of the rows: integers, or else strings.

    Used if the converter does not know the categories: CatBoost treats 7 and "7" as equal.
    """
    whole = all(map(_INTEGER.fullmatch, there)) and not any(map(_LEADING_ZERO.fullmatch, there))
    known: list[Any] = sorted({int(cell) for cell in there}) if whole else sorted(set(there))
    return {**entry, "categories": known[:MOST_CATEGORIES]}


def _number_types(entry: Entry, there: Sequence[str], has_missing: bool, is_puzzling: bool) -> list[Entry]:
    """Return entries for a column that the converter knows to be numeric: integers if all rows or categories are."""
    if there and all(cell.lower() in TRUTH for cell in there) and entry["kind"] == "numeric":
        return [
            _typed(entry, dtype, there) for dtype in (("truths", "bool") if has_missing and is_puzzling else ("bool",))
        ]
    known = entry.get("categories") or []
    whole = all(map(_INTEGER.fullmatch, there)) if there else bool(known) and all(type(one) is int for one in known)
    return [{**entry, "dtype": "int64"}, entry] if whole and not has_missing else [entry]


def _guess(there: Sequence[str], has_missing: bool) -> Sequence[str]:
    """Return the type that pandas would read from the cells, then others that training may have used."""
    if all(cell.lower() in TRUTH for cell in there):
        return ("truths", "bool", "str") if has_missing else ("bool", "str")
    if all(map(_INTEGER.fullmatch, there)):
        if any(map(_LEADING_ZERO.fullmatch, there)):
            return "str", "category", "int64"
        return ("float64", "str") if has_missing else ("int64", "str", "category", "float64")
    if all(map(is_number, there)):
        return "float64", "str"
    if all(map(_DATE.match, there)) and None not in (dates := [_read_date(cell) for cell in there]):
        zoned = all(date is not None and date.tzinfo is not None for date in dates)
        return "str", "datetime64, UTC" if zoned else "datetime64"
    return "str", "category"


def _typed(entry: Entry, dtype: str, cells: Sequence[str]) -> Entry:
    """Return the entry with a type. A string column gets the categories that occur in the rows."""
    plain = entry.copy()
    plain.pop("categories", None)
    if dtype in ("bool", "truths"):
        # pandas reads true, false and missing cells as objects.
        of = "bool" if dtype == "bool" else "object"
        return {**plain, "kind": "categorical", "dtype": of, "categories": [False, True]}
    if dtype.startswith("datetime"):
        offsets = _find_offsets(cells) if dtype.endswith("UTC") else []
        dated: Entry = {**plain, "kind": "text", "dtype": dtype}
        return {**dated, "offsets": offsets} if any(offsets) else dated
    if dtype not in ("str", "category"):
        return {**plain, "kind": "numeric", "dtype": dtype}
    there = [cell for cell in cells if cell.strip().lower() not in MISSING]
    texts = sorted(set(there))
    if dtype == "category":
        return {**plain, "kind": "categorical", "dtype": dtype, "categories": sort_cells(cells)}
    if len(texts) > MOST_CATEGORIES and len(texts) == len(there):
        return {**plain, "kind": "text", "dtype": dtype}
    return {**plain, "kind": "categorical", "dtype": dtype, "categories": texts[:MOST_CATEGORIES]}


def _find_offsets(cells: Sequence[str]) -> list[int]:
    """Return the offsets from UTC of dates, in seconds, ascending. A local time depends on them, such as its hour."""
    dates = [_read_date(cell) for cell in cells if cell.strip().lower() not in MISSING]
    found = {date.utcoffset() for date in dates if date is not None}
    return sorted(int(offset.total_seconds()) for offset in found if offset is not None)


def is_number(text: str) -> bool:
    """Whether `float` accepts the text."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
