"""Read the user's rows for verification: a CSV file, or lists.

Returns names (if the file has a header) and cells; `arrange` puts them in the order of a signature, with numbers as
floats and None for missing cells. Every refusal names line, column and cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from csv import Error
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from iris_model.contract.cell_words import MISSING, TRUTH
from iris_model.contract.signature import Column, InputSignature, Signature
from iris_model.engine.rows import holds_numbers
from iris_model.engine.typed_rows import DATE_TYPES, INTEGER_TYPES
from iris_model.errors import IrisModelError
from iris_model.readers.category_orders import CategoryOrders, Missing

from .csv_text import decode, split

Cell = Any
Row = list[Cell]


@dataclass(frozen=True)
class Data:
    """Rows as they were given. `origin` and `first_line` are for messages.

    `names` have no spaces around them. `written` keeps the spaces, because the model may have been trained with them.
    """

    names: tuple[str, ...] | None
    rows: tuple[tuple[Cell, ...], ...]
    origin: str
    first_line: int
    written: tuple[str, ...] = ()
    categories: Mapping[str, Sequence[Cell]] = field(default_factory=dict)
    """The categories of the Categorical columns of a DataFrame, in its order."""
    missing: Mapping[str, Missing] = field(default_factory=dict)
    """What the missing cells are in the columns of objects of a DataFrame that has some."""

    def place_of(self, name: str) -> int | None:
        """Return the position of the column with that name: as written, or else ignoring spaces around it."""
        if name in self.written:
            return self.written.index(name)
        if self.names is not None and name.strip() in self.names:
            return self.names.index(name.strip())
        return None

    def cells_of(self, name: str) -> list[str]:
        """Return the cells of the column with that name as strings; a missing one is the empty string."""
        place = self.place_of(name)
        return (
            []
            if place is None
            else ["" if row[place] is None else str(row[place]) for row in self.rows if place < len(row)]
        )

    def missing_of(self, name: str) -> Missing | None:
        """Return what the missing cells of that column are; None if it has none. Outside a DataFrame they are NaN."""
        if name in self.missing:
            return self.missing[name]
        place = self.place_of(name)
        is_met = place is not None and any(_is_missing(row[place]) for row in self.rows if place < len(row))
        return "nan" if is_met else None


DataSource = str | Path | Sequence[Sequence[Cell]] | Data


def read_data(source: DataSource) -> Data:
    """Read a CSV file, with or without a header line, or take rows as they are. Raises IrisModelError."""
    if isinstance(source, Data):
        return source
    if not isinstance(source, (str, Path)):
        wrong = next(
            ((at, row) for at, row in enumerate(source) if isinstance(row, str) or not hasattr(row, "__iter__")), None
        )
        if wrong is not None:
            raise IrisModelError(
                f"data, row {wrong[0]} is {wrong[1]!r:.80}; expected a list of cells",
                remedy="Pass rows, not the target: a list of lists, or a table.",
            )
        return Data(None, tuple(tuple(row) for row in source), "data", 0)
    try:
        lines = split(decode(Path(source).read_bytes()))
    except (OSError, ValueError, Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise IrisModelError(f"cannot read the rows in {source}: {reason}", remedy="Pass a CSV file.") from None
    if not lines:
        raise IrisModelError(
            f"{source} has no rows; expected at least one", remedy="Pass a CSV file with rows, or omit --data."
        )
    # pandas numbers columns without names, and writes the numbers as a header.
    is_numbered = len(lines[0]) > 1 and [cell.strip() for cell in lines[0]] == [
        str(index) for index in range(len(lines[0]))
    ]
    has_names = not all(_is_number(cell) or cell.strip().lower() in TRUTH for cell in lines[0])
    has_header = has_names or is_numbered
    rows = tuple(lines[1:] if has_header else lines)
    names = tuple(cell.strip() for cell in lines[0]) if has_names else None
    return Data(names, rows, str(source), 2 if has_header else 1, lines[0])


def adopt_header(data: Data, names: Sequence[str]) -> Data:
    """Use the first line as the header if it contains exactly the names of the model's columns, even numeric ones."""
    written = tuple(cell.strip() for cell in data.written)
    if data.names is not None or data.first_line != 1 or sorted(written) != sorted(name.strip() for name in names):
        return data
    return replace(data, names=written, rows=data.rows[1:], first_line=2)


def find_orders(data: Data | None, categories: Mapping[str, Sequence[Cell]]) -> CategoryOrders:
    """Return what the user knows about categories: those of the settings, those of a DataFrame, and the rows."""
    if data is None:
        return CategoryOrders(categories)
    return CategoryOrders({**data.categories, **categories}, data.cells_of, data.missing_of)


def check_categories(categories: Mapping[str, Sequence[Cell]], columns: Sequence[Column]) -> None:
    """Refuse categories in the settings that the model does not have: a name or an order would be ignored."""
    found = {column["name"]: column for column in columns}
    for name, given in categories.items():
        column = found.get(name)
        if column is None or column["dtype"] != "category":
            raise IrisModelError(
                f"categories in iris-model.toml names {name!r}, but the model has no such column with categories of a DataFrame",
                remedy="Correct the name, or remove the key.",
            )
        if list(column["categories"]) != list(given):
            raise IrisModelError(
                f"categories in iris-model.toml has {list(given)!r} for the column {name!r}, but the model file has "
                f"{column['categories']!r}"[:600],
                remedy="Remove the key: the model file stores the categories of this column.",
            )


