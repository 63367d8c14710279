"""Sparse tables, which are mostly zeros: each row is a dict {column index: value}."""

from iris_model.engine.native import run_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from iris_model.engine.packed import SparseTable

    SparseRow = dict[int, float]

# For fewer rows Python is as fast.
FEWEST_ROWS = 16


def run_sparse(name: str, rows: "Any", *arguments: object) -> "SparseTable | None":
    """Return the sparse table that a C kernel computes from many rows, or None."""
    made: tuple[bytes, bytes, bytes] | None = run_kernel(name, rows, *arguments) if len(rows) >= FEWEST_ROWS else None
    if made is None:
        return None
    from iris_model.engine.packed import SparseTable

    return SparseTable(*made)


def to_dense(rows: "list[SparseRow]", *, width: int, absent_is_missing: bool = False) -> "list[list[float]]":
    """Return the dense table. `absent_is_missing`: cells that are not stored are missing instead of zero."""
    absent = float("nan") if absent_is_missing else 0.0
    table = []
    for row in rows:
        cells = [absent] * width
        for index, value in row.items():
            cells[index] = value
        table.append(cells)
    return table


def concat_sparse(*tables: object, offsets: "Sequence[int]") -> "list[SparseRow]":
    """Join dense or sparse tables; the columns of each start at its offset. A stored zero stays stored."""
    table = []
    for parts in zip(*tables):
        joined = {}
        for part, offset in zip(parts, offsets):
            if type(part) is dict:
                for index, value in part.items():
                    joined[offset + index] = value
                continue
            for index, value in enumerate(part):
                if value != 0.0:
                    joined[offset + index] = value
        table.append(joined)
    return table


def select_columns_sparse(rows: "list[SparseRow]", *, positions: "Sequence[int]") -> "list[SparseRow]":
    """Select the columns whose new position is not negative."""
    return [{positions[index]: value for index, value in row.items() if positions[index] >= 0} for row in rows]


def multiply_columns(rows: "Any", *, factors: "Sequence[float]") -> object:
    """Multiply each column by its factor. A sparse table stays sparse, because zero stays zero."""
    if type(rows[0]) is dict:
        made = run_sparse("scale_sparse", rows, factors)
        if made is not None:
            return made
        return [{index: value * factors[index] for index, value in row.items()} for row in rows]
    return [[value * factor if value else value for value, factor in zip(row, factors)] for row in rows]
