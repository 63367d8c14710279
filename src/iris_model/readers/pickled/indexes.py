"""Rebuild the pandas labels that estimators store: `ColumnTransformer([("scale", scaler, frame.columns)])`.

Values of the file are never passed to internal functions of pandas or pyarrow. This module reads the cells, checks that
they are strings or numbers, and passes them to the public constructor. DataFrames and Series are refused: no estimator
of the trusted libraries stores one, and pandas does not check the states of their parts (blocks, managers, extension
arrays).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .bad_call import BadCall


class IndexKind:
    """Replaces a pandas class that is only an argument of `_new_Index`."""

    def __init__(self, is_range: bool) -> None:
        self.is_range = is_range


class Texts:
    """Replaces a pandas array of strings."""

    cells: list[str | None] | tuple[()] = ()

    def take(self, state: object) -> None:
        """Set the state: a list of strings from `restore_texts`. Raises BadCall."""
        cells = state.get("_pa_array") if isinstance(state, dict) else None
        if type(cells) is not list:
            raise BadCall("a string array does not have the form that pandas writes")
        self.cells = cells


# Keys: the names in pandas 1 to 3.
REPLACED: dict[str, Any] = {
    "pandas.Index": IndexKind(is_range=False),
    "pandas.RangeIndex": IndexKind(is_range=True),
    "pandas.core.indexes.base.Index": IndexKind(is_range=False),
    "pandas.core.indexes.numeric.Int64Index": IndexKind(is_range=False),
    "pandas.core.indexes.range.RangeIndex": IndexKind(is_range=True),
}
TEXTS = frozenset({"pandas.arrays.ArrowStringArray", "pandas.core.arrays.string_arrow.ArrowStringArray"})

_TYPES = {"string": "<i4", "large_string": "<i8"}
_PLAIN = (str, int, float, bool, type(None))


def name_type(alias: object) -> str:
    """Replace `pyarrow.lib.type_for_alias`, for string types. Raises BadCall for others."""
    if type(alias) is not str or alias not in _TYPES:
        raise BadCall(f"{alias!r:.40} is not a string type")
    return alias


def take_buffer(data: object) -> bytes:
    """Replace `pyarrow.lib.py_buffer`. Raises BadCall."""
    if not isinstance(data, (bytes, bytearray)):
        raise BadCall("a buffer does not contain bytes")
    return bytes(data)


def restore_texts(parts: object) -> list[str | None]:
    """Replace `pyarrow.lib._restore_array` and return the strings; None for a missing one. Raises BadCall.

    `parts`: type, length, number of missing cells, offset, buffers, children, dictionary.
    """
    match parts:
        case (str(kind), int(length), int(), int(offset), [missing, bytes(ends), bytes(data)], [] | (), None):
            pass
        case _:
            raise BadCall("a string array does not have the form that pyarrow writes")
    if kind not in _TYPES or length < 0 or offset < 0 or len(ends) % np.dtype(_TYPES[kind]).itemsize:
        raise BadCall("a string array does not have the form that pyarrow writes")
    at = np.frombuffer(ends, _TYPES[kind]).tolist()
    flags = missing if isinstance(missing, bytes) else None
    is_whole = missing is None if flags is None else len(flags) * 8 >= offset + length
    if not is_whole or len(at) < offset + length + 1:
        raise BadCall("a string array has fewer values than its length")
    cells: list[str | None] = []
    for row in range(offset, offset + length):
        start, end = at[row], at[row + 1]
        if not 0 <= start <= end <= len(data):
            raise BadCall("a string of an array is outside of its bytes")
        is_there = flags is None or flags[row // 8] >> row % 8 & 1
        cells.append(data[start:end].decode() if is_there else None)
    return cells


def make_index(kind: object, state: object) -> Any:
    """Replace `pandas.core.indexes.base._new_Index`. Raises BadCall.

    Without pandas, return the labels as an array: estimators treat both alike.
    """
    if not isinstance(kind, IndexKind) or type(state) is not dict:
        raise BadCall("an index does not have the form that pandas writes")
    name = state.get("name")
    if type(name) not in _PLAIN:
        raise BadCall("the name of an index is neither a string nor a number")
    if kind.is_range:
        return _make_range(state, name)
    if state.keys() - {"data", "name"}:
        raise BadCall("an index does not have the form that pandas writes")
    data = state.get("data")
    if isinstance(data, Texts):
        return _make_labels(np.array(data.cells, object), "str", name)
    if type(data) is not np.ndarray or data.ndim != 1 or data.dtype.kind not in "biufO":
        raise BadCall("the labels of an index are neither strings nor numbers")
    if data.dtype.kind == "O" and not all(type(label) in _PLAIN for label in data.tolist()):
        raise BadCall("the labels of an index are neither strings nor numbers")
    return _make_labels(data, data.dtype, name)


def _make_labels(labels: Any, dtype: Any, name: Any) -> Any:
    try:
        import pandas
    except ImportError:
        return labels
    return pandas.Index(labels, dtype=dtype, name=name)


def _make_range(state: dict[str, Any], name: Any) -> Any:
    bounds = [state.get(key) for key in ("start", "stop", "step")]
    if state.keys() - {"start", "stop", "step", "name"} or not all(
        type(bound) is int and abs(bound) < 1 << 40 for bound in bounds
    ):
        raise BadCall("a range of labels does not have the form that pandas writes")
    if bounds[2] == 0:
        raise BadCall("a range of labels has no step")
    try:
        import pandas
    except ImportError:
        return range(*bounds)  # type: ignore[arg-type]
    return pandas.RangeIndex(*bounds, name=name)
