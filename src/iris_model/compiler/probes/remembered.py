"""Find candidate rows in the attributes of an estimator: means, minima, centers, stored rows, thresholds.

This depends on no library: an array as wide as the rows is used as a row, a table of that width as several. Some are
neither; the original decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# The limits: objects examined, rows of one table, and rows in total.
MOST_OBJECTS, OF_ONE_TABLE, MOST_ROWS = 2000, 16, 256


def find_remembered(estimator: Any, width: int) -> list[list[float]]:
    """Return at most `MOST_ROWS` candidates for rows that the estimator answers."""
    found: list[list[float]] = []
    for array in _arrays(estimator):
        if array.dtype.kind not in "fiub" or array.ndim not in (1, 2) or array.shape[-1] != width:
            continue
        table = np.atleast_2d(array).astype(np.float64)
        chosen = sorted(set(np.linspace(0, len(table) - 1, OF_ONE_TABLE).astype(int).tolist())) if len(table) else []
        found += [table[index].tolist() for index in chosen if np.isfinite(table[index]).all()]
        if len(found) >= MOST_ROWS:
            break
    return found[:MOST_ROWS]


def _arrays(estimator: Any) -> Iterator[Array]:
    """Yield the arrays in an estimator and in the estimators inside it."""
    waiting: list[Any] = [estimator]
    seen: set[int] = set()
    while waiting and len(seen) < MOST_OBJECTS:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            if one.dtype == object:
                waiting += one.ravel()[:OF_ONE_TABLE].tolist()
            else:
                yield one
        elif isinstance(one, Mapping):
            waiting += list(one.values())
        elif isinstance(one, (list, tuple)):
            waiting += list(one)[:OF_ONE_TABLE]
        elif hasattr(one, "__dict__"):
            waiting += list(vars(one).values())
