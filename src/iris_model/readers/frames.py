"""Rows as a pandas DataFrame, for an original that was trained on one. The only file that imports pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def make_frame(
    columns: Mapping[str, np.ndarray[Any, Any]], categories: Mapping[str, Sequence[str | float]] | None = None
) -> Any:
    """Return a DataFrame whose columns have the dtypes of the arrays; those of `categories` are pandas' Categorical.

    Left to itself, pandas makes NaN of None in a column of texts.
    """
    from pandas import DataFrame, Series

    known = categories or {}
    return DataFrame(
        {
            name: _make_categorical(cells, known[name]) if name in known else Series(cells, dtype=cells.dtype)
            for name, cells in columns.items()
        }
    )


def _make_categorical(cells: np.ndarray[Any, Any], known: Sequence[str | float]) -> Any:
    """Those of training first, whether the cells have them or not; whole numbers as integers, for XGBoost asks for these."""
    from pandas import Categorical

    plain = [None if cell is None or cell != cell else cell for cell in cells.tolist()]
    others = [cell for cell in dict.fromkeys(plain) if cell is not None and cell not in known]
    every = [*known, *others]
    if not any(isinstance(one, str) for one in every) and all(one == int(one) and abs(one) < 2**63 for one in every):
        every = [int(one) for one in every]
        plain = [None if cell is None else int(cell) for cell in plain]
    return Categorical(plain, categories=every)
