"""Rows as a pandas DataFrame, for an original that was trained on one. The only file that imports pandas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def make_frame(columns: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    """Return a DataFrame whose columns have the dtypes of the arrays.

    Left to itself, pandas makes NaN of None in a column of texts.
    """
    from pandas import DataFrame, Series

    return DataFrame({name: Series(cells, dtype=cells.dtype) for name, cells in columns.items()})
