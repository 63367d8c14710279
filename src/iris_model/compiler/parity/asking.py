"""Evaluate a model with many rows at once, and find the rows that it refuses.

A refused batch is bisected until each refused row is alone. That row is then evaluated method by method. A model that
refuses nearly every row needs at least two calls per row, so calls and time are limited (`Limit`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from iris_model.compiler.data import Row
from iris_model.errors import IrisModelError

# One row's answers by method, without the methods that refused the row.
Answer = dict[str, Any]
Evaluate = Callable[[Sequence[Row], tuple[str, ...]], Mapping[str, Sequence[Any]]]

# The number of cells in memory at a time, of rows or of answers: a row of PolynomialFeatures may have 60,000.
MOST_CELLS = 1_000_000
# Refused calls and seconds for one set of rows. Except for slow models, the limit of calls is reached first, so that
# every machine evaluates the same rows.
MOST_CALLS, MOST_SECONDS = 4000, 10.0


class Limit:
    """The remaining number of refused calls, and the deadline.

    `untried`: the number of rows that were skipped after the limit. `stopped`: whether a search ended early.
    """

    def __init__(self, calls: int | None = None, seconds: float = MOST_SECONDS) -> None:
        self._calls = MOST_CALLS if calls is None else calls
        self._end = time.monotonic() + seconds
        self.untried = 0
        self.stopped = False

    def count(self) -> None:
        """Count a call."""
        self._calls -= 1

    @property
    def is_reached(self) -> bool:
        """Whether no call or no time is left."""
        return self._calls <= 0 or time.monotonic() > self._end


def ask(
    evaluate: Evaluate,
    rows: Sequence[Row],
    methods: tuple[str, ...],
    refusal: type[Exception] | tuple[type[Exception], ...],
    limit: Limit | None = None,
) -> list[Answer]:
    """Return one answer for each row, without the methods that raise a `refusal` for it. Raises IrisModelError.

    After the limit is reached, a refused batch is not bisected: its rows have no answers, and `limit.untried` counts
    them.
    """
    if not rows:
        return []
    try:
        answers = evaluate(rows, methods)
    except IrisModelError:
        # This error of our own is about the installation, not about a row.
        raise
    except refusal:
        if limit is not None:
            limit.count()
        if len(rows) > 1:
            if limit is not None and limit.is_reached:
                limit.untried += len(rows)
                return [{} for _ in rows]
            middle = len(rows) // 2
            return [
                *ask(evaluate, rows[:middle], methods, refusal, limit),
                *ask(evaluate, rows[middle:], methods, refusal, limit),
            ]
        if len(methods) == 1:
            return [{}]
        found: Answer = {}
        for method in methods:
            found |= ask(evaluate, rows, (method,), refusal, limit)[0]
        return [found]
    return [{method: answers[method][index] for method in methods} for index in range(len(rows))]


def split(rows: Sequence[Row], outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[Sequence[Row]]:
    """Yield the rows in batches that fit in memory with their answers. `outputs` as in a signature."""
    widths = [output["columns"] for output in outputs.values()]
    cells = sum(width if isinstance(width, int) else sum(width) for width in widths)
    count = max(1, MOST_CELLS // max(cells, len(rows[0]) if rows else 1, 1))
    for start in range(0, len(rows), count):
        yield rows[start : start + count]
