"""Select and join columns."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.contract.signature import Cell


def column(rows: "list[list[Cell]]", *, index: int) -> "list[object]":
    """Return one column of a table as a flat column."""
    return [row[index] for row in rows]


def select_columns(rows: "list[list[Cell]]", *, indices: "Sequence[int]") -> "list[list[Cell]]":
    """Return the columns `indices`, in that order."""
    return [[row[index] for index in indices] for row in rows]


def concat(*tables: "list[list[Cell]]") -> "list[list[Cell]]":
    """Join tables side by side."""
    return [[value for part in parts for value in part] for parts in zip(*tables)]


def per_output(*values: "list[object]") -> "list[list[Cell]]":
    """Join the values of a model with several outputs, row by row. Cells are labels, or lists of numbers."""
    return [list(cells) for cells in zip(*values)]
