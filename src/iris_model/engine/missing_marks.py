"""Numbers that stand for missing values become missing values."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NAN = float("nan")
# 1e-35 as a float32: what is not larger is a zero to LightGBM.
ZERO = 1.0000000180025095e-35


def mark_missing(rows: "list[list[float]]", *, value: float) -> "list[list[float]]":
    """Cells that hold `value` become missing."""
    return [[NAN if cell == value else cell for cell in row] for row in rows]


def zeros_to_missing(rows: "list[list[float]]", *, columns: "Sequence[int]") -> "list[list[float]]":
    """Zeros in `columns` become missing."""
    table = []
    for row in rows:
        cells = list(row)
        for column in columns:
            if -ZERO <= cells[column] <= ZERO:
                cells[column] = NAN
        table.append(cells)
    return table
