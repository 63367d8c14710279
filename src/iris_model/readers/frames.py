"""Make pandas DataFrames for an original that was trained on one. Only this file imports pandas."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np


def make_frame(
    columns: Mapping[str, np.ndarray[Any, Any]],
    categories: Mapping[str, Sequence[str | float]] | None = None,
    texts: Collection[str] = (),
    dates: Mapping[str, str] | None = None,
) -> Any:
    """Return a DataFrame with the dtypes of the arrays. Columns in `categories` become Categorical.

    `texts`: columns of pandas' own string type. `dates`: columns of datetimes, "datetime64" or "datetime64, UTC". By
    default, pandas replaces None by NaN in a column of objects.
    """
    from pandas import DataFrame, Series, to_datetime

    known = categories or {}
    moments = dates or {}
    text_dtype = Series(["text"]).dtype
    made = {}
    for name, cells in columns.items():
        if name in known:
            made[name] = _make_categorical(cells, known[name])
        elif name in moments:
            # Dates with an offset keep it: all rows have the same one.
            has_offset = any(getattr(cell, "tzinfo", None) is not None for cell in cells.tolist())
            in_utc = moments[name].endswith("UTC") and not has_offset
            made[name] = to_datetime(Series(cells, dtype=object), utc=in_utc)
        else:
            made[name] = Series(cells, dtype=text_dtype if name in texts else cells.dtype)
    return DataFrame(made)


def _make_categorical(cells: np.ndarray[Any, Any], known: Sequence[str | float]) -> Any:
    """Return a Categorical with all categories of training first. Whole numbers are integers, as XGBoost requires."""
    from pandas import Categorical

    plain = [None if cell is None or cell != cell else cell for cell in cells.tolist()]
    others = [cell for cell in dict.fromkeys(plain) if cell is not None and cell not in known]
    every = [*known, *others]
    if not any(isinstance(one, str) for one in every) and all(one == int(one) and abs(one) < 2**63 for one in every):
        every = [int(one) for one in every]
        plain = [None if cell is None else int(cell) for cell in plain]
    return Categorical(plain, categories=every)
