"""The layouts of Arrow arrays, with one reader for each. Source: "Arrow columnar format"."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from iris_model.engine.errors import InvalidInput

from .columns import Cells

NUMBER_TYPES = {
    "c": "i1",
    "C": "u1",
    "s": "<i2",
    "S": "<u2",
    "i": "<i4",
    "I": "<u4",
    "l": "<i8",
    "L": "<u8",
    "e": "<f2",
    "f": "<f4",
    "g": "<f8",
}
TIME_UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}


@dataclass(frozen=True)
class Part:
    """`length` cells of one array from `start` on. `present` marks which are not null; None: all."""

    form: str
    buffers: list[int | None]
    start: int
    length: int
    present: np.ndarray[Any, Any] | None


def read_bits(address: int, start: int, length: int) -> np.ndarray[Any, Any]:
    """Return bits as booleans, the lowest bit of each byte first."""
    first, last = start // 8, (start + length + 7) // 8
    packed = _view(address, "u1", first, last - first)
    return np.unpackbits(packed, bitorder="little")[start - 8 * first :][:length].astype(bool)


def _view(address: int | None, dtype: str, start: int, count: int) -> np.ndarray[Any, Any]:
    """Return a view of the numbers."""
    if count == 0 or not address:
        return np.zeros(0, dtype)
    size = np.dtype(dtype).itemsize
    memory: Any = (ctypes.c_char * (count * size)).from_address(address + start * size)
    return np.frombuffer(memory, dtype)


def read_numbers(part: Part) -> Cells:
    """Return a view of the numbers, or float64 with NaN if some are missing."""
    return with_nan(_view(part.buffers[1], NUMBER_TYPES[part.form], part.start, part.length), part.present)


def with_nan(values: np.ndarray[Any, Any], present: np.ndarray[Any, Any] | None) -> np.ndarray[Any, Any]:
    """Return the values unchanged if all are present, else float64 with NaN for missing ones."""
    return values if present is None else np.where(present, values.astype(float), np.nan)


def read_truths(part: Part) -> Cells:
    """Return booleans, or float64 with NaN if some are missing."""
    return with_nan(read_bits(part.buffers[1] or 0, part.start, part.length), part.present)


def read_nulls(part: Part) -> Cells:
    """Read a column of nulls."""
    return [None] * part.length


def read_texts(part: Part) -> Cells:
    """Read strings with offsets of four or eight bytes."""
    ends = _view(part.buffers[1], "<i4" if part.form == "u" else "<i8", part.start, part.length + 1).tolist()
    if not ends:
        return []
    data = _view(part.buffers[2], "u1", ends[0], ends[-1] - ends[0]).tobytes()
    base = ends[0]
    if data.isascii():
        text = data.decode("ascii")
        cells: list[Any] = [text[start - base : stop - base] for start, stop in pairwise(ends)]
    else:
        cells = [data[start - base : stop - base].decode() for start, stop in pairwise(ends)]
    return _with_none(cells, part.present)


def _with_none(cells: list[Any], present: np.ndarray[Any, Any] | None) -> list[Any]:
    return cells if present is None else [cell if there else None for cell, there in zip(cells, present.tolist())]


def read_text_views(part: Part) -> Cells:
    """Read string views: up to 12 bytes in the view itself, longer ones in one of the data buffers."""
    raw = _view(part.buffers[1], "u1", part.start * 16, part.length * 16).tobytes()
    numbers = np.frombuffer(raw, "<i4").reshape(-1, 4)
    cells: list[Any] = []
    present = [True] * part.length if part.present is None else part.present.tolist()
    for place, (there, (size, _, buffer, offset)) in enumerate(zip(present, numbers.tolist())):
        if not there:
            cells.append(None)
        elif size <= 12:
            cells.append(raw[16 * place + 4 : 16 * place + 4 + size].decode())
        else:
            cells.append(ctypes.string_at((part.buffers[2 + buffer] or 0) + offset, size).decode())
    return cells


def read_decimals(part: Part) -> Cells:
    """Return decimals as the nearest float64."""
    numbers = part.form.partition(":")[2].split(",")
    scale, size = int(numbers[1]), int(numbers[2]) // 8 if len(numbers) > 2 else 16
    raw = _view(part.buffers[1], "u1", part.start * size, part.length * size).tobytes()
    unit = 10 ** abs(scale)
    cells = []
    for place in range(part.length):
        whole = int.from_bytes(raw[place * size : (place + 1) * size], "little", signed=True)
        cells.append(whole / unit if scale >= 0 else float(whole * unit))
    return with_nan(np.array(cells, float), part.present)


def read_dates(part: Part) -> Cells:
    """Return dates and times as ISO 8601 strings, as in a request."""
    kind = part.form[:3]
    if kind == "tdD":
        moments = _view(part.buffers[1], "<i4", part.start, part.length).astype("datetime64[D]")
        zone = ""
    elif kind == "tdm":
        moments = _view(part.buffers[1], "<i8", part.start, part.length).astype("datetime64[ms]")
        zone = ""
    elif kind[:2] == "ts":
        unit = TIME_UNITS[kind[2]]
        moments = _view(part.buffers[1], "<i8", part.start, part.length).view(f"<M8[{unit}]")
        zone = "Z" if part.form.partition(":")[2] else ""
    else:
        raise InvalidInput(
            f"the input has a column of the Arrow format {part.form!r}; expected dates, numbers or strings"
        )
    return _with_none([text + zone for text in np.datetime_as_string(moments).tolist()], part.present)


def read_dictionary(part: Part, known: Cells) -> Cells:
    """Read cells that are positions in a list of values."""
    places = _view(part.buffers[1], NUMBER_TYPES[part.form], part.start, part.length)
    if part.present is not None:
        places = np.where(part.present, places, 0)
    if isinstance(known, np.ndarray):
        return with_nan(known[places] if len(known) else np.zeros(part.length), part.present)
    if not known:
        return [None] * part.length
    return _with_none([known[place] for place in places.tolist()], part.present)


LAYOUTS: dict[str, Callable[[Part], Cells]] = {
    **dict.fromkeys(NUMBER_TYPES, read_numbers),
    "b": read_truths,
    "n": read_nulls,
    "u": read_texts,
    "U": read_texts,
    "vu": read_text_views,
    "d": read_decimals,
    "td": read_dates,
    "ts": read_dates,
}
