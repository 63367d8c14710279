"""The C kernels, where they were built. Without them every operator works, in Python, and answers the same.

A kernel answers or declines with None (csrc/), so a caller asks first and then goes on in Python. The module is looked for
when the first operator asks, which for most models is the first batch or the second request: a cold start does not pay
for it. `IRIS_MODEL_KERNELS=0` turns kernels off.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

# Their numbers in csrc/.
COMBINATIONS = {"single": 0, "each": 1, "sum": 2, "mean": 3}
MEASURES = {"squared": 0, "absolute": 1, "largest": 2, "product": 3, "expanded": 4, "partial": 5}
MACHINES = {"rbf": 0, "laplacian": 1, "polynomial": 2}
LINKS = (
    "expit expit_pair softmax softmax_pair logistic complement_pair exponential "
    "expit_float32 pair_float32 softmax_float32 exponential_float32"
).split()

NAN = float("nan")

_found: "list[Any]" = []


class Table:
    """A table of many rows as packed doubles, which kernels hand on to each other; to Python it looks like its rows."""

    __slots__ = ("_lists", "data", "width")

    def __init__(self, data: bytes, width: int, lists: "list[Any] | None" = None) -> None:
        self.data = data
        self.width = width
        self._lists = lists

    def __len__(self) -> int:
        return len(self.data) // 8 // self.width

    def __iter__(self) -> "Iterator[list[float]]":
        return iter(self.lists())

    def __getitem__(self, index: int) -> "list[float]":
        return self.lists()[index]

    def lists(self) -> "list[list[float]]":
        """The rows as Python has them."""
        if self._lists is None:
            self._lists = find_kernels().unpack(self)
        return self._lists

    def sums(self, weights: "Any", starts: "Any", intercepts: "Any") -> "Any":
        """Only tables of kernel values have these (kernels.py)."""
        return None

    def map(self, link: str, slope: float = 1.0) -> "Table | None":
        """What the function of that name in links.py, activations.py or float32.py makes of it, or None."""
        made: Table | None = run_kernel("map_rows", self, LINKS.index(link), slope)
        return made

    def labels(self, classes: "list[Any]", threshold: float = NAN, inclusive: bool = False) -> "list[Any] | None":
        """The class of the largest cell of each row; with a threshold, the second one above it. Or None."""
        made: list[Any] | None = find_kernels().label_rows(self, classes, threshold, inclusive)
        return made


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


def pack_rows(rows: "list[Any]", width: int, limit: float, missing: bytes) -> "Table | None":
    """The table of rows whose cells are numbers within the limit, or None where `missing` says so; None for others."""
    kernels = find_kernels()
    packed: tuple[bytes, bool] | None = None if kernels is None else kernels.pack(rows, width, limit, missing)
    return None if packed is None else Table(packed[0], width, rows if packed[1] else None)


def run_kernel(name: str, rows: "Any", *arguments: "Any") -> "Any":
    """The table that a kernel makes of rows, or None. Lists are answered with lists, a Table with a Table."""
    kernels = find_kernels()
    if kernels is None:
        return None
    made = getattr(kernels, name)(rows, *arguments)
    return Table(made, len(made) // 8 // len(rows)) if type(made) is bytes else made


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
