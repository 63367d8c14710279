"""Packed tables of many rows, which C kernels pass to each other. Without the kernels, no table is created."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType
    from typing import Any

    from iris_model.contract.signature import Label

_kernels: "ModuleType"
try:
    from . import _kernels  # type: ignore[attr-defined, no-redef]
except ImportError:
    pass  # `scoring` and `table_io` need the classes to recognize tables.

# The numbers of the functions in csrc/links.c.
LINKS = (
    "expit expit_pair softmax softmax_pair logistic complement_pair exponential "
    "expit_float32 pair_float32 softmax_float32 exponential_float32"
).split()
NAN = float("nan")


class Table:
    """A packed table of doubles (n x width) that behaves like a list of rows."""

    __slots__ = ("_lists", "data", "width")

    def __init__(self, data: bytes, width: int, lists: "list[list[float]] | None" = None) -> None:
        self.data = data
        self.width = width
        self._lists = lists

    def __len__(self) -> int:
        return len(self.data) // 8 // self.width

    def __iter__(self) -> "Iterator[list[float]]":
        return iter(self.lists())

    def __getitem__(self, index: int) -> "list[float]":
        if index == 0 and self._lists is None:
            # Operators look at the first row to find the type of the rows. The others stay packed.
            first: list[float] = memoryview(self.data)[: 8 * self.width].cast("d").tolist()  # type: ignore[assignment]
            return first
        return self.lists()[index]

    def lists(self) -> "list[list[float]]":
        """Return the rows as lists."""
        if self._lists is None:
            self._lists = _kernels.unpack(self)
        return self._lists

    def sums(
        self, weights: object, starts: "Sequence[int] | None", intercepts: "Sequence[float]"
    ) -> "list[list[float]] | None":
        """Return None: only tables of kernel values (kernels.py) can be summed."""
        return None

    def scale(self, offset: object, divisor: object) -> "Table | None":
        """Return `scale` of scaling.py, or None if the kernel declines."""
        return _table(_kernels.scale(self, offset, divisor), len(self))

    def map(self, link: str, slope: float = 1.0) -> "Table | None":
        """Apply the function named `link` of links.py, activations.py or float32.py. None if the kernel declines."""
        return _table(_kernels.map_rows(self, LINKS.index(link), slope), len(self))

    def labels(self, classes: "list[Label]", threshold: float = NAN, inclusive: bool = False) -> "list[Label] | None":
        """Return the class of the largest cell of each row, or None if the kernel declines.

        With a threshold, rows have one cell: return the second class if it is above the threshold, else the first.
        """
        made: list[Label] | None = _kernels.label_rows(self, classes, threshold, inclusive)
        return made


class SparseTable:
    """A packed sparse table that behaves like a list of rows: dicts {column index: value}, created when read."""

    __slots__ = ("columns", "starts", "values")

    def __init__(self, starts: bytes, columns: bytes, values: bytes) -> None:
        # `starts` (8 bytes each): the index of each row's first cell, then the number of cells. `columns` (4 bytes) and
        # `values` (8 bytes): the column and the value of each cell.
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
        """Return the values of all rows."""
        return memoryview(self.values).cast("d")

    def replace(self, cells: "list[float]") -> "SparseTable":
        """Return a table with other values in the same cells."""
        from struct import pack

        return SparseTable(self.starts, self.columns, pack(f"{len(cells)}d", *cells))

    def sums(self, weights: object, starts: object, intercepts: object) -> None:
        """Return None: only tables of kernel values (kernels.py) can be summed."""
        return None


def _table(made: "bytes | None", rows: int) -> "Table | None":
    return None if made is None else Table(made, len(made) // 8 // rows)


def pack_rows(rows: "Any", width: int, limit: float, missing: bytes) -> "Table | None":
    """Return the packed rows, or None if a cell is not a number within `limit`.

    `missing`: one byte for each column, nonzero if its cells may be None.
    """
    packed: tuple[bytes, bool] | None = _kernels.pack(rows, width, limit, missing)
    return None if packed is None else Table(packed[0], width, rows if packed[1] else None)