def mark_truths(data: Data, signature: InputSignature | Signature) -> list[Column]:
    """Return the columns of `signature`. Numeric columns with only true and false in `data` are marked as boolean.

    A model trained on a DataFrame with such a column calculates with 1 and 0, and does not store that it was boolean.
    Callers send true and false, in JSON and in CSV.
    """
    columns = signature["columns"]
    places = _places(data, columns, by_name=signature["named"])
    marked = []
    for place, column in zip(places, columns, strict=True):
        cells = [row[place] for row in data.rows if place < len(row)] if place is not None else []
        there = {str(cell).strip().lower() for cell in cells if not _is_missing(cell)}
        if column["kind"] == "numeric" and there and there <= TRUTH.keys():
            column = {**column, "kind": "categorical", "dtype": "bool", "categories": [False, True]}
        marked.append(column)
    return marked


def arrange(data: Data, signature: InputSignature | Signature) -> list[Row]:
    """Return the rows in the order of the signature's columns.

    A model with names takes its columns by name, in any order, and ignores others, such as the target. Raises
    IrisModelError, which names line, column and cell.
    """
    columns = signature["columns"]
    places = _places(data, columns, by_name=signature["named"])
    needed = len(data.names) if data.names is not None else len(columns)
    arranged = []
    for line, row in enumerate(data.rows, start=data.first_line):
        if len(row) != needed:
            raise IrisModelError(
                f"{data.origin}, {_line(data, line)} has {len(row)} cells; expected {needed}",
                remedy="Correct or remove that line.",
            )
        cells = [
            None if place is None else _cell(row[place], column) for place, column in zip(places, columns, strict=True)
        ]
        arranged.append(cells)
        for cell, column in zip(arranged[-1], columns, strict=True):
            _check(cell, column, f"{data.origin}, {_line(data, line)}")
    return arranged


def _places(data: Data, columns: Sequence[Column], *, by_name: bool) -> list[int | None]:
    """Return the position of each column; None if it is absent and optional."""
    names = [column["name"] for column in columns]
    if data.names is None:
        return list(range(len(names)))
    if by_name:
        found = [data.place_of(name) for name in names]
        absent = [
            column["name"]
            for column, place in zip(columns, found, strict=True)
            if place is None and not column.get("optional")
        ]
        if absent:
            raise IrisModelError(
                f"{data.origin} has no column {', '.join(map(repr, absent))}; it has {', '.join(data.names)}",
                remedy="Use the columns of training, with the same names.",
            )
        return found
    if len(data.names) == len(names) + 1 and not data.names[0]:
        # pandas writes the index of a DataFrame as a first column without a name.
        return list(range(1, len(data.names)))
    if len(data.names) != len(names):
        raise IrisModelError(
            f"{data.origin} has {len(data.names)} columns; the model has {len(names)} and was trained without names, "
            f"so they are matched by position",
            remedy="Remove columns that are not features, such as the target.",
        )
    return list(range(len(names)))


def _cell(cell: Cell, column: Column) -> Cell:
    """Convert a string to a number in a numeric column, and to None if it means missing."""
    if isinstance(cell, str):
        stripped = cell.strip()
        if column["dtype"] in DATE_TYPES:
            return None if stripped.lower() in MISSING else stripped
        if cell in column.get("categories", ()) or column["kind"] == "text":
            return cell
        if stripped.lower() in TRUTH and column["dtype"] == "object" and column.get("categories") == [False, True]:
            return bool(TRUTH[stripped.lower()])
        if stripped.lower() in MISSING:
            return None
        if not holds_numbers(column) and not _is_number(stripped) and stripped not in column.get("categories", ()):
            return cell
        return _number_or_text(stripped, column)
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if column["dtype"] in INTEGER_TYPES and hasattr(cell, "__index__") and not isinstance(cell, bool):
        return int(cell)
    is_number = hasattr(cell, "__float__") and (not isinstance(cell, bool) or column["dtype"] == "bool")
    return float(cell) if is_number else cell


def _number_or_text(cell: str, column: Column) -> Cell:
    """Convert a category cell by its column: CSV does not distinguish 3 from "3", and spells True in several ways."""
    if column["dtype"] == "bool" and cell.lower() in TRUTH:
        return TRUTH[cell.lower()]
    if column["dtype"] in INTEGER_TYPES and cell.lstrip("+-").isdecimal():
        return int(cell)
    if holds_numbers(column):
        return float(cell) if _is_number(cell) else cell
    takes_any = column["dtype"] == "object" and column.get("optional") and not column.get("dropped")
    mixed = column["kind"] == "categorical" and _is_number(cell) and (takes_any or float(cell) in column["categories"])
    if not mixed:
        return cell
    known = next((one for one in column["categories"] if one == float(cell)), None)
    # Integers stay integers, because an original may distinguish them from floats. A graph does not.
    return known if type(known) is int else float(cell)


def _check(cell: Cell, column: Column, where: str) -> None:
    if cell is None:
        if not column["missing"]:
            raise IrisModelError(
                f"{where}, column {column['name']!r} is empty, but this model accepts no missing values",
                remedy="Fill the cell, or remove the row.",
            )
    elif holds_numbers(column) and (not isinstance(cell, (int, float)) or not math.isfinite(cell)):
        raise IrisModelError(
            f"{where}, column {column['name']!r} is {cell!r}; expected a finite number",
            remedy="Correct the cell, or remove the row.",
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
