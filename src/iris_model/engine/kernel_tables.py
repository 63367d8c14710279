"""Kernel values that are computed only when Python reads them. Imported only if the C kernels are available."""

from .native import run_kernel
from .packed import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    # Number of the kernel function, gamma, coef0, degree.
    Shape = tuple[int, float, float, int]


class KernelTable(Table):
    """A table of kernel values (n x m), computed when it is read. `sums` computes its result without storing the table.

    For ten thousand rows and a thousand vectors, it would have ten million numbers.
    """

    __slots__ = ("_make", "_memo", "_rows", "_shape", "_vectors")

    def __init__(
        self,
        rows: "Sequence[object]",
        vectors: "Any",
        shape: "Shape",
        make: "Callable[[], list[list[float]]]",
        memo: "dict[str, object] | None",
    ) -> None:
        self._rows, self._vectors, self._shape, self._make, self._memo = rows, vectors, shape, make, memo
        self._lists = None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> "list[float]":
        return self.lists()[index]

    def lists(self) -> "list[list[float]]":
        """Return the values, computed in Python: n x m."""
        if self._lists is None:
            self._lists = self._make()
        return self._lists

    def sums(
        self, weights: object, starts: "Sequence[int] | None", intercepts: "Sequence[float]"
    ) -> "list[list[float]] | None":
        """Return the values' `linear`, or with `starts` their `one_vs_one_decisions`; None without a C kernel."""
        flat = getattr(weights, "flat", None)
        if flat is None:
            return None
        vectors = self._vectors
        made: list[list[float]] | None = run_kernel(
            "kernel_sums", self._rows, vectors.flat, len(vectors), *self._shape, flat, starts, intercepts, self._memo
        )
        return made
