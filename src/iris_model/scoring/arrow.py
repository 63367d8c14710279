"""Read columns of any object with the Arrow C data interface: pyarrow, Polars, DuckDB and others.

No library is imported, and numbers without nulls are not copied. Source: the specifications "The Arrow C data
interface", its stream and PyCapsule interfaces, and "Arrow columnar format" for the layouts.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from iris_model.engine.errors import InvalidInput

from .arrow_layouts import LAYOUTS, Part, read_bits, read_dictionary
from .columns import Cells


class Schema(ctypes.Structure):
    """`struct ArrowSchema`."""


Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))),
    ("private_data", ctypes.c_void_p),
]


class Array(ctypes.Structure):
    """`struct ArrowArray`."""


Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.POINTER(Array)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))),
    ("private_data", ctypes.c_void_p),
]


class Stream(ctypes.Structure):
    """`struct ArrowArrayStream`."""


Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(Stream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Stream))),
    ("private_data", ctypes.c_void_p),
]

Batches = Iterator[tuple[int, Callable[[int], Cells]]]


def read_arrow(data: Any) -> tuple[list[str] | None, Batches]:
    """Return (names, batches of (number of rows, function from a column's position to its cells)).

    Names are None if the data is one column. The cells of a batch may point into it, and are valid until the next batch
    is read.
    """
    if not hasattr(data, "__arrow_c_stream__"):
        schema_capsule, array_capsule = data.__arrow_c_array__()
        schema = _pointer(schema_capsule, b"arrow_schema", Schema)
        array = _pointer(array_capsule, b"arrow_array", Array)
        capsules = (schema_capsule, array_capsule)
        return _names(schema), _one_batch(schema, array, capsules)
    capsule = data.__arrow_c_stream__()
    stream = _pointer(capsule, b"arrow_array_stream", Stream)
    schema = Schema()
    _check(stream, stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)))
    return _names(schema), _read_stream(stream, schema, capsule)


def _pointer(capsule: Any, name: bytes, kind: type[Any]) -> Any:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return kind.from_address(get(capsule, name))


def _check(stream: Any, status: int) -> None:
    if status:
        said = stream.get_last_error(ctypes.byref(stream)) or b"no reason was given"
        raise InvalidInput(f"the input cannot be read as an Arrow stream: {said.decode(errors='replace')}")


def _names(schema: Any) -> list[str] | None:
    if schema.format != b"+s":
        return None
    return [schema.children[place].contents.name.decode() for place in range(schema.n_children)]


def _one_batch(schema: Any, array: Any, capsules: Any) -> Batches:
    # The capsules own the structures, and release them at the end.
    yield array.length, _reader(schema, array)
    del capsules


def _read_stream(stream: Any, schema: Any, capsule: Any) -> Batches:
    try:
        while True:
            array = Array()
            _check(stream, stream.get_next(ctypes.byref(stream), ctypes.byref(array)))
            if not array.release:
                return
            try:
                yield array.length, _reader(schema, array)
            finally:
                array.release(ctypes.byref(array))
    finally:
        schema.release(ctypes.byref(schema))
        del capsule


def _reader(schema: Any, array: Any) -> Callable[[int], Cells]:
    if schema.format != b"+s":
        return lambda place: read_column(schema, array, 0, array.length)

    def cells_at(place: int) -> Cells:
        child, its_schema = array.children[place].contents, schema.children[place].contents
        return read_column(its_schema, child, array.offset, array.length)

    return cells_at


def read_column(schema: Any, array: Any, offset: int, length: int) -> Cells:
    """Return the cells of one array from `offset` on: an array of numbers, or a list with None for missing cells."""
    start = array.offset + offset
    present = None
    buffers = [array.buffers[place] for place in range(array.n_buffers)]
    if array.null_count and buffers and buffers[0]:
        present = read_bits(buffers[0], start, length)
        present = None if present.all() else present
    form = schema.format.decode()
    if schema.dictionary:
        words = array.dictionary.contents
        known = read_column(schema.dictionary.contents, words, 0, words.length)
        return read_dictionary(Part(form, buffers, start, length, present), known)
    kind, _, _ = form.partition(":")
    read = LAYOUTS.get(kind[:2]) if kind[:1] in ("t", "v") else LAYOUTS.get(kind)
    if read is None:
        name = (schema.name or b"").decode()
        raise InvalidInput(
            f"the column {name!r} has the Arrow format {form!r}; expected numbers, booleans, strings, dates or a dictionary",
            feature=name,
            expected="numbers or strings",
        )
    return read(Part(form, buffers, start, length, present))
