"""Replace numbers that stand for missing values."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NAN = float("nan")
# 1e-35 as a float32. LightGBM treats numbers up to this as zero.
ZERO = 1.0000000180025095e-35


def mark_missing(rows: "list[list[float]]", *, value: float) -> "list[list[float]]":
    """Replace cells equal to `value` by NaN."""
    return [[NAN if cell == value else cell for cell in row] for row in rows]


def zeros_to_missing(rows: "list[list[float]]", *, columns: "Sequence[int]") -> "list[list[float]]":
    """Replace zeros in `columns` by NaN."""
    table = []
    for row in rows:
        cells = list(row)
        for column in columns:
            if -ZERO <= cells[column] <= ZERO:
                cells[column] = NAN
        table.append(cells)
    return table
