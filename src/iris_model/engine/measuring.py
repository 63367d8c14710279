"""Distances and products of rows and vectors, by a kernel where there is one."""

from .native import run_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Their numbers in csrc/kernels.h.
MEASURES = {"squared": 0, "absolute": 1, "largest": 2, "product": 3, "expanded": 4, "partial": 5}


def measure(
    rows: "Any", vectors: "Any", kind: str, norms: "Sequence[float] | None" = None
) -> "list[list[float]] | None":
    """Every row (n x f) against every vector (m x f), in one of the MEASURES: n x m, or None.

    Distances are summed left to right, as metrics.py does; products as closely as `fsum` does. No cell is infinite or NaN.
    """
    flat = getattr(vectors, "flat", None)
    if flat is None:
        return None
    table: list[list[float]] | None = run_kernel("distances", rows, flat, len(vectors), MEASURES[kind], norms)
    return table
