"""Missing cells: filled, and told of."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def impute(rows: "list[list[Any]]", *, fill: "Sequence[Any]", marker: "Any" = None) -> "list[list[Any]]":
    """Missing cells become the fill of their column; with a `marker`, cells that equal it do. Source: SimpleImputer."""
    if marker is not None:
        return [[by if cell == marker else cell for cell, by in zip(row, fill)] for row in rows]
    return [[by if cell is None or cell != cell else cell for cell, by in zip(row, fill)] for row in rows]


def missing_indicator(
    rows: "list[list[Any]]", *, indices: "Sequence[int]", marker: "Any" = None
) -> "list[list[float]]":
    """One where the cell of a column is missing (or equals `marker`), else zero. Source: MissingIndicator."""
    if marker is not None:
        return [[1.0 if row[index] == marker else 0.0 for index in indices] for row in rows]
    return [[1.0 if row[index] is None or row[index] != row[index] else 0.0 for index in indices] for row in rows]


def impute_column(
    rows: "list[list[float]]",
    original: "list[list[float]]",
    predictions: "list[float]",
    *,
    index: int,
    low: "Sequence[float]",
    high: "Sequence[float]",
) -> "list[list[float]]":
    """One column's prediction, clipped, where the original cell is missing. Source: IterativeImputer."""
    table = []
    for row, before, prediction in zip(rows, original, predictions):
        if before[index] != before[index]:
            row = list(row)
            row[index] = min(max(prediction, low[0]), high[0])
        table.append(row)
    return table


def unless_all_missing(
    rows: "list[list[float]]", original: "list[list[float]]", first: "list[list[float]]"
) -> "list[list[float]]":
    """`first` where not one cell of the whole request is there, as IterativeImputer does it; else the rows."""
    return first if all(cell != cell for row in original for cell in row) else rows
