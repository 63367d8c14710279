"""Between the shapes that estimators answer in: flat columns, tables, lists per output, constants."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def as_table(values: "list[Any]") -> "list[list[float]]":
    """Numbers, or labels that are numbers, as a table of floats; a flat column becomes a table of one."""
    if type(values[0]) is list:
        return [[float(value) for value in row] for row in values]
    return [[float(value)] for value in values]


def label_at(positions: "list[int]", *, classes: "list[Any]") -> "list[Any]":
    """The class at each position: what a label encoder takes back."""
    return [classes[position] for position in positions]


def nested_columns(rows: "list[list[list[float]]]", *, start: int, stop: "int | None") -> "list[list[float]]":
    """The columns `start` to `stop` of every output of a model with several outputs, side by side."""
    return [[value for cells in row for value in cells[start:stop]] for row in rows]


def repeat(rows: "list[Any]", *, value: "Any") -> "list[Any]":
    """The same answer for every row: a number, a label, or a list of them."""
    return [_copy(value) for _ in rows]


def _copy(value: "Any") -> "Any":
    return [_copy(part) for part in value] if type(value) is list else value
