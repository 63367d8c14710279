"""Evaluate the trained model, the reference for every answer."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from iris_model.contract.signature import Column, InputSignature
from iris_model.engine.errors import UnusableAnswer
from iris_model.engine.rows import holds_numbers
from iris_model.engine.typed_rows import DATE_TYPES, INTEGER_TYPES, TypedRowEncoder
from iris_model.errors import ModelFileError
from iris_model.readers.dictionaries import takes_dictionaries
from iris_model.readers.documents import takes_documents
from iris_model.readers.frames import make_frame
from iris_model.readers.graph import Estimator
from iris_model.readers.precision import takes_only_float32

from .data import Row

# For each row a label, a number, or a list of them (a list of lists for the probabilities of several outputs).
Answers = list[Any]

NO_PANDAS = ModelFileError(
    "the model was trained on a DataFrame, and pandas is not installed",
    remedy="Run `pip install pandas`, and add pandas with its exact version to requirements.txt of the project.",
)


class Original:
    """Calls the estimator's own methods and returns plain values. Without a signature, rows are numbers.

    A signature with `input` belongs to the `original` executor: its columns are typed, and rows are as callers send
    them. `lacks_pandas`: a model of a DataFrame was called with arrays, because pandas is not installed.
    """

    def __init__(self, estimator: Estimator, signature: InputSignature | None = None) -> None:
        self._estimator = estimator
        self._dtype = np.float32 if takes_only_float32(estimator) else np.float64
        self._takes_documents = takes_documents(estimator)
        self._takes_dictionaries = takes_dictionaries(estimator)
        self._columns = signature["columns"] if signature else []
        self._named = bool(signature and signature["named"])
        self._shape = signature.get("input") if signature else None
        self._typed = TypedRowEncoder(list(self._columns)) if self._shape else None
        self._has_jobs = bool(_find_jobs(estimator))
        self._takes_integers = _takes_integers(estimator)
        self.lacks_pandas = False

    @property
    def estimator(self) -> Estimator:
        """The fitted estimator."""
        return self._estimator

    def evaluate(self, rows: Sequence[Row], methods: Sequence[str]) -> dict[str, Answers]:
        """Return each method's answers for the rows. Raises what the original raises."""
        if self._typed is None:
            return self._ask(rows, methods)
        table = self._typed.encode(list(rows))
        answers: dict[str, Answers] = {method: [None] * len(table) for method in methods}
        for group in self._typed.group(table):
            found = self._ask([table[place] for place in group], methods)
            for method, values in found.items():
                if len(values) != len(group):
                    raise UnusableAnswer(f"{method} gave {len(values)} answers for {len(group)} rows")
                for place, value in zip(group, values, strict=True):
                    answers[method][place] = value
        return answers

    def _ask(self, rows: Sequence[Row], methods: Sequence[str]) -> dict[str, Answers]:
        table = self._table(rows)
        with warnings.catch_warnings(), np.errstate(all="ignore"), self._alone():
            # The library warns that arrays have no column names, which is intended. Overflow is visible in the result.
            warnings.simplefilter("ignore")
            answers = {method: getattr(self._estimator, method)(table) for method in methods}
            if "predict" in answers and type(self._estimator).__module__ == "catboost.core":
                # With several classes, CatBoost returns labels as a table with one column.
                answers["predict"] = _flat(answers["predict"])
            return {method: _plain(part) for method, part in answers.items()}

    def hand_to(self, ask: Callable[[Any], Any], rows: Sequence[Row]) -> Any:
        """Call `ask` with the rows in the form that the original takes. Raises what it raises."""
        table = self._table(rows)
        with warnings.catch_warnings(), np.errstate(all="ignore"), self._alone():
            warnings.simplefilter("ignore")
            return ask(table)

    def _alone(self) -> AbstractContextManager[None]:
        """Return a context without parallel jobs.

        The search for jobs runs once, because it takes longer than many transforms.
        """
        return _one_after_another(self._estimator) if self._has_jobs else nullcontext()

    def _table(self, rows: Sequence[Row]) -> Any:
        """Return the rows as in training: documents, dictionaries, a DataFrame, an array of numbers or of objects."""
        if self._columns and "json" in self._columns[0]:
            return [_read_features(row[0], self._columns[0]["json"]) for row in rows]
        if self._takes_documents or self._shape == "documents":
            return [row[0] for row in rows]
        if self._takes_dictionaries:
            names = [int(column["name"]) if column.get("whole_name") else column["name"] for column in self._columns]
            return [{name: cell for name, cell in zip(names, row, strict=True) if cell is not None} for row in rows]
        numeric = all(map(holds_numbers, self._columns))
        if self._takes_integers and not numeric and not self._shape:
            rows = [_with_integers(row, self._columns) for row in rows]
        if self._shape == "series":
            return self._frame(rows)[self._columns[0]["name"]]
        if self._shape == "frame" or (self._shape is None and self._named):
            try:
                return self._frame(rows)
            except ImportError:
                if not numeric:
                    raise NO_PANDAS from None
                # An array of numbers in the order of training is equivalent, unless steps select columns by name.
                self.lacks_pandas = True
        if numeric and self._shape:
            return np.column_stack(
                [
                    _fill_missing([row[index] for row in rows], column, typed=True)
                    for index, column in enumerate(self._columns)
                ]
            )
        if numeric:
            return np.array([[np.nan if cell is None else cell for cell in row] for row in rows], dtype=self._dtype)
        typed = self._shape is not None
        cells = [
            _fill_missing([row[index] for row in rows], column, typed=typed)
            for index, column in enumerate(self._columns)
        ]
        table = np.empty((len(rows), len(cells)), dtype=object)
        for index, part in enumerate(cells):
            table[:, index] = part
        return table

    def _frame(self, rows: Sequence[Row]) -> Any:
        typed = self._shape is not None or self._dtype == np.float32
        cells = {
            column["name"]: _fill_missing([row[index] for row in rows], column, typed=typed)
            for index, column in enumerate(self._columns)
        }
        # The columns that the original takes only as pandas categories.
        known = {one["name"]: one["categories"] for one in self._columns if one["dtype"] == "category"}
        if not self._shape:
            return make_frame(cells, known)
        texts = [
            c["name"]
            for c in self._columns
            if c["dtype"] == "str" and c.get("missing_as") != "none" and not c.get("encoded")
        ]
        return make_frame(
            cells, known, texts, {c["name"]: c["dtype"] for c in self._columns if c["dtype"] in DATE_TYPES}
        )


