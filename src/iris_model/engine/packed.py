"""Tables of many rows as packed numbers, which kernels hand on to each other. Only where there are kernels."""

from .native import find_kernels, run_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Their numbers in csrc/links.c.
LINKS = (
    "expit expit_pair softmax softmax_pair logistic complement_pair exponential "
    "expit_float32 pair_float32 softmax_float32 exponential_float32"
).split()
NAN = float("nan")


class Table:
    """A table that to Python looks like its rows."""

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

    def scale(self, offset: "Any", divisor: "Any") -> "Table | None":
        """As the function of that name in scaling.py, or None."""
        made: Table | None = run_kernel("scale", self, offset, divisor)
        return made

    def map(self, link: str, slope: float = 1.0) -> "Table | None":
        """What the function of that name in links.py, activations.py or float32.py makes of it, or None."""
        made: Table | None = run_kernel("map_rows", self, LINKS.index(link), slope)
        return made

    def labels(self, classes: "list[Any]", threshold: float = NAN, inclusive: bool = False) -> "list[Any] | None":
        """The class of the largest cell of each row; with a threshold, the second one above it. Or None."""
        made: list[Any] | None = find_kernels().label_rows(self, classes, threshold, inclusive)
        return made


class SparseTable:
    """A table, mostly zeros, that to Python looks like its rows: dicts {column index: value}, made when asked for."""

    __slots__ = ("columns", "starts", "values")

    def __init__(self, starts: bytes, columns: bytes, values: bytes) -> None:
        # Of 8, 4 and 8 bytes: the cell where each row starts and, last, their number; the column and value of each cell.
        self.starts = starts
        self.columns = columns
        self.values = values

    def __len__(self) -> int:
        return len(self.starts) // 8 - 1

    def __iter__(self) -> "Iterator[dict[int, float]]":
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> "dict[int, float]":
        start, stop = memoryview(self.starts).cast("q")[index : index + 2]
        columns = memoryview(self.columns).cast("i")
        return dict(zip(columns[start:stop], self.cells()[start:stop]))

    def cells(self) -> "memoryview[float]":
        """The values of all rows."""
        return memoryview(self.values).cast("d")

    def replace(self, cells: "list[float]") -> "SparseTable":
        """Other values in the same places."""
        from struct import pack

        return SparseTable(self.starts, self.columns, pack(f"{len(cells)}d", *cells))

    def sums(self, weights: "Any", starts: "Any", intercepts: "Any") -> "Any":
        """Only tables of kernel values have these (kernels.py)."""
        return None


def pack_rows(rows: "list[Any]", width: int, limit: float, missing: bytes) -> "Table | None":
    """The table of rows whose cells are numbers within the limit, or None where `missing` says so; None for others."""
    packed: tuple[bytes, bool] | None = find_kernels().pack(rows, width, limit, missing)
    return None if packed is None else Table(packed[0], width, rows if packed[1] else None)
