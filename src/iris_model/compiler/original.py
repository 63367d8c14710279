"""The model as it was trained, asked row by row: the only authority on what is right."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from iris_model.engine.rows import holds_numbers
from iris_model.errors import ModelFileError
from iris_model.readers.dictionaries import takes_dictionaries
from iris_model.readers.documents import takes_documents
from iris_model.readers.frames import make_frame
from iris_model.readers.graph import Estimator

from .data import Row

# Per row: a label, a number, or a list of them (a list of lists for the probabilities of several outputs).
Answers = list[Any]

NO_PANDAS = ModelFileError(
    "the model was trained on a DataFrame, and pandas is not installed here; expected pandas, to ask the model with one",
    remedy="pip install pandas  (where the project is packaged: a line with its exact version in requirements.txt)",
)


class Original:
    """Answers with the estimator's own methods, as plain values. Without a signature, rows are numbers.

    `lacks_pandas`: a model of a DataFrame was asked with arrays, for want of pandas.
    """

    def __init__(self, estimator: Estimator, signature: Mapping[str, Any] | None = None) -> None:
        self._estimator = estimator
        self._takes_documents = takes_documents(estimator)
        self._takes_dictionaries = takes_dictionaries(estimator)
        self._columns = signature["columns"] if signature else []
        self._named = bool(signature and signature["named"])
        self.lacks_pandas = False

    def evaluate(self, rows: Sequence[Row], methods: Sequence[str]) -> dict[str, Answers]:
        """Return each method's answers; raises what the original raises."""
        table = self._table(rows)
        with warnings.catch_warnings(), np.errstate(all="ignore"), _one_after_another(self._estimator):
            # That arrays have no column names is known here; overflow is judged by its result.
            warnings.simplefilter("ignore")
            answers = {method: getattr(self._estimator, method)(table) for method in methods}
            if "predict" in answers and type(self._estimator).__module__ == "catboost.core":
                # Of several classes, CatBoost answers with a table of one column of labels.
                answers["predict"] = _flat(answers["predict"])
            return {method: _plain(part) for method, part in answers.items()}

    def _table(self, rows: Sequence[Row]) -> Any:
        """The rows as the original was trained with: documents, dictionaries, a DataFrame, an array of numbers or of objects."""
        if self._takes_documents:
            return [row[0] for row in rows]
        if self._takes_dictionaries:
            names = [column["name"] for column in self._columns]
            return [{name: cell for name, cell in zip(names, row, strict=True) if cell is not None} for row in rows]
        numeric = all(map(holds_numbers, self._columns))
        if self._named:
            try:
                return self._frame(rows)
            except ImportError:
                if not numeric:
                    raise NO_PANDAS from None
                # Numbers in the order of training say the same to all but those who select by name.
                self.lacks_pandas = True
        if numeric:
            return np.array([[np.nan if cell is None else cell for cell in row] for row in rows], dtype=np.float64)
        cells = [_fill_missing([row[index] for row in rows], column) for index, column in enumerate(self._columns)]
        table = np.empty((len(rows), len(cells)), dtype=object)
        for index, part in enumerate(cells):
            table[:, index] = part
        return table

    def _frame(self, rows: Sequence[Row]) -> Any:
        cells = {
            column["name"]: _fill_missing([row[index] for row in rows], column)
            for index, column in enumerate(self._columns)
        }
        # Those that the original takes only as pandas' own type.
        known = {one["name"]: one["categories"] for one in self._columns if one["dtype"] == "category"}
        return make_frame(cells, known)


def _fill_missing(cells: list[Any], column: Mapping[str, Any]) -> Any:
    """One column, with what the original was trained with where a cell is missing."""
    if holds_numbers(column):
        numbers = np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
        return numbers.astype(bool) if column["dtype"] == "bool" and np.isin(numbers, (0, 1)).all() else numbers
    marker = None if column.get("missing_as") == "none" else np.nan
    part = np.empty(len(cells), dtype=object)
    part[:] = [marker if cell is None else cell for cell in cells]
    return part


def _flat(answers: Any) -> Any:
    return answers.ravel() if answers.ndim == 2 and answers.shape[1] == 1 else answers


def _plain(answers: Any) -> Answers:
    if isinstance(answers, list):
        return [list(cells) for cells in zip(*(_plain(part) for part in answers), strict=True)]
    if hasattr(answers, "toarray"):
        answers = answers.toarray()
    if hasattr(answers, "to_numpy"):
        answers = answers.to_numpy()
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
