"""Encode rows for a model trained on typed columns: integers stay integers, date strings become dates.

Only the `original` executor has such columns. Returns a table with the cells that pandas would have read: int, float,
str, datetime (without a time zone in UTC, else with its offset), None. Raises InvalidInput, which names row and feature.
"""

from datetime import UTC, datetime, timedelta, timezone

from .errors import InvalidInput
from .rows import RowEncoder, describe, holds_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

    from iris_model.contract.signature import Column

INTEGER_TYPES = ("int64", "int32")

# Requests send dates as strings. The second type has a time zone in training, so its values are points in time.
DATE_TYPES = ("datetime64", "datetime64, UTC")

A_CATEGORY = "a category that training met"
ISO_8601 = "a date and time (ISO 8601), such as 2024-02-03T10:00:00"


class TypedRowEncoder:
    """Encodes rows for one signature like `RowEncoder`, but keeps types that `RowEncoder` converts to floats."""

    def __init__(self, columns: "list[Column]") -> None:
        self._columns = columns
        self._plain = RowEncoder(columns)
        self._integers = _places(columns, lambda column: column.get("dtype") in INTEGER_TYPES)
        self._objects = _places(columns, lambda column: column["kind"] == "categorical" and not holds_numbers(column))
        self._dates = _places(columns, lambda column: column.get("dtype") in DATE_TYPES)
        self._truths = _places(columns, lambda column: column.get("dtype") == "bool")

    def encode(self, rows: "Sequence[Any]") -> "list[list[object]]":
        """Return the table for `rows` as new lists. Raises InvalidInput, which names row and feature."""
        table: list[list[object]] = [list(row) for row in self._plain.encode(rows)]
        for index, (row, cells) in enumerate(zip(rows, table)):
            for place in self._integers:
                cells[place] = _integer(row[place], cells[place])
            for place in self._objects:
                if cells[place] is not None:
                    cells[place] = _as_category(row[place], self._columns[place].get("categories") or ())
                    if self._columns[place].get("closed") and row[place] not in self._columns[place]["categories"]:
                        raise _wrong(index, self._columns[place], f"the value is {describe(row[place])}", A_CATEGORY)
            for place in self._dates:
                if cells[place] is not None:
                    cells[place] = self._date(cells[place], index, self._columns[place])
        return table

    def group(self, table: "list[list[object]]") -> "list[list[int]]":
        """Return groups of row positions that may share one DataFrame.

        In a DataFrame, one missing cell or fraction converts an integer column to floats for all rows, and one missing
        cell converts a boolean column to objects. A row must not change the answer of another.
        """
        groups: dict[tuple[object, ...], list[int]] = {}
        for index, cells in enumerate(table):
            key: list[object] = [type(cells[place]) is int for place in self._integers]
            key += [cells[place] == cells[place] for place in self._truths]
            # pandas has one offset for a column.
            key += [_offset(cells[place]) for place in self._dates]
            groups.setdefault(tuple(key), []).append(index)
        return list(groups.values())

    @staticmethod
    def _date(text: object, row: int, column: "Column") -> datetime:
        try:
            date = datetime.fromisoformat(str(text).strip())
        except ValueError:
            raise _wrong(row, column, f"the value is {describe(text)}", ISO_8601) from None
        offset = date.utcoffset()
        known = column.get("offsets") or [0]
        if offset is None and len(known) == 1:
            return date if known == [0] else date.replace(tzinfo=_zone(known[0]))
        if offset and column["dtype"] == DATE_TYPES[0]:
            found = f"the value {text!r} has the offset of a time zone, and the model was trained without"
            raise _wrong(row, column, found, ISO_8601)
        if len(known) == 1:
            return date.astimezone(UTC).replace(tzinfo=None) if known == [0] else date.astimezone(_zone(known[0]))
        if offset is None or offset.total_seconds() not in known:
            # The time zone of training is unknown, only its offsets are: the hour that another offset has there is unknown.
            found = f"the value {text!r} has no offset of the time zone of training"
            raise _wrong(row, column, found, f"one of the offsets {', '.join(map(_offset_text, known))}")
        return date


def _zone(seconds: int) -> timezone:
    return timezone(timedelta(seconds=seconds))


def _offset(cell: object) -> float | None:
    """Return the offset of a date from UTC in seconds; None for any other cell, and for a date without an offset."""
    offset = cell.utcoffset() if isinstance(cell, datetime) else None
    return None if offset is None else offset.total_seconds()


def _offset_text(seconds: float) -> str:
    hours, minutes = divmod(int(abs(seconds)) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}"


def _places(columns: "list[Column]", wanted: "Callable[[Column], bool]") -> list[int]:
    return [index for index, column in enumerate(columns) if wanted(column)]


def _as_category(sent: object, known: "Collection[object]") -> object:
    """Return the cell as sent, but 2 for 2.0 if categories are integers: JSON does not distinguish them."""
    if type(sent) is float and sent.is_integer() and any(type(one) is int for one in known):
        return int(sent)
    return sent


def _integer(sent: object, cell: object) -> object:
    """Return an integer as sent, because above 2 ** 53 its float may be another number."""
    if type(sent) is int:
        return sent
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _wrong(row: int, column: "Column", found: str, expected: str) -> InvalidInput:
    return InvalidInput(
        f"row {row}, feature {column['name']!r}: {found}; expected {expected}",
        row=row,
        feature=column["name"],
        expected=expected,
    )
