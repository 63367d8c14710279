"""Snap values that are within rounding error of a training value to that value.

A step that compares for equality (a numeric category, a quantile that occurs several times) needs this, because the
last bits of a logarithm or a sum differ between processors.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = list[list[float]]


def snap_to_known(rows: "Table", *, known: "Sequence[Sequence[float]]", within: "Sequence[float]") -> "Table":
    """Replace each cell by the nearest `known` value of its column (ascending), if that is at most `within` away."""
    columns = tuple(zip(known, within))
    return [[_snap(cell, values, reach) for cell, (values, reach) in zip(row, columns)] for row in rows]


def _snap(cell: float, values: "Sequence[float]", reach: float) -> float:
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < cell:
            low = middle + 1
        else:
            high = middle
    for place in (low, low - 1):
        if 0 <= place < len(values) and abs(values[place] - cell) <= reach:
            return values[place]
    return cell
