"""Return answers in the container type of the rows. The caller has already imported its library."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .core import Answer

# Method -> the prefix of its column names.
NAMES = {
    "predict": "prediction",
    "predict_proba": "probability",
    "decision_function": "decision",
    "score_samples": "score",
    "transform": "value",
}


def wrap(answer: Answer, library: str, index: Any, names: Sequence[str]) -> Any:
    """Return a Series or array for one column, a DataFrame or table for several.

    `names`: one for each column. Probabilities of several targets are a list with an item for each target.
    """
    if isinstance(answer, list):
        return answer if library == "numpy" else [wrap(each, library, index, _numbered(each)) for each in answer]
    if library == "pandas":
        pandas = sys.modules["pandas"]
        if answer.ndim == 1:
            return pandas.Series(answer, index=index, name=names[0])
        return pandas.DataFrame(answer, index=index, columns=list(names))
    if library == "polars":
        polars = sys.modules["polars"]
        if answer.ndim == 1:
            return _polars_series(polars, names[0], answer)
        return polars.DataFrame([_polars_series(polars, name, answer[:, place]) for place, name in enumerate(names)])
    if library == "pyarrow":
        pyarrow = sys.modules["pyarrow"]
        if answer.ndim == 1:
            return _arrow_array(pyarrow, answer)
        return pyarrow.table({name: _arrow_array(pyarrow, answer[:, place]) for place, name in enumerate(names)})
    return answer


def column_names(method: str, answer: Answer, signature: Mapping[str, Any]) -> list[str]:
    """Return the column names of an answer: `prediction`, or `probability_setosa` for each class."""
    name = NAMES[method]
    if isinstance(answer, list):
        labels = signature.get("classes") or [[]] * len(answer)
        return [
            f"{name}_{target}_{_label(label)}"
            for target, (each, known) in enumerate(zip(answer, labels))
            for label in (known if len(known) == each.shape[1] else range(each.shape[1]))
        ]
    if answer.ndim == 1:
        return [name]
    width = answer.shape[1]
    classes = signature.get("classes")
    if method in ("predict_proba", "decision_function") and classes and not isinstance(classes[0], list):
        known = classes[1:] if width == 1 and len(classes) == 2 else classes
        if len(known) == width:
            return [f"{name}_{_label(label)}" for label in known]
    return [name] if width == 1 and method != "transform" else [f"{name}_{place}" for place in range(width)]


def flatten(answer: Answer) -> list[np.ndarray[Any, Any]]:
    """Return the columns of an answer, as `column_names` names them."""
    if isinstance(answer, list):
        return [column for each in answer for column in flatten(each)]
    return [answer] if answer.ndim == 1 else [answer[:, place] for place in range(answer.shape[1])]


def _label(label: Any) -> str:
    """Return a label as JSON spells it."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def _numbered(answer: np.ndarray[Any, Any]) -> list[str]:
    return [str(place) for place in range(answer.shape[1] if answer.ndim == 2 else 1)]


def _polars_series(polars: Any, name: str, column: np.ndarray[Any, Any]) -> Any:
    # The type of a list without strings would be Null.
    return polars.Series(name, _storable(column), dtype=polars.String if column.dtype.kind == "U" else None)


def _arrow_array(pyarrow: Any, column: np.ndarray[Any, Any]) -> Any:
    return pyarrow.array(_storable(column), type=pyarrow.string() if column.dtype.kind == "U" else None)


def _storable(column: np.ndarray[Any, Any]) -> Any:
    """Return strings as a list: neither library accepts NumPy's fixed-width strings."""
    return column.tolist() if column.dtype.kind in "UO" else np.ascontiguousarray(column)
