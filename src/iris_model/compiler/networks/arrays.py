"""Tensors of numpy as arrays of the engine, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from iris_model.engine.operators.networks import arrays, find_step
from iris_model.engine.operators.networks.arrays import Array
from iris_model.readers.onnx.programs import MOST_FOLDED
from iris_model.readers.onnx.steps import KINDS, as_cells

Tensor = np.ndarray[Any, Any]

DTYPES: dict[str, Any] = {kind: np.dtype(name) for name, kind in KINDS.items()}


def to_engine(value: Tensor) -> Array:
    """Return a tensor as an array of the engine."""
    return Array(*as_cells(value))


def to_numpy(value: Array) -> Tensor:
    """Return an array of the engine as a tensor."""
    dtype = DTYPES[value.kind]
    if value.kind == "s":
        made = np.empty(len(value.cells), dtype=object)
        made[:] = value.cells
        return made.reshape(value.shape)
    if isinstance(value.cells, list):
        return np.array(value.cells, dtype).reshape(value.shape)
    stored = np.uint8 if value.kind == "?" else dtype
    return np.frombuffer(value.cells, stored).astype(dtype).reshape(value.shape)


def fold(op: str, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any]) -> Sequence[Tensor] | None:
    """Return what the engine computes for constants, or None if it raises: then it will for every row."""
    function: Any = find_step(op)
    given = [None if value is None else to_engine(value) for value in inputs]
    known = {name: to_engine(value) if isinstance(value, np.ndarray) else value for name, value in attributes.items()}
    # A small file must not compute the largest values for every one of its nodes.
    most, arrays.MOST_CELLS = arrays.MOST_CELLS, MOST_FOLDED
    try:
        return [to_numpy(value) for value in function(given, known)]
    except Exception:
        # A graph may be wrong in any way. Its rows show that.
        return None
    finally:
        arrays.MOST_CELLS = most
