"""What a caller sends becomes a table, or one sentence that says why not.

In: rows as lists of numbers, strings and None; the columns of the signature. Out: a table (a list of lists of floats; text
cells stay text; a missing number is NaN, a missing text None). Raises InvalidInput naming row and feature.
"""

from .errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FLOATS = frozenset((float,))
NAN = float("nan")
INFINITY = float("inf")

# The largest doubles that still narrow to a finite value of the type: halfway to the next step, exclusive.
LARGEST = {"float32": 3.4028235677973362e38, "float64": 1.7976931348623157e308}

# Types of columns whose cells are numbers, be they amounts or categories; true and false are 1 and 0.
NUMBER_TYPES = ("float64", "float32", "bool")

KIND_WORDS = {"numeric": "a number", "text": "a text", "categorical": "one of its categories"}


class RowEncoder:
    """Encodes rows for one signature. Made once per model, used for every request."""

    def __init__(self, columns: "list[dict[str, Any]]") -> None:
        for column in columns:
            if column["kind"] not in KIND_WORDS or type(column["name"]) is not str:
                raise TypeError(f"a column as it must be, instead of {column!r}")
        self.columns = columns
        self.width = len(columns)
        # NaN compares false with everything: a column that does not hold numbers always takes the careful way.
        self._limits = [
            LARGEST.get(column.get("dtype", "float64"), LARGEST["float64"]) if holds_numbers(column) else NAN
            for column in columns
        ]
        # A single column without a limit, or none at all, and no row takes the fast way.
        self.least_limit = min(self._limits) if all(limit == limit for limit in self._limits) and columns else -1.0
        # For the kernel that packs.
        self.missing = bytes([bool(column.get("missing")) for column in columns])

    def encode(self, rows: "Any") -> "list[list[Any]]":
        """Return the table for `rows`."""
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
            # Most rows are finite floats and nothing else. A sum of magnitudes within the limit has no member beyond it, no
            # infinity and no NaN.
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

    def _encode_cell(self, value: "Any", row: int, position: int) -> "Any":
        """The careful way: everything that is not an ordinary number in an ordinary place."""
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
                return float(value)
            raise self._wrong_cell(row, column, f"the value is {describe(value)}")
        if isinstance(value, bool):
            if column.get("dtype") == "bool":
                return float(value)
            raise self._wrong_cell(row, column, f"the value is {describe(value)}, not a number; send 1 or 0")
        if isinstance(value, str):
            raise self._wrong_cell(
                row, column, f"the value is {describe(value)}; send a number, without quotation marks"
            )
        if not isinstance(value, (int, float)):
            raise self._wrong_cell(row, column, f"the value is {describe(value)}")
        if value in (INFINITY, -INFINITY):
            raise self._wrong_cell(row, column, "the value is infinite")
        limit = self._limits[position]
        if not -limit <= value <= limit:
            raise self._wrong_cell(row, column, f"the value is too large for {column.get('dtype', 'float64')}")
        return float(value)

    def _wrong_shape(self, index: int, row: "Any") -> InvalidInput:
        names = ", ".join(column["name"] for column in self.columns[:8]) + (", ..." if self.width > 8 else "")
        if isinstance(row, (list, tuple)):
            found = f"has {len(row)} value" + ("" if len(row) == 1 else "s")
        else:
            found = f"is {describe(row)}"
        return InvalidInput(
            f"row {index} {found}; expected a list of {self.width} values: {names}",
            row=index,
            expected=f"a list of {self.width} values: {names}",
        )

    def _wrong_cell(self, row: int, column: "dict[str, Any]", found: str) -> InvalidInput:
        expected = KIND_WORDS[column["kind"]]
        if column["kind"] == "categorical":
            known = column.get("categories") or []
            some = ", ".join(["null" if one is None else repr(one) for one in known[:8]])
            expected += f" ({some}{', ...' if len(known) > 8 else ''})" if some else ""
        if column["kind"] == "numeric":
            expected = "a finite number" + (" or null" if column.get("missing") else "")
        return InvalidInput(
            f"row {row}, feature {column['name']!r}: {found}; expected {expected}",
            row=row,
            feature=column["name"],
            expected=expected,
        )


def holds_numbers(column: "Mapping[str, Any]") -> bool:
    """Whether the cells of a column are numbers: amounts, or categories that are numbers."""
    return column["kind"] == "numeric" or (column["kind"] == "categorical" and column.get("dtype") in NUMBER_TYPES)


def describe(value: "Any") -> str:
    """Say what a JSON value is, shortly, as a person would."""
    if value is None:
        return "null"
    if value is True or value is False:
        return f"the boolean {'true' if value else 'false'}"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else f"a text of {len(value)} characters"
    if isinstance(value, (int, float)):
        return f"the number {value!r}" if abs(value) < 1e16 or isinstance(value, float) else "a very large number"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"
