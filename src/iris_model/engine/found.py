"""The neighbors of many rows, as the C kernel returns them. Imported only if the C kernels are available."""

from .native import require_kernels
from .packed import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Found:
    """The neighbors of many rows, packed: a sequence with one list of (distance, position) pairs for each row."""

    def __init__(self, distances: bytearray, positions: bytearray, neighbors: int) -> None:
        self.distances = memoryview(distances).cast("d")
        self.positions = memoryview(positions).cast("q")
        self.neighbors = neighbors

    def __len__(self) -> int:
        return len(self.positions) // self.neighbors

    def __iter__(self) -> "Iterator[list[tuple[float, int]]]":
        pairs = list(zip(self.distances, self.positions))
        for start in range(0, len(pairs), self.neighbors):
            yield pairs[start : start + self.neighbors]

    def replace(self, row: int, pairs: "list[tuple[float, int]]") -> None:
        """Replace the neighbors of one row."""
        for place, (distance, position) in enumerate(pairs, row * self.neighbors):
            self.distances[place] = distance
            self.positions[place] = position

    def votes(self, targets: "Sequence[int]", count: int) -> "Table | None":
        """Return the share of each class among the neighbors of each row (n x count), or None if the kernel declines.

        `targets`: the class number of each training row.
        """
        made: bytes | None = require_kernels().votes(self.positions, self.neighbors, targets, count)
        return None if made is None else Table(made, count)
