"""Golden rows: a few inputs with the original's own answers, for every later stage to test itself with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .data import Row
from .original import Original

GOLDEN_ROWS = 16


def choose_golden(original: Original, rows: Sequence[Row], methods: Sequence[str]) -> list[dict[str, Any]]:
    """Return up to 16 rows spread evenly over `rows`, so that data sorted by class shows each class."""
    count = min(GOLDEN_ROWS, len(rows))
    spread = [rows[index * len(rows) // count] for index in range(count)]
    answers = original.evaluate(spread, methods)
    golden = [
        {"row": list(row), "outputs": {method: answers[method][index] for method in methods}}
        for index, row in enumerate(spread)
    ]
    return [entry for entry in golden if is_finite(entry["outputs"])]


def is_finite(answer: object) -> bool:
    """Whether every number in an answer is finite."""
    if isinstance(answer, dict):
        return all(map(is_finite, answer.values()))
    if isinstance(answer, (list, tuple)):
        return all(map(is_finite, answer))
    return not isinstance(answer, float) or math.isfinite(answer)
