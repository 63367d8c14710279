"""Convert rows of any container to the compiler's form for verification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from iris_model.compiler.data import Data
from iris_model.errors import IrisModelError


def as_sample(data: Any) -> Any:
    """Return names and rows of `data`; a path or None unchanged."""
    if data is None or isinstance(data, str) or hasattr(data, "__fspath__") or isinstance(data, Data):
        return data
    names, rows = _read(data)
    if names is None:
        return rows
    written = tuple(map(str, names))
    stripped = tuple(name.strip() for name in written)
    return Data(stripped, tuple(map(tuple, rows)), "data", 0, written, _find_categories(data), _find_missing(data))


def _find_categories(data: Any) -> dict[str, list[Any]]:
    """Return the categories of the Categorical columns of a pandas DataFrame, by name."""
    if type(data).__module__.partition(".")[0] != "pandas":
        return {}
    dtypes = {
        name: data[name].dtype for name in data.columns if hasattr(getattr(data[name], "dtype", None), "categories")
    }
    return {str(name): _plain(dtype.categories) for name, dtype in dtypes.items()}


def _find_missing(data: Any) -> dict[str, Any]:
    """Return what is missing in the columns of objects of a pandas DataFrame, by name: the rows have None for all of it."""
    if type(data).__module__.partition(".")[0] != "pandas":
        return {}
    found = {}
    for name in data.columns:
        column = data[name]
        if getattr(column, "dtype", None) == np.dtype(object):
            # pandas' NA is neither: it is treated as a mixture.
            kinds = {
                "none" if cell is None else "nan" if isinstance(cell, float) else "both"
                for cell in column[column.isna()].tolist()
            }
            if kinds:
                found[str(name)] = "both" if len(kinds) > 1 else kinds.pop()
    return found


def _read(data: Any) -> tuple[list[Any] | None, list[list[Any]]]:
    if isinstance(data, np.ndarray):
        return _read_array(data)
    if type(data).__module__.partition(".")[0] == "pandas":
        from .frames import read_frame

        names, batch, _ = read_frame(data)
        return names, _rows([batch], len(names or [0]))
    if isinstance(data, Mapping):
        columns = [_plain(values) for values in data.values()]
        return list(data), list(map(list, zip(*columns)))
    if hasattr(data, "tocsr"):
        return None, data.toarray().tolist()
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        from .arrow import read_arrow

        arrow_names, stream = read_arrow(data)
        return arrow_names, _rows(stream, len(arrow_names or [0]))
    if isinstance(data, (list, tuple)):
        return _read_list(data)
    if hasattr(data, "__array__"):
        return _read_array(np.asarray(data))
    raise IrisModelError(
        f"data is a {type(data).__name__}; expected rows", remedy="Pass a list, an array or a DataFrame."
    )


def _read_array(array: np.ndarray[Any, Any]) -> tuple[list[Any] | None, list[list[Any]]]:
    if array.dtype.names:
        return list(array.dtype.names), [list(row) for row in array.tolist()]
    return None, array.reshape(len(array), -1).tolist()


def _read_list(data: Any) -> tuple[list[Any] | None, list[list[Any]]]:
    if data and isinstance(data[0], Mapping):
        names = list(dict.fromkeys(name for record in data for name in record))
        return names, [[record.get(name) for name in names] for record in data]
    if data and isinstance(data[0], str):
        return None, [[text] for text in data]
    return None, [_plain(row) for row in data]


def _rows(batches: Any, width: int) -> list[list[Any]]:
    return [list(row) for _, cells_at in batches for row in zip(*[_plain(cells_at(place)) for place in range(width)])]


def _plain(values: Any) -> list[Any]:
    listed = values.tolist() if hasattr(values, "tolist") else values
    return [cell.item() if isinstance(cell, np.generic) else cell for cell in listed]
