"""Distances and products of rows and vectors, computed by the C kernel if available."""

from .native import run_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

# The numbers of the measures in csrc/kernels.h.
MEASURES = {"squared": 0, "absolute": 1, "largest": 2, "product": 3, "expanded": 4, "partial": 5}


def measure(
    rows: "Sized", vectors: "Sized", kind: str, norms: "Sequence[float] | None" = None
) -> "list[list[float]] | None":
    """Measure every row (n x f) against every vector (m x f). Return n x m, or None without a C kernel.

    `kind`: one of MEASURES. Distances are summed from left to right, as metrics.py does. Products are as accurate as
    those of `fsum`. No cell may be infinite or NaN.
    """
    flat = getattr(vectors, "flat", None)
    if flat is None:
        return None
    table: list[list[float]] | None = run_kernel("distances", rows, flat, len(vectors), MEASURES[kind], norms)
    return table
