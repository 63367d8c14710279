"""Write the columns of a wide model once for each kind: columns that differ only in name and range share an entry.

`engine/wide_columns.py` reads this form, which docs/reference/compiled-model.md describes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iris_model.contract.signature import Column

# With fewer columns, JSON is as fast, and older versions of the runtime can open the file.
MANY_COLUMNS = 1000
MOST_KINDS = 256
# What columns of one kind may differ in.
OWN = ("maximum", "minimum", "name")
SEPARATOR = "\0"


def share_columns(
    columns: list[Column], write: Callable[[object], str]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    """Return (value of `columns` in the signature, its tensors), or None if the columns must be a list.

    `write`: from a value to JSON with sorted keys.
    """
    if len(columns) < MANY_COLUMNS or any(not _can_share(column) for column in columns):
        return None
    kinds: dict[str, int] = {}
    numbers = [kinds.setdefault(write(_without_own(column)), len(kinds)) for column in columns]
    if len(kinds) > MOST_KINDS:
        return None
    names = SEPARATOR.join(column["name"] for column in columns).encode()
    tensors: dict[str, NDArray[Any]] = {
        "names": np.frombuffer(names, np.uint8),
        "kinds": np.array(numbers, np.uint8),
    }
    if any("minimum" in column for column in columns):
        for end in ("minimum", "maximum"):
            tensors[end] = np.array([column.get(end, 0.0) for column in columns], np.float64)
    shared = {"count": len(columns), "kinds": [json.loads(kind) for kind in kinds]}
    return shared, {f"signature.{name}": tensor for name, tensor in tensors.items()}


def _can_share(column: Mapping[str, Any]) -> bool:
    has_range = ("minimum" in column) == ("maximum" in column)
    return SEPARATOR not in column["name"] and has_range and all(_is_exact(column.get(end, 0.0)) for end in OWN[:2])


def _is_exact(value: object) -> bool:
    """Whether a double holds the value."""
    return isinstance(value, float) or (type(value) is int and abs(value) <= 2**53)


def _without_own(column: Mapping[str, Any]) -> dict[str, Any]:
    """Return the column with null in place of what is its own, so that its keys keep their order."""
    return {**column, **{name: None for name in OWN if name in column}}
