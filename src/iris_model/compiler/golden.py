"""Golden rows: a few inputs with the original's own answers, for every later stage to test itself with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from iris_model.errors import IrisModelError

from .data import Row
from .original import NO_PANDAS, Original

GOLDEN_ROWS = 16


def choose_golden(original: Original, rows: Sequence[Row], methods: Sequence[str]) -> list[dict[str, Any]]:
    """Return up to 16 rows spread evenly over `rows`, so that data sorted by class shows each class."""
    count = min(GOLDEN_ROWS, len(rows))
    spread = [rows[index * len(rows) // count] for index in range(count)]
    try:
        golden = _ask(original, spread, methods)
    except (ValueError, IndexError):
        # Some models do not take every row: one too far from all others, or with a category that training never met.
        golden = _ask_each(original, rows, methods)
        if not golden and original.lacks_pandas:
            raise NO_PANDAS from None
        if not golden:
            raise IrisModelError(
                "the original answers none of the rows that were generated to verify with",
                remedy="Give rows that it does answer, with --data",
            ) from None
    return [entry for entry in golden if is_finite(entry["outputs"])]


def _ask(original: Original, rows: Sequence[Row], methods: Sequence[str]) -> list[dict[str, Any]]:
    answers = original.evaluate(rows, methods)
    return [
        {"row": list(row), "outputs": {method: answers[method][index] for method in methods}}
        for index, row in enumerate(rows)
    ]


def _ask_each(original: Original, rows: Sequence[Row], methods: Sequence[str]) -> list[dict[str, Any]]:
    """The answers to the first rows that are answered."""
    golden: list[dict[str, Any]] = []
    for row in rows:
        if len(golden) == GOLDEN_ROWS:
            break
        try:
            golden += _ask(original, [row], methods)
        except (ValueError, IndexError):
            continue
    return golden


def is_finite(answer: object) -> bool:
    """Whether every number in an answer is finite."""
    if isinstance(answer, dict):
        return all(map(is_finite, answer.values()))
    if isinstance(answer, (list, tuple)):
        return all(map(is_finite, answer))
    return not isinstance(answer, float) or math.isfinite(answer)
