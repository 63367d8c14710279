"""The `original` executor: the model file, opened inside the function with the library that wrote it.

It is slow, and only for models that are not compiled. It imports numpy; `opening` imports the model's library.
`package` writes `<model>.signature.json` next to the model.
"""

import warnings

from iris_model.engine.errors import InvalidInput, ModelFormatError, UnusableAnswer
from iris_model.engine.typed_rows import TypedRowEncoder

from .description import read_description
from .opening import open_model
from .original_answers import plain_answers
from .original_table import make_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from iris_model.contract.signature import Output

# Errors that no row causes: the function lacks memory, or the model cannot be called.
NOT_THE_ROWS = (ModelFormatError, MemoryError, ImportError, OSError)


class OriginalModel:
    """An estimator with the interface of a compiled model: `signature`, `source`, `outputs`, `evaluate`."""

    def __init__(self, path: str) -> None:
        self.signature, self.source = read_description(path, "original")
        self._encoder = TypedRowEncoder(self.signature["columns"])
        self._estimator = open_model(path, self.source)
        _use_one_core(self._estimator)
        methods = ("predict", "predict_proba", "decision_function", "score_samples", "transform")
        described = self.signature.get("outputs", methods)
        self.outputs = [name for name in methods if name in described and hasattr(self._estimator, name)]

    def evaluate(self, rows: "Sequence[object]", outputs: "tuple[str, ...]") -> "list[object]":
        """Return the values of several outputs as plain lists.

        Raises InvalidInput, which names the row that the original refuses.
        """
        table = self._encoder.encode(rows)
        values: list[Any] = [[None] * len(table) for _ in outputs]
        for group in self._encoder.group(table):
            for found, answers in zip(values, self._ask_group(table, group, outputs)):
                for place, answer in zip(group, answers):
                    found[place] = answer
        return values

    def _ask_group(self, table: "list[Any]", group: "list[int]", outputs: "tuple[str, ...]") -> "list[Any]":
        try:
            return self._ask([table[place] for place in group], outputs)
        except NOT_THE_ROWS:
            raise
        except Exception as error:
            # A library or a custom step may raise any exception for a row, such as KeyError for an unknown category.
            if len(group) == 1:
                raise _refused(group[0], error) from None
        # Bisect to find the first refused row. If both halves are answered, no row is the cause.
        middle = len(group) // 2
        halves = [self._ask_group(table, half, outputs) for half in (group[:middle], group[middle:])]
        return [first + second for first, second in zip(*halves)]

    def _ask(self, rows: "list[object]", outputs: "tuple[str, ...]") -> "list[object]":
        table = make_table(rows, self.signature)
        promised = self.signature.get("outputs") or {}
        with warnings.catch_warnings():
            # The model was trained with names and is called without pandas. The columns are in the order of training.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return [self._call(output, table, len(rows), promised.get(output)) for output in outputs]

    def _call(self, output: str, table: object, count: int, promised: "Output | None") -> "list[object]":
        value = getattr(self._estimator, output)(table)
        try:
            return plain_answers(value, count, promised)
        except UnusableAnswer as error:
            raise ModelFormatError(
                f"{output} of the original model gave {error}; expected a label or a number for each row, or a list of them"
            ) from None


def _refused(row: int, error: Exception) -> InvalidInput:
    said = str(error).partition("\n")[0]
    if not isinstance(error, (ValueError, IndexError)):
        said = f"{type(error).__name__}: {said}"  # the text of a KeyError is only the key
    return InvalidInput(f"row {row}: the original model does not take it: {said}", row=row)


def _use_one_core(estimator: "Any") -> None:
    """Turn off parallel jobs: without /dev/shm (Lambda) joblib's process pool fails. One row gains nothing from it."""
    get_params = getattr(estimator, "get_params", None)
    if get_params is None:
        return
    jobs = {name: 1 for name in get_params(deep=True) if name == "n_jobs" or name.endswith("__n_jobs")}
    if jobs:
        estimator.set_params(**jobs)
