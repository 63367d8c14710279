"""Kernel values that are not made until Python asks for them. Only where there are kernels."""

from .native import run_kernel
from .packed import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    # Which kernel, gamma, coef0, degree.
    Shape = tuple[int, float, float, int]


class KernelTable(Table):
    """Kernel values that are made when they are asked for. What only sums them up (`sums`) never sees them.

    Ten thousand rows against a thousand vectors are ten million numbers.
    """

    __slots__ = ("_make", "_rows", "_shape", "_vectors")

    def __init__(
        self,
        rows: "Any",
        vectors: "Any",
        shape: "Shape",
        make: "Callable[[], list[list[float]]]",
    ) -> None:
        self._rows, self._vectors, self._shape, self._make = rows, vectors, shape, make
        self._lists = None

    def __len__(self) -> int:
        return len(self._rows)

    def lists(self) -> "list[list[float]]":
        """The values as Python makes them."""
        if self._lists is None:
            self._lists = self._make()
        return self._lists

    def sums(
        self, weights: "Any", starts: "Sequence[int] | None", intercepts: "Sequence[float]"
    ) -> "list[list[float]] | None":
        """What `linear` makes of the values, or with `starts` what `one_vs_one_decisions` does; or None."""
        flat = getattr(weights, "flat", None)
        if flat is None:
            return None
        vectors = self._vectors
        made: list[list[float]] | None = run_kernel(
            "kernel_sums", self._rows, vectors.flat, len(vectors), *self._shape, flat, starts, intercepts
        )
        return made
