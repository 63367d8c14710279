"""The rows a user gives to verify with: a CSV file, or lists.

In: a path or rows. Out: names (if the file has a header) and cells; then, for a signature, rows in the model's order with
numbers as floats and None for what is missing. Every refusal names line, column and cell.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.engine.rows import holds_numbers
from iris_model.errors import IrisModelError

Cell = Any
Row = list[Cell]
DataSource = str | Path | Sequence[Sequence[Cell]]

# What people write for a missing cell, in lower case.
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})

TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Data:
    """Rows as they were given. `origin` and `first_line` are for messages.

    `names` without the spaces around them; `written` with them, since a model may have been trained so.
    """

    names: tuple[str, ...] | None
    rows: tuple[tuple[Cell, ...], ...]
    origin: str
    first_line: int
    written: tuple[str, ...] = ()

    def place_of(self, name: str) -> int | None:
        """Where a column of that name is: as it is written, else but for the spaces around it."""
        if name in self.written:
            return self.written.index(name)
        if self.names is not None and name.strip() in self.names:
            return self.names.index(name.strip())
        return None


def read_data(source: DataSource) -> Data:
    """Read a CSV file, with or without a header line, or take rows as they are."""
    if not isinstance(source, (str, Path)):
        return Data(None, tuple(tuple(row) for row in source), "data", 0)
    try:
        text = Path(source).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise IrisModelError(
            f"cannot read the rows in {source}: {reason}", remedy="Give a CSV file in UTF-8."
        ) from None
    lines = [tuple(line) for line in csv.reader(io.StringIO(text, newline="")) if line]
    if not lines:
        raise IrisModelError(
            f"{source} has no rows; expected at least one", remedy="Give a CSV file with rows, or none."
        )
    # pandas numbers columns that have no names, and writes the numbers as a header.
    is_numbered = len(lines[0]) > 1 and [cell.strip() for cell in lines[0]] == [
        str(index) for index in range(len(lines[0]))
    ]
    has_names = not all(_is_number(cell) or cell.strip().lower() in TRUTH for cell in lines[0])
    has_header = has_names or is_numbered
    rows = tuple(lines[1:] if has_header else lines)
    names = tuple(cell.strip() for cell in lines[0]) if has_names else None
    return Data(names, rows, str(source), 2 if has_header else 1, lines[0])


def mark_truths(data: Data, signature: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the columns of `signature`; those of numbers in which `data` has true and false, and nothing else, say so.

    A model that was trained on a DataFrame with such a column calculates with 1 and 0, and does not remember it. Its callers
    have true and false, in JSON and in CSV.
    """
    columns = signature["columns"]
    places = _places(data, [column["name"] for column in columns], by_name=signature["named"])
    marked = []
    for place, column in zip(places, columns, strict=True):
        there = {
            str(row[place]).strip().lower() for row in data.rows if place < len(row) and not _is_missing(row[place])
        }
        if column["kind"] == "numeric" and there and there <= TRUTH.keys():
            column = {**column, "kind": "categorical", "dtype": "bool", "categories": [False, True]}
        marked.append(column)
    return marked


def arrange(data: Data, signature: Mapping[str, Any]) -> list[Row]:
    """Return the rows in the order of the signature's columns.

    A named model takes its columns by name, wherever they stand, and leaves the others (the target, say) alone.
    """
    columns = signature["columns"]
    names = [column["name"] for column in columns]
    places = _places(data, names, by_name=signature["named"])
    needed = len(data.names) if data.names is not None else len(names)
    arranged = []
    for line, row in enumerate(data.rows, start=data.first_line):
        if len(row) != needed:
            raise IrisModelError(
                f"{data.origin}, {_line(data, line)} has {len(row)} cells; expected {needed}",
                remedy="Mend or remove that line.",
            )
        cells = (_cell(row[place], column) for place, column in zip(places, columns, strict=True))
        arranged.append(list(cells))
        for cell, column in zip(arranged[-1], columns, strict=True):
            _check(cell, column, f"{data.origin}, {_line(data, line)}")
    return arranged


def _places(data: Data, names: list[str], *, by_name: bool) -> list[int]:
    if data.names is None:
        return list(range(len(names)))
    if by_name:
        found = [data.place_of(name) for name in names]
        absent = [name for name, place in zip(names, found, strict=True) if place is None]
        if absent:
            raise IrisModelError(
                f"{data.origin} has no column {', '.join(map(repr, absent))}; it has {', '.join(data.names)}",
                remedy="Give the columns that the model was trained with, under the same names.",
            )
        return [place for place in found if place is not None]
    if len(data.names) != len(names):
        raise IrisModelError(
            f"{data.origin} has {len(data.names)} columns; the model takes {len(names)} and was trained without names, "
            "so they go by position",
            remedy="Leave out what is not a feature, such as the target.",
        )
    return list(range(len(names)))


def _cell(cell: Cell, column: Mapping[str, Any]) -> Cell:
    """Text becomes a number in a numeric column, and None wherever it stands for missing."""
    if isinstance(cell, str):
        if cell in column.get("categories", ()) or column["kind"] == "text":
            return cell
        stripped = cell.strip()
        if stripped.lower() in MISSING:
            return None
        if not holds_numbers(column) and not _is_number(stripped) and stripped not in column.get("categories", ()):
            return cell
        return _number_or_text(stripped, column)
    if isinstance(cell, float) and math.isnan(cell):
        return None
    is_number = hasattr(cell, "__float__") and (not isinstance(cell, bool) or column["dtype"] == "bool")
    return float(cell) if is_number else cell


def _number_or_text(cell: str, column: Mapping[str, Any]) -> Cell:
    """A CSV file does not say whether 3 is a number or a text, and writes True in its own way: the column knows."""
    if column["dtype"] == "bool" and cell.lower() in TRUTH:
        return TRUTH[cell.lower()]
    if holds_numbers(column):
        return float(cell) if _is_number(cell) else cell
    takes_any = column["dtype"] == "object" and column.get("optional")
    mixed = column["kind"] == "categorical" and _is_number(cell) and (takes_any or float(cell) in column["categories"])
    return float(cell) if mixed else cell


def _check(cell: Cell, column: Mapping[str, Any], where: str) -> None:
    if cell is None:
        if not column["missing"]:
            raise IrisModelError(
                f"{where}, column {column['name']!r} is empty, and this model takes no missing values",
                remedy="Fill the cell or leave the row out.",
            )
    elif holds_numbers(column) and (not isinstance(cell, float) or not math.isfinite(cell)):
        raise IrisModelError(
            f"{where}, column {column['name']!r} is {cell!r}; expected a finite number",
            remedy="Mend the cell or leave the row out.",
        )


def _is_missing(cell: Cell) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and cell.strip().lower() in MISSING)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.strip().lower() in MISSING
    return True


def _line(data: Data, line: int) -> str:
    return f"line {line}" if data.first_line else f"row {line}"
