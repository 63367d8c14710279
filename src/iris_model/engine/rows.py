"""Encode the rows of a caller as a table, or refuse them with one sentence.

Takes rows as lists of numbers, strings and None, and the columns of the signature. Returns a list of lists: numbers are
floats, strings stay strings, a missing number is NaN, a missing string None. Raises InvalidInput, which names row and
feature.
"""

from .errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from iris_model.contract.signature import Cell, Column

FLOATS = frozenset((float,))
NAN = float("nan")
INFINITY = float("inf")

# The largest double that rounds to a finite value of the type. For integer types, the limits of the type; only the
# `original` executor has such columns.
LARGEST = {
    "float32": 3.4028235677973362e38,
    "float64": 1.7976931348623157e308,
    "int64": 9223372036854775807,
    "int32": 2147483647,
}

# Column types with numeric cells, both amounts and categories. True and false are 1 and 0.
NUMBER_TYPES = ("float64", "float32", "bool", "int64", "int32")

JSON_WORDS = {None: "null", False: "false", True: "true"}

KIND_WORDS = {"numeric": "a number", "text": "a string", "categorical": "one of its categories"}


class RowEncoder:
    """Encodes rows for one signature. Created once for each model."""

    def __init__(self, columns: "list[Column]") -> None:
        if type(columns) is not list:
            raise TypeError("a list of columns")
        for column in columns:
            if column["kind"] not in KIND_WORDS or type(column["name"]) is not str:
                raise TypeError(f"a valid column, instead of {column!r}")
        self.columns = columns
        self.names = [column["name"] for column in columns]
        self.width = len(columns)
        self._limits = [limit_of(column) for column in columns]
        # If a column has no limit, or there are no columns, no row takes the fast path.
        self.least_limit = min(self._limits) if all(limit == limit for limit in self._limits) and columns else -1.0
        # For the packing kernel.
        self.missing = bytes([bool(column.get("missing")) for column in columns])

    def encode(self, rows: object) -> "list[list[Cell]]":
        """Return the table for `rows`, one list of cells for each. Raises InvalidInput, which names row and feature."""
        if not isinstance(rows, (list, tuple)):
            raise InvalidInput(
                f"rows are {describe(rows)}; expected a list of rows, each a list of {self.width} values",
                expected=f"a list of rows with {self.width} values each",
            )
        limits = self._limits
        width = self.width
        table: list[Any] = []
        for index, row in enumerate(rows):
            if not isinstance(row, (list, tuple)) or len(row) != width:
                raise self._wrong_shape(index, row)
            # Most rows contain only finite floats. If the sum of magnitudes is within the limit, no cell is beyond it,
            # infinite or NaN.
            if FLOATS.issuperset(map(type, row)) and sum(map(abs, row)) <= self.least_limit:
                table.append(row)
                continue
            cells = []
            for value, limit in zip(row, limits):
                kind = type(value)
                if kind is float and -limit <= value <= limit:
                    cells.append(value)
                elif kind is int and -limit <= value <= limit:
                    cells.append(float(value))
                else:
                    cells.append(self._encode_cell(value, index, len(cells)))
            table.append(cells)
        return table

    def _encode_cell(self, value: object, row: int, position: int) -> object:
        """Encode a cell that is not an ordinary number: the slow path."""
        column = self.columns[position]
        kind = column["kind"]
        if value is None or value != value:
            if column.get("missing"):
                return NAN if holds_numbers(column) else None
            found = "missing (null)" if value is None else "NaN"
            raise self._wrong_cell(
                row, column, f"the value is {found}, and the model was not trained with missing values"
            )
        if not holds_numbers(column):
            if isinstance(value, str):
                return value
            if kind == "categorical" and column.get("dtype") != "str" and isinstance(value, (int, float)):
                if not -LARGEST["float64"] <= value <= LARGEST["float64"]:
                    raise self._wrong_cell(row, column, "the value is infinite or too large for float64")
                return float(value)
            raise self._wrong_cell(row, column, f"the value is {describe(value)}")
        if isinstance(value, bool):
            if column.get("dtype") == "bool":
                return float(value)
            raise self._wrong_cell(row, column, f"the value is {describe(value)}, not a number; send 1 or 0")
        if isinstance(value, str):
            wanted = "true or false" if column.get("dtype") == "bool" else "a number"
            raise self._wrong_cell(
                row, column, f"the value is {describe(value)}; send {wanted}, without quotation marks"
            )
        if not isinstance(value, (int, float)):
            raise self._wrong_cell(row, column, f"the value is {describe(value)}")
        if value in (INFINITY, -INFINITY):
            raise self._wrong_cell(row, column, "the value is infinite")
        limit = self._limits[position]
        if not -limit <= value <= limit:
            raise self._wrong_cell(row, column, f"the value is too large for {column.get('dtype', 'float64')}")
        return float(value)

    def _wrong_shape(self, index: int, row: object) -> InvalidInput:
        names = ", ".join(column["name"] for column in self.columns[:8]) + (", ..." if self.width > 8 else "")
        expected = f"a list of {_count(self.width)}: {names}"
        found = f"has {_count(len(row))}" if isinstance(row, (list, tuple)) else f"is {describe(row)}"
        return InvalidInput(
            f"row {index} {found}; expected {expected}",
            row=index,
            expected=expected,
        )

    def _wrong_cell(self, row: int, column: "Column", found: str) -> InvalidInput:
        expected = KIND_WORDS[column["kind"]]
        if column["kind"] == "categorical":
            known = column.get("categories") or []
            some = ", ".join([JSON_WORDS[one] if one is None or type(one) is bool else repr(one) for one in known[:8]])
            expected += f" ({some}{', ...' if len(known) > 8 else ''})" if some else ""
        if column["kind"] == "numeric":
            expected = "a finite number" + (" or null" if column.get("missing") else "")
        return InvalidInput(
            f"row {row}, feature {column['name']!r}: {found}"
            + ("" if "; send " in found else f"; expected {expected}"),
            row=row,
            feature=column["name"],
            expected=expected,
        )


def _count(values: int) -> str:
    return f"{values} value" + ("" if values == 1 else "s")


def holds_numbers(column: "Column") -> bool:
    """Whether the column has numeric cells: amounts, or categories that are numbers."""
    return column["kind"] == "numeric" or (column["kind"] == "categorical" and column.get("dtype") in NUMBER_TYPES)


def limit_of(column: "Column") -> float:
    """Return the largest magnitude of a cell.

    NaN if the column has no numbers: comparisons with NaN are false, so its cells always take the slow path.
    """
    return LARGEST.get(column.get("dtype", "float64"), LARGEST["float64"]) if holds_numbers(column) else NAN


def describe(value: object) -> str:
    """Describe a JSON value in a few words, for messages."""
    if value is None:
        return "null"
    if value is True or value is False:
        return f"the boolean {'true' if value else 'false'}"
    if isinstance(value, str):
        return f"the string {value!r}" if len(value) <= 40 else f"a string of {len(value)} characters"
    if isinstance(value, (int, float)):
        return f"the number {value!r}" if abs(value) < 1e16 or isinstance(value, float) else "a very large number"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"
