"""Tensors of ONNX files as numpy arrays, inside the file or in a file next to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .messages import BadMessage, TensorMessage

Tensor = np.ndarray[Any, Any]

# ONNX's number of a data type -> numpy's.
DTYPES: dict[int, Any] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_,
    11: np.float64, 12: np.uint32, 13: np.uint64,
}  # fmt: skip
STRING, FLOAT16 = 8, 10


def to_array(tensor: TensorMessage, directory: Path | None) -> Tensor:
    """Return the tensor. `directory`: where its external data is. Raises BadMessage."""
    shape = tuple(tensor.dims)
    if any(length < 0 for length in shape):
        raise BadMessage(f"the tensor {tensor.name!r} has the shape {shape}")
    if tensor.data_type == STRING:
        texts = np.array([text.decode("utf-8", "surrogateescape") for text in tensor.strings], dtype=object)
        return _shaped(tensor, texts, shape)
    if tensor.data_type not in DTYPES:
        raise BadMessage(f"the tensor {tensor.name!r} has cells of ONNX's type {tensor.data_type}")
    dtype = np.dtype(DTYPES[tensor.data_type])
    raw = _external(tensor, directory) if tensor.is_external else tensor.raw
    if raw is not None:
        if len(raw) % dtype.itemsize:
            raise BadMessage(f"the tensor {tensor.name!r} has {len(raw)} bytes")
        return _shaped(tensor, np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype), shape)
    try:
        numbers = np.array(tensor.numbers, dtype)
    except (OverflowError, TypeError, ValueError):
        raise BadMessage(f"the tensor {tensor.name!r} has numbers that are not {dtype.name}") from None
    return _shaped(tensor, numbers, shape)


def _shaped(tensor: TensorMessage, cells: Tensor, shape: tuple[int, ...]) -> Tensor:
    count = 1
    for length in shape:
        count *= length
    if cells.size != count:
        raise BadMessage(f"the tensor {tensor.name!r} has {cells.size} cells and the shape {shape}")
    return cells.reshape(shape)


def _external(tensor: TensorMessage, directory: Path | None) -> bytes:
    """Return the bytes in another file. `find_external_files` has checked that its name stays in the directory."""
    if directory is None:
        raise BadMessage(f"the tensor {tensor.name!r} is in another file")
    try:
        start = int(tensor.external.get("offset", "0"))
        length = int(tensor.external.get("length", "-1"))
        with (directory / tensor.external["location"]).open("rb") as file:
            file.seek(start)
            return file.read(length if length >= 0 else -1)
    except (OSError, ValueError, KeyError) as error:
        raise BadMessage(f"the tensor {tensor.name!r} cannot be read: {error}") from None
