"""The `original` executor: the model file, opened with the library that wrote it, inside the function.

The slow way, for models that nobody compiles. Imports numpy and the model's library, and only this file does. Beside the
model lies `<model>.signature.json`, written when the function was packaged.
"""

import os
import warnings

from iris_model.engine.errors import InvalidInput, ModelFormatError
from iris_model.engine.json_text import make_decoder
from iris_model.engine.rows import RowEncoder, holds_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class OriginalModel:
    """An estimator that answers like a compiled model does: `signature`, `source`, `outputs`, `evaluate`."""

    def __init__(self, path: str) -> None:
        description = _read_description(os.path.splitext(path)[0] + ".signature.json")
        self.signature: dict[str, Any] = description["signature"]
        self.source: dict[str, Any] = description["source"]
        self._encoder = RowEncoder(self.signature["columns"])
        self._estimator = _open(path, self.source)
        _use_one_core(self._estimator)
        methods = ("predict", "predict_proba", "decision_function", "score_samples", "transform")
        self.outputs = [name for name in methods if hasattr(self._estimator, name)]

    def evaluate(self, rows: "list[Any]", outputs: "tuple[str, ...]") -> "list[Any]":
        """Return the values of several outputs as plain lists. InvalidInput names the row that the original refuses."""
        cells = self._encoder.encode(rows)
        if not cells:
            return [[] for _ in outputs]
        try:
            return self._ask(cells, outputs)
        except (ValueError, IndexError) as error:
            # What libraries raise on a row: an unknown category, a value beyond their range.
            for index, row in enumerate(cells):
                try:
                    self._ask([row], outputs)
                except (ValueError, IndexError) as said:
                    raise _refused(index, said) from None
            raise _refused(None, error) from None

    def _ask(self, rows: "list[Any]", outputs: "tuple[str, ...]") -> "list[Any]":
        table = self._table(rows)
        with warnings.catch_warnings():
            # Trained with names and asked without pandas: the order of the columns is ours to keep, and we keep it.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return [self._shape(output, _plain(getattr(self._estimator, output)(table))) for output in outputs]

    def _shape(self, output: str, values: "list[Any]") -> "list[Any]":
        """CatBoost answers with a table of one column of labels; a label per row is what the signature promises."""
        promised = self.signature.get("outputs", {}).get(output, {})
        if promised.get("kind") == "label" and promised.get("columns") == 1 and type(values[0]) is list:
            return [row[0] for row in values]
        return values

    def _table(self, rows: "list[Any]") -> "Any":
        """The rows as the original was trained with: documents, dictionaries, a DataFrame, or an array."""
        columns = self.signature["columns"]
        names = [column["name"] for column in columns]
        shape = self.signature.get("input")
        if shape == "documents":
            return [row[0] for row in rows]
        if shape == "dictionaries":
            return [{name: cell for name, cell in zip(names, row) if cell is not None and cell == cell} for row in rows]
        numeric = all(map(holds_numbers, columns))
        if self.signature.get("named"):
            try:
                return _frame(rows, columns)
            except ImportError as error:
                if not numeric:
                    raise ModelFormatError(
                        f"the model was trained on a DataFrame, and {error}; name pandas in requirements.txt "
                        "and package with --install-requirements"
                    ) from None
        from numpy import array, empty

        if numeric:
            return array(rows, dtype=float)
        table = empty((len(rows), len(columns)), dtype=object)
        for position, column in enumerate(columns):
            table[:, position] = _cells([row[position] for row in rows], column)
        return table


def _frame(rows: "list[Any]", columns: "list[Any]") -> "Any":
    """A DataFrame whose columns have the types of training: numbers, truth values, objects, or pandas' Categorical."""
    from pandas import Categorical, DataFrame, Series

    parts = {}
    for position, column in enumerate(columns):
        cells = [row[position] for row in rows]
        if column.get("dtype") == "category":
            known = column.get("categories", [])
            every = known + [cell for cell in dict.fromkeys(cells) if cell is not None and cell not in known]
            if all(type(cell) is not str and cell == int(cell) for cell in every):
                # XGBoost asks for integers.
                every = [int(cell) for cell in every]
                cells = [None if cell is None else int(cell) for cell in cells]
            parts[column["name"]] = Series(Categorical(cells, categories=every))
        else:
            made = _cells(cells, column)
            # Left to itself, pandas makes NaN of None in a column of texts.
            parts[column["name"]] = Series(made, dtype=made.dtype)
    return DataFrame(parts)


def _cells(cells: "list[Any]", column: "Any") -> "Any":
    """One column as an array, with what the original was trained with where a cell is missing."""
    from numpy import array, empty, nan

    if holds_numbers(column):
        is_truth = column.get("dtype") == "bool" and all(cell in (0.0, 1.0) for cell in cells)
        return array(cells, dtype=bool if is_truth else float)
    part = empty(len(cells), dtype=object)
    marker = None if column.get("missing_as") == "none" else nan
    part[:] = [marker if cell is None else cell for cell in cells]
    return part


def _refused(row: "int | None", error: Exception) -> InvalidInput:
    where = "the rows" if row is None else f"row {row}"
    return InvalidInput(f"{where}: the original model does not take it: {str(error).partition(chr(10))[0]}", row=row)


def _read_description(path: str) -> "dict[str, Any]":
    try:
        with open(path, encoding="utf-8") as file:
            value = make_decoder()(file.read())
        return {"signature": value["signature"], "source": value["source"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFormatError(
            f"cannot read the signature {path} of the original model: {error}; run iris-model package again"
        ) from None


def _open(path: str, source: "dict[str, Any]") -> "Any":
    library, wanted = source.get("library", "its library"), source.get("version", "?")
    try:
        with warnings.catch_warnings():
            # scikit-learn opens a pickle of another version with no more than this warning, and answers differently.
            warnings.filterwarnings("error", message="Trying to unpickle estimator")
            if path.endswith(".joblib"):
                from joblib import load

                return load(path)
            from pickle import load as load_pickle

            with open(path, "rb") as file:
                return load_pickle(file)  # noqa: S301 - the function's own model, put there by its owner
    except ImportError as error:
        raise ModelFormatError(
            f"cannot open the model {path}: {error}; it needs {library} {wanted}: "
            "name it in requirements.txt and package with --install-requirements"
        ) from None
    except Exception as error:
        raise ModelFormatError(
            f"cannot open the model {path}, written with {library} {wanted}: {type(error).__name__}: {error}; "
            f"install exactly {library}=={wanted}, or train again"
        ) from None


def _use_one_core(estimator: "Any") -> None:
    """Lambda has no /dev/shm, so that joblib's process pool fails there; one row never gains by it."""
    get_params = getattr(estimator, "get_params", None)
    if get_params is None:
        return
    jobs = {name: 1 for name in get_params(deep=True) if name == "n_jobs" or name.endswith("__n_jobs")}
    if jobs:
        estimator.set_params(**jobs)


def _plain(value: "Any") -> "Any":
    if isinstance(value, list):
        # One array of probabilities for each of several targets: turn it round, so that there is one entry per row.
        return [list(row) for row in zip(*(_plain(item) for item in value))]
    if hasattr(value, "toarray"):
        value = value.toarray()
    return value.tolist()
