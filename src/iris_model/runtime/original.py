"""The `original` executor: the model file, opened with the library that wrote it, inside the function.

The slow way, for models that nobody compiles. Imports numpy and the model's library, and only this file does. Beside the
model lies `<model>.signature.json`, written when the function was packaged.
"""

import os
import warnings

from iris_model.engine.errors import ModelFormatError
from iris_model.engine.json_text import make_decoder
from iris_model.engine.rows import RowEncoder

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
        """Return the values of several outputs as plain lists."""
        table = self._table(self._encoder.encode(rows))
        with warnings.catch_warnings():
            # Trained with names and asked without pandas: the order of the columns is ours to keep, and we keep it.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return [_plain(getattr(self._estimator, output)(table)) for output in outputs]

    def _table(self, rows: "list[Any]") -> "Any":
        names = [column["name"] for column in self.signature["columns"]]
        if self.signature.get("named"):
            try:
                from pandas import DataFrame

                return DataFrame(rows, columns=names)
            except ImportError:
                pass
        from numpy import array

        numeric = all(column["kind"] == "numeric" for column in self.signature["columns"])
        return array(rows, dtype=float if numeric else object)


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
