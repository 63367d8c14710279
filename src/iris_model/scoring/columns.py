"""A batch of rows as columns, the common form of all inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

# Numbers are a one-dimensional array; strings and other values a list, with None for missing ones.
Cells = np.ndarray[Any, Any] | list[Any]

NUMBERS = "biuf"


@dataclass(frozen=True)
class Columns:
    """A batch in the order of the model's columns: a matrix of numbers, or the cells of each column."""

    count: int
    cells: np.ndarray[Any, Any] | Sequence[Cells]

    def slice(self, start: int, stop: int) -> Columns:
        """Return rows `start` to `stop`, without copying numbers."""
        if isinstance(self.cells, np.ndarray):
            return Columns(stop - start, self.cells[start:stop])
        return Columns(stop - start, [cells[start:stop] for cells in self.cells])

    def rows(self) -> list[list[Any]]:
        """Return the rows as in the payload of a request; a missing number may be NaN."""
        if isinstance(self.cells, np.ndarray):
            return _as_python(self.cells)
        return list(map(list, zip(*[as_list(cells) for cells in self.cells])))


@dataclass(frozen=True)
class Rows:
    """A batch whose rows are lists in the order of the model's columns."""

    listed: list[list[Any]]

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.listed)

    def slice(self, start: int, stop: int) -> Rows:
        """Return rows `start` to `stop`."""
        return Rows(self.listed[start:stop])

    def rows(self) -> list[list[Any]]:
        """Return the rows."""
        return self.listed


Batch = Columns | Rows


def as_list(cells: Cells) -> list[Any]:
    """Return Python objects. Booleans in a numeric array are 1.0 and 0.0, as the original library reads them."""
    if isinstance(cells, list):
        return cells
    return _as_python(cells)


def _as_python(cells: np.ndarray[Any, Any]) -> list[Any]:
    # `tolist` keeps numbers of more than 64 bits as numpy's, which Python code and requests do not know.
    changes = cells.dtype.kind == "b" or cells.dtype.itemsize > 8
    listed: list[Any] = (cells.astype(float) if changes else cells).tolist()
    return listed


def as_cells(values: Any) -> Cells:
    """Return a list, tuple or array as cells."""
    if isinstance(values, np.ma.MaskedArray):
        return [None if cell is np.ma.masked else cell for cell in values.tolist(None)]
    if isinstance(values, np.ndarray):
        return values if values.dtype.kind in NUMBERS else values.tolist()
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    if {float}.issuperset(map(type, listed)) or {int}.issuperset(map(type, listed)):
        array = np.asarray(listed)
        if array.dtype.kind in NUMBERS:
            return array
    return [_plain(cell) for cell in listed]


def _plain(cell: Any) -> Any:
    """Return a Python number; engines return decimals, which requests do not have."""
    if isinstance(cell, np.generic):
        return cell.item()
    return float(cell) if isinstance(cell, Decimal) else cell
