"""The C kernels, where they were built. Without them every operator works, in Python, and answers the same.

A kernel answers or declines with None (csrc/), so a caller asks first and then goes on in Python. The module is looked for
when the first operator asks, which for most models is the first batch or the second request: a cold start does not pay
for it. `IRIS_MODEL_KERNELS=0` turns kernels off.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Their numbers in csrc/.
COMBINATIONS = {"single": 0, "each": 1, "sum": 2, "mean": 3}
MEASURES = {"squared": 0, "absolute": 1, "largest": 2, "product": 3, "expanded": 4, "partial": 5}
MACHINES = {"rbf": 0, "laplacian": 1, "polynomial": 2}

_found: "list[Any]" = []


def find_kernels() -> "Any":
    """The module of kernels, or None."""
    if not _found:
        from os import environ

        kernels = None
        if environ.get("IRIS_MODEL_KERNELS") != "0":
            try:
                from . import _kernels as kernels  # type: ignore[attr-defined, no-redef]
            except ImportError:
                pass
        _found.append(kernels)
    return _found[0]


def run_kernel(name: str, rows: "Any", *arguments: "Any") -> "Any":
    """The table that a kernel makes of rows, or None. Lists are answered with lists, a Table with a Table."""
    kernels = find_kernels()
    if kernels is None:
        return None
    made = getattr(kernels, name)(rows, *arguments)
    if type(made) is not bytes:
        return made
    from .packed import Table

    return Table(made, len(made) // 8 // len(rows))


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
