"""The model of the Python API: answers come in the container that X came in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from iris_model.contract.comparison import Report
from iris_model.engine.errors import InvalidInput
from iris_model.errors import IrisModelError, ModelFileError

from .core import BatchCore, Evaluator, as_labels, join, shift_row
from .inputs import open_source
from .outputs import column_names, wrap
from .report import as_html, as_text, describe

# Called by a pickle: with the path of the file or its bytes, and their digest.
Reopen = Callable[[str | None, str, bytes | None], "Model"]

METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform")


class Model:
    """A model that answers tables. Create one with `iris_model.compile` or `iris_model.load`.

    `X` can be a list of rows or dictionaries, a dictionary of columns, a NumPy array, a sparse matrix, a DataFrame or
    Series of pandas or Polars, a table of pyarrow, or any object with the Arrow C interface. Named columns are matched
    by name, in any order; other columns are ignored. A row that does not fit the model raises `InvalidInput`, which
    names row and column.

    Answers have the type of `X`: a NumPy array; a Series or DataFrame with the index of `X`; an array or table of
    pyarrow. They equal the answers to a request with the same rows. Several threads may use one model.

    A model has the methods of the original. Any other method raises `AttributeError`.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        path: Path | None,
        reopen: Reopen,
        data: bytes | None = None,
        report: Report | None = None,
    ) -> None:
        self._core = BatchCore(evaluator)
        self._path = path
        self._reopen = reopen
        self._data = data
        self._digest = ""
        self._report = report

    @property
    def signature(self) -> Mapping[str, Any]:
        """Columns, task, classes and outputs, as in the compiled-model file."""
        return self._core.signature

    @property
    def evaluator(self) -> Evaluator:
        """The object that answers lists of rows: the compiled model, or another executor."""
        return self._core.evaluator

    @property
    def source(self) -> Mapping[str, Any]:
        """The library, version and class of the original."""
        found: Mapping[str, Any] = self._core.evaluator.source
        return found

    @property
    def report(self) -> Report | None:
        """The comparison with the original; None for a model that is not compiled."""
        return self._report

    @property
    def path(self) -> Path | None:
        """The file, or None if a compiled model has not been saved."""
        return self._path

    @property
    def digest(self) -> str:
        """SHA-256 of the model file, in hexadecimal.

        Raises:
            ModelFileError: The file, which is read at the first use, does not exist.
        """
        if not self._digest:
            self._digest = hashlib.sha256(self._data if self._data is not None else self._read_file()).hexdigest()
        return self._digest

    @property
    def classes_(self) -> Any:
        """The classes in the order of `predict_proba`, as in scikit-learn; None without classes."""
        classes = self.signature.get("classes")
        if classes and isinstance(classes[0], list):
            return [as_labels(each) for each in classes]
        return as_labels(classes) if classes else None

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of this model, which are those of the original."""
        return tuple(name for name in METHODS if name in self._core.evaluator.outputs)

    def predict(self, X: Any) -> Any:
        """Predict a label (classifier) or number (regressor) for each row.

        Returns:
            Answers of shape (rows,), or (rows, targets) with several targets.
        """
        return self._answer(X, "predict")

    def predict_proba(self, X: Any) -> Any:
        """Predict the probability of each class for each row.

        Returns:
            Probabilities between 0 and 1 of shape (rows, classes), in the order of `classes_`; a list of such arrays
            with several targets.
        """
        return self._answer(X, "predict_proba")

    def decision_function(self, X: Any) -> Any:
        """Compute the original's `decision_function`.

        Returns:
            Scores in the shape and units of the original: (rows,) for two classes or outliers, else one column for each
            class or pair of classes.
        """
        return self._answer(X, "decision_function")

    def score_samples(self, X: Any) -> Any:
        """Compute the original's `score_samples`, for example the log-likelihood of a density.

        Returns:
            Scores of shape (rows,), in the units of the original.
        """
        return self._answer(X, "score_samples")

    def transform(self, X: Any) -> Any:
        """Transform each row.

        Returns:
            A dense array of shape (rows, columns of the output).
        """
        return self._answer(X, "transform")

    def save(self, path: str | Path) -> Path:
        """Write the compiled model to a file, atomically.

        Args:
            path: the file; its suffix must be `.safetensors`.

        Returns:
            The path.

        Raises:
            IrisModelError: The model is not compiled, or the suffix is another one.
        """
        from .files import write_model

        target = write_model(Path(path), self.read())
        if self._path is None:
            self._path = target.resolve()
        return target

    def read(self) -> bytes:
        """Return the bytes of the compiled-model file.

        Raises:
            IrisModelError: The model is not compiled.
        """
        if self._data is not None:
            return self._data
        path = self._path
        assert path is not None, "a model has a path or its bytes"
        if self._report is None:
            raise IrisModelError(
                f"{path} is not compiled: it is opened with its own library, and cannot be saved as a compiled model",
                remedy="Copy the model file instead of saving it.",
            )
        return self._read_file()

    def _read_file(self) -> bytes:
        assert self._path is not None, "a model has a path or its bytes"
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            raise ModelFileError(f"{self._path}: no such file", remedy="Load the model from where it is now.") from None

    def _answer(self, X: Any, method: str) -> Any:
        self._check(method)
        source = open_source(X, self._core.layout)
        answers = []
        first = 0
        for batch in source.batches:
            try:
                answers += self._core.answer(batch, (method,)) if batch.count else []
            except InvalidInput as error:
                raise shift_row(error, first) from None
            first += batch.count
        answer = join(answers) if answers else self._core.empty(method)
        return wrap(answer, source.library, source.index, column_names(method, answer, self.signature))

    def _check(self, method: str) -> None:
        if method not in self._core.evaluator.outputs:
            raise AttributeError(f"this model has no {method}; it has {', '.join(self.methods)}")

    def __reduce__(self) -> tuple[Any, ...]:
        # A saved model that is still in memory does not need its file, which may have been deleted.
        path = str(self._path) if self._path is not None and (self._data is None or self._path.exists()) else None
        return self._reopen, (path, self.digest, None if path else self._data)

    def _facts(self) -> dict[str, str]:
        size = len(self._data) if self._data is not None else 0
        if not size and self._path is not None and self._path.exists():
            size = self._path.stat().st_size
        return describe(self.signature, self.source, size, self._report)

    def __repr__(self) -> str:
        return as_text(self._facts())

    def _repr_html_(self) -> str:
        return as_html(self._facts())
