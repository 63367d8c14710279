"""The model as it was trained, asked row by row: the only authority on what is right."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator

from .data import Row

# Per row: a label, a number, or a list of them (a list of lists for the probabilities of several outputs).
Answers = list[Any]


class Original:
    """Answers with the estimator's own methods, as plain values."""

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator

    def evaluate(self, rows: Sequence[Row], methods: Sequence[str]) -> dict[str, Answers]:
        """Return each method's answers; raises what the original raises."""
        table = np.array([[np.nan if cell is None else cell for cell in row] for row in rows], dtype=np.float64)
        with warnings.catch_warnings(), np.errstate(all="ignore"), _one_after_another(self._estimator):
            # That arrays have no column names is known here; overflow is judged by its result.
            warnings.simplefilter("ignore")
            return {method: _plain(getattr(self._estimator, method)(table)) for method in methods}


def _plain(answers: Any) -> Answers:
    if isinstance(answers, list):
        return [list(cells) for cells in zip(*(_plain(part) for part in answers), strict=True)]
    values: Answers = answers.tolist()
    # Arrays of objects keep numpy's own scalars; labels are compared with their type, so these become plain too.
    return [value.item() if isinstance(value, np.generic) else value for value in values]


@contextmanager
def _one_after_another(estimator: Estimator) -> Iterator[None]:
    """Run without parallel jobs: a forest with several threads adds its trees in whatever order they finish."""
    if not hasattr(estimator, "get_params"):
        yield
        return
    jobs = {name: value for name, value in estimator.get_params().items() if name.rpartition("__")[2] == "n_jobs"}
    jobs = {name: value for name, value in jobs.items() if value not in (None, 1)}
    if not jobs:
        yield
        return
    try:
        estimator.set_params(**dict.fromkeys(jobs, 1))
        yield
    finally:
        estimator.set_params(**jobs)
