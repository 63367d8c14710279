"""Read a DataFrame that has only the interchange protocol (`__dataframe__`), without importing a library.

Source: the Python data APIs' specification "DataFrame interchange protocol".
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from iris_model.engine.errors import InvalidInput

from .arrow_layouts import read_bits, with_nan
from .columns import Cells

INT, UINT, FLOAT, BOOL, STRING, CATEGORICAL = 0, 1, 2, 20, 21, 23
LETTERS = {INT: "i", UINT: "u", FLOAT: "f"}
# How missing cells are marked.
NOT_NULLABLE, IS_NAN, SENTINEL, BIT_MASK, BYTE_MASK = range(5)


def read_interchange(data: Any) -> tuple[list[str], Iterator[tuple[int, Callable[[int], Cells]]]]:
    """Return (names, batches of (number of rows, function from a column's position to its cells))."""
    frame = data.__dataframe__()
    return list(frame.column_names()), _read_chunks(frame)


def _read_chunks(frame: Any) -> Iterator[tuple[int, Callable[[int], Cells]]]:
    names = list(frame.column_names())
    for chunk in frame.get_chunks():
        yield chunk.num_rows(), partial(_read_place, chunk, names)


def _read_place(chunk: Any, names: list[str], place: int) -> Cells:
    return _read_column(chunk.get_column(place), names[place])


def _read_column(column: Any, name: str) -> Cells:
    kind, bits, _, _ = column.dtype
    kind = int(kind)
    size, offset = column.size(), column.offset
    buffers = column.get_buffers()
    data, (_, data_bits, _, _) = buffers["data"]
    present = _present(column, buffers, size, offset)
    if present is not None and present.all():
        present = None
    if kind in LETTERS:
        return with_nan(_numbers(data, f"{LETTERS[kind]}{bits // 8}", offset, size), present)
    if kind == BOOL:
        packed = data_bits == 1
        truths = read_bits(data.ptr, offset, size) if packed else _numbers(data, "u1", offset, size).astype(bool)
        return with_nan(truths, present)
    if kind == STRING:
        ends, (_, end_bits, _, _) = buffers["offsets"]
        places = _numbers(ends, f"i{end_bits // 8}", offset, size + 1).tolist()
        texts = [ctypes.string_at(data.ptr + start, stop - start).decode() for start, stop in pairwise(places)]
        return [text if there else None for text, there in zip(texts, _listed(present, size))]
    if kind == CATEGORICAL:
        known = _read_column(column.describe_categorical["categories"], name)
        codes = _numbers(data, f"i{data_bits // 8}", offset, size)
        there = [ok and code >= 0 for ok, code in zip(_listed(present, size), codes.tolist())]
        return [known[code] if ok else None for ok, code in zip(there, codes.tolist())]
    raise InvalidInput(
        f"the column {name!r} has a type of kind {kind}; expected numbers, booleans, strings or categories",
        feature=name,
        expected="numbers or strings",
    )


def _numbers(buffer: Any, dtype: str, offset: int, count: int) -> np.ndarray[Any, Any]:
    size = np.dtype(dtype).itemsize
    if not count:
        return np.zeros(0, dtype)
    memory: Any = (ctypes.c_char * (count * size)).from_address(buffer.ptr + offset * size)
    # A copy, because nothing else would keep the buffer alive.
    return np.frombuffer(memory, dtype).copy()


def _present(column: Any, buffers: Any, size: int, offset: int) -> np.ndarray[Any, Any] | None:
    how, value = column.describe_null
    if how == SENTINEL:
        data, (kind, bits, _, _) = buffers["data"]
        letter = LETTERS.get(int(kind), "i")
        return np.asarray(_numbers(data, f"{letter}{bits // 8}", offset, size) != value)
    if how not in (BIT_MASK, BYTE_MASK) or buffers["validity"] is None:
        return None
    mask, (_, bits, _, _) = buffers["validity"]
    marks = read_bits(mask.ptr, offset, size) if bits == 1 else _numbers(mask, "u1", offset, size)
    return np.asarray(marks != value)


def _listed(present: np.ndarray[Any, Any] | None, size: int) -> list[bool]:
    return [True] * size if present is None else present.tolist()
