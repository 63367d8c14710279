"""Fill missing cells, and mark them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.contract.signature import Cell


def impute(rows: "list[list[Cell]]", *, fill: "Sequence[Cell]", marker: object = None) -> "list[list[Cell]]":
    """Replace missing cells, or cells equal to `marker`, by the fill of their column. Source: SimpleImputer."""
    if marker is not None:
        return [[by if cell == marker else cell for cell, by in zip(row, fill)] for row in rows]
    return [[by if cell is None or cell != cell else cell for cell, by in zip(row, fill)] for row in rows]


def missing_indicator(
    rows: "list[list[Cell]]", *, indices: "Sequence[int]", marker: object = None
) -> "list[list[float]]":
    """Return 1 for cells that are missing (or equal `marker`), else 0. Source: MissingIndicator."""
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
    """Replace one column by its clipped prediction where the original cell is missing. Source: IterativeImputer."""
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
    """Return `first` if every cell of the request is missing, as IterativeImputer does; else the rows."""
    return first if all(cell != cell for row in original for cell in row) else rows
