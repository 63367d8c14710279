"""Convert between the shapes of estimators' answers: flat columns, tables, lists for each output, constants."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from iris_model.contract.signature import Label


def as_table(values: "list[Any]") -> "list[list[float]]":
    """Return numbers, or labels that are numbers, as a table of floats; a flat column becomes a table with one column."""
    if type(values[0]) is list:
        return [[float(value) for value in row] for row in values]
    return [[float(value)] for value in values]


def label_at(positions: "list[int]", *, classes: "list[Label]") -> "list[Label]":
    """Return the class at each position, as a label encoder's inverse does."""
    return [classes[position] for position in positions]


def nested_columns(rows: "list[list[list[float]]]", *, start: int, stop: "int | None") -> "list[list[float]]":
    """Join the columns `start` to `stop` of every output of a model with several outputs."""
    return [[value for cells in row for value in cells[start:stop]] for row in rows]


def repeat(rows: "list[object]", *, value: object) -> "list[object]":
    """Return the same answer for every row: a number, a label, or a list of them."""
    return [_copy(value) for _ in rows]


def _copy(value: object) -> object:
    return [_copy(part) for part in value] if type(value) is list else value
