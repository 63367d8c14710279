"""Golden rows: a few rows with the original's answers. Every later stage is tested with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from iris_model.compiler.data import Row
from iris_model.compiler.original import NO_PANDAS, Original
from iris_model.contract.golden import GoldenRow
from iris_model.errors import IrisModelError

from .asking import Limit, ask

T = TypeVar("T")

GOLDEN_ROWS = 16

# The number of the user's rows that are evaluated first, and the number if none of these is answered.
FIRST_ASKED, THEN_ASKED = 16, 256


def check_given(original: Original, rows: Sequence[Row], methods: Sequence[str]) -> None:
    """Raise IrisModelError if the original refuses the user's rows. A sample, evenly spaced, is evaluated."""
    for count in (FIRST_ASKED, THEN_ASKED):
        asked = spread(rows, count)
        if not rows or _choose(_ask(original, asked, methods, Limit()), methods):
            return
    if original.lacks_pandas:
        raise NO_PANDAS
    raise _none_answered(original, asked, len(rows), methods)


def choose_golden(original: Original, rows: Sequence[Row], methods: Sequence[str]) -> list[GoldenRow]:
    """Return up to 16 rows evenly spaced over `rows`, so that data sorted by class includes each class.

    If the original does not answer all of these with finite numbers, the rows are chosen among those that it does.
    """
    answers = _ask(original, spread(rows), methods)
    golden = _choose(answers, methods)
    if len(golden) < min(GOLDEN_ROWS, len(rows)):
        # Some models refuse some rows: too far from all others, or with an unseen category.
        golden = spread(_choose(_ask(original, rows, methods, Limit()), methods))
    if not golden and original.lacks_pandas:
        raise NO_PANDAS
    if not golden:
        raise _none_answered(original, rows, len(rows), methods)
    return golden


def _none_answered(original: Original, asked: Sequence[Row], total: int, methods: Sequence[str]) -> IrisModelError:
    of = f" (of {total:,})" if total != len(asked) else ""
    return IrisModelError(
        f"the original answers none of the {len(asked):,} rows that were tried{of}{_say_why(original, asked, methods)}",
        remedy="Pass rows that it answers, for example from training: --data rows.csv (in a project: data in "
        "iris-model.toml).",
    )


def spread(rows: Sequence[T], count: int = GOLDEN_ROWS) -> list[T]:
    """Return up to `count` rows, evenly spaced, so that data sorted by class includes each class."""
    count = min(count, len(rows))
    return [rows[index * len(rows) // count] for index in range(count)]


def _ask(
    original: Original, rows: Sequence[Row], methods: Sequence[str], limit: Limit | None = None
) -> list[GoldenRow]:
    """Return the rows with each method's answer, if its numbers are finite."""
    answers = ask(original.evaluate, rows, tuple(methods), Exception, limit)
    return [
        {"row": list(row), "outputs": {method: value for method, value in answer.items() if is_finite(value)}}
        for row, answer in zip(rows, answers, strict=True)
    ]


def _choose(entries: Sequence[GoldenRow], methods: Sequence[str]) -> list[GoldenRow]:
    """Return the entries with an answer of each method. A method that never answers is dropped."""
    known = {method for method in methods if any(method in entry["outputs"] for entry in entries)}
    return [entry for entry in entries if known and known <= entry["outputs"].keys()]


def _say_why(original: Original, rows: Sequence[Row], methods: Sequence[str]) -> str:
    try:
        original.evaluate(rows[:1], methods)
    except Exception as error:
        # A library may raise anything. The result is that it refuses these rows.
        problem = error.problem if isinstance(error, IrisModelError) else f"{type(error).__name__}: {error}"
        return f"; on the first of them it raises {problem}"
    return " with a finite number"


def is_finite(answer: object) -> bool:
    """Whether every number in an answer is finite."""
    if isinstance(answer, dict):
        return all(map(is_finite, answer.values()))
    if isinstance(answer, (list, tuple)):
        return all(map(is_finite, answer))
    return not isinstance(answer, float) or math.isfinite(answer)
