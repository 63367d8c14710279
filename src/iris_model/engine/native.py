"""The C kernels, where they were built. Without them every operator works, in Python, and answers the same.

A kernel answers or declines with None (`_kernels.c`), so a caller asks first and then goes on in Python. The module is
looked for when the first operator asks, which for most models is the first batch: a cold start does not pay for it.
`IRIS_MODEL_KERNELS=0` turns kernels off.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Their numbers in _kernels.c.
COMBINATIONS = {"single": 0, "each": 1, "sum": 2, "mean": 3}
MEASURES = {"squared": 0, "absolute": 1, "largest": 2, "product": 3, "expanded": 4, "partial": 5}

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


def run_kernel(name: str, *arguments: "Any") -> "Any":
    """The table that a kernel makes, or None."""
    kernels = find_kernels()
    return None if kernels is None else getattr(kernels, name)(*arguments)


def measure(
    rows: "Any", vectors: "Any", kind: str, norms: "Sequence[float] | None" = None
) -> "list[list[float]] | None":
    """Every row (n x f) against every vector (m x f), in one of the MEASURES: n x m, or None.

    Distances are summed left to right, as metrics.py does; products as closely as `fsum` does. No cell is infinite or NaN.
    """
    kernels = find_kernels()
    flat = getattr(vectors, "flat", None)
    if kernels is None or flat is None:
        return None
    table: list[list[float]] | None = kernels.distances(rows, flat, len(vectors), MEASURES[kind], norms)
    return table
