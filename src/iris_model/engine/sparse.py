"""Sparse tables: rows that are dicts {column index: value}, for tables that are mostly zeros."""

from .native import run_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .packed import SparseTable

    SparseRow = dict[int, float]

# Below this many rows Python is as fast.
FEWEST_ROWS = 16


def run_sparse(name: str, rows: "Any", *arguments: "Any") -> "SparseTable | None":
    """The sparse table that a kernel makes of many rows, or None."""
    made: tuple[bytes, bytes, bytes] | None = run_kernel(name, rows, *arguments) if len(rows) >= FEWEST_ROWS else None
    if made is None:
        return None
    from .packed import SparseTable

    return SparseTable(*made)


def to_dense(rows: "list[SparseRow]", *, width: int) -> "list[list[float]]":
    """The same table with its zeros written out."""
    table = []
    for row in rows:
        cells = [0.0] * width
        for index, value in row.items():
            cells[index] = value
        table.append(cells)
    return table


def concat_sparse(*tables: "Any", offsets: "Sequence[int]") -> "list[SparseRow]":
    """Tables side by side, dense or sparse; the columns of each begin at its offset."""
    table = []
    for parts in zip(*tables):
        joined = {}
        for part, offset in zip(parts, offsets):
            cells = part.items() if type(part) is dict else enumerate(part)
            for index, value in cells:
                if value != 0.0:
                    joined[offset + index] = value
        table.append(joined)
    return table


def select_columns_sparse(rows: "list[SparseRow]", *, positions: "Sequence[int]") -> "list[SparseRow]":
    """The columns whose new position is not negative."""
    return [{positions[index]: value for index, value in row.items() if positions[index] >= 0} for row in rows]


def multiply_columns(rows: "Any", *, factors: "Sequence[float]") -> "Any":
    """Each column times its factor; a sparse table stays sparse."""
    if type(rows[0]) is dict:
        made = run_sparse("scale_sparse", rows, factors)
        if made is not None:
            return made
        return [{index: value * factors[index] for index, value in row.items()} for row in rows]
    return [[value * factor for value, factor in zip(row, factors)] for row in rows]