def _takes_integers(estimator: Estimator) -> bool:
    """Whether a number in a column of categories must be an integer: CatBoost refuses floats there.

    It may be the last step, the estimator of a search, or one of an ensemble.
    """
    parts = [estimator, *(estimator.get_params().values() if hasattr(estimator, "get_params") else ())]
    return any(type(part).__module__ == "catboost.core" for part in parts)


def _with_integers(row: Row, columns: Sequence[Column]) -> Row:
    return [
        int(cell) if type(cell) is float and column["dtype"] == "object" and cell.is_integer() else cell
        for cell, column in zip(row, columns, strict=True)
    ]


def _read_features(text: str, form: str) -> Any:
    """Return the row of a FeatureHasher: a dict, a list of tuples, or a list of strings."""
    found = json.loads(text)
    return list(map(tuple, found)) if form == "pair" else found


def _fill_missing(cells: list[Any], column: Column, *, typed: bool) -> Any:
    """Return one column, with the missing value of training where a cell is missing."""
    if column["dtype"] in INTEGER_TYPES and all(type(cell) is int for cell in cells):
        return np.array(cells, dtype=column["dtype"])
    if holds_numbers(column):
        narrow = column["dtype"] == "float32" and typed
        numbers = np.array(
            [np.nan if cell is None else cell for cell in cells], dtype=np.float32 if narrow else np.float64
        )
        return numbers.astype(bool) if column["dtype"] == "bool" and np.isin(numbers, (0, 1)).all() else numbers
    marker = None if column.get("missing_as") == "none" or column["dtype"] in DATE_TYPES else np.nan
    part = np.empty(len(cells), dtype=object)
    if column.get("encoded"):
        cells = [cell.encode() if isinstance(cell, str) else cell for cell in cells]
    part[:] = [marker if cell is None else cell for cell in cells]
    return part


def _flat(answers: Any) -> Any:
    return answers.ravel() if answers.ndim == 2 and answers.shape[1] == 1 else answers


def _plain(answers: Any) -> Answers:
    """Return one label, number or list for each row. A list of tables has one table for each of several targets."""
    if isinstance(answers, (list, tuple)) and answers and all(getattr(part, "ndim", 0) == 2 for part in answers):
        return [list(cells) for cells in zip(*(_plain(part) for part in answers), strict=True)]
    if isinstance(answers, (list, tuple)):
        answers = np.asarray(answers, dtype=object)
    if hasattr(answers, "toarray"):
        answers = answers.toarray()
    if hasattr(answers, "to_numpy"):
        answers = answers.to_numpy()
    if not isinstance(answers, np.ndarray) or answers.ndim not in (1, 2):
        shape = f" of {answers.ndim} dimensions" if isinstance(answers, np.ndarray) else ""
        raise UnusableAnswer(f"a method gave a {type(answers).__name__}{shape}; expected one answer for each row")
    if answers.dtype.kind not in "biufUO":
        raise UnusableAnswer(f"a method gave values of the type {answers.dtype}; expected labels or numbers")
    values: Answers = answers.tolist()
    # For every other type, `tolist` returns only Python's own numbers and strings.
    return [_plain_cell(value) for value in values] if answers.dtype.kind == "O" else values


def _plain_cell(value: Any) -> Any:
    """Convert numpy scalars in arrays of objects, because labels are compared by type too."""
    if isinstance(value, list):
        return [_plain_cell(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise UnusableAnswer(f"a method gave a {type(value).__name__}; expected a label or a number for each row")


def _find_jobs(estimator: Estimator) -> dict[str, Any]:
    if not hasattr(estimator, "get_params"):
        return {}
    jobs = {name: value for name, value in estimator.get_params().items() if name.rpartition("__")[2] == "n_jobs"}
    return {name: value for name, value in jobs.items() if value not in (None, 1)}


@contextmanager
def _one_after_another(estimator: Estimator) -> Iterator[None]:
    """Run without parallel jobs: a forest with several threads adds its trees in random order."""
    jobs = _find_jobs(estimator)
    if not jobs:
        yield
        return
    try:
        estimator.set_params(**dict.fromkeys(jobs, 1))
        yield
    finally:
        estimator.set_params(**jobs)
