"""Read pandas DataFrames and Series as columns, without importing pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .columns import NUMBERS, Cells, as_cells

Named = tuple[list[Any] | None, tuple[int, Callable[[int], Cells]], Any]


def read_frame(data: Any) -> Named:
    """Return (names, (number of rows, function from position to cells), index). Names are None for a Series."""
    if not hasattr(data, "columns"):
        return None, (len(data), lambda place: read_series(data)), data.index
    return list(data.columns), (len(data), lambda place: read_series(data.iloc[:, place])), data.index


def read_series(series: Any) -> Cells:
    """Return the cells of one column; missing values are NaN in numbers and None elsewhere."""
    dtype = series.dtype
    kind = getattr(dtype, "kind", "O")
    if kind == "M":
        return [None if cell != cell else cell.isoformat() for cell in series]
    if isinstance(dtype, np.dtype):
        if kind in NUMBERS:
            numbers: np.ndarray[Any, Any] = series.to_numpy()
            return numbers
    elif kind in NUMBERS and not hasattr(dtype, "categories"):
        # Nullable numbers.
        if not series.isna().any():
            return np.asarray(series.to_numpy(dtype=_plain(dtype)))
        return np.asarray(series.to_numpy(dtype="float64", na_value=np.nan))
    missing = series.isna().to_numpy()
    cells = series.astype(object).to_list()
    if missing.any():
        cells = [None if lacks else cell for cell, lacks in zip(cells, missing.tolist())]
    return as_cells(cells)


def _plain(dtype: Any) -> Any:
    return {"b": "bool", "f": "float64", "i": "int64", "u": "uint64"}[dtype.kind]
