"""Encode answers as a block of the output: lines of CSV or JSON, or a record batch."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from iris_model.engine.native import find_kernels
from iris_model.engine.packed import Table
from iris_model.errors import IrisModelError

from .formats import Format
from .scoring import Scored
from .sinks import MIXED
from .sources import import_pyarrow, import_zstandard

GZIP_LEVEL = 6


class Encoder:
    """Encodes blocks in one format. `keep`: names of the kept columns, which come first."""

    def __init__(self, form: Format, keep: Sequence[str], *, fill: bool) -> None:
        self.format = form
        self.keep = list(keep)
        self._fill = fill  # True: a refused record gets empty answers; False: it is omitted

    def header(self, names: Sequence[str], columns: Sequence[Any]) -> Any:
        """Return the first line of the output; a batch without rows for Parquet; empty for JSON Lines.

        `columns`: answers to no rows, for their types.
        """
        if self.format.kind == "parquet":
            return self._as_batch(list(names), [[] for _ in self.keep], list(columns))
        if not self.format.is_table:
            return b""
        return compress(self._write_lines([[*self.keep, *names]]).encode(), self.format.compression)

    def encode(self, scored: Scored) -> Any:
        """Return bytes that can be appended to earlier blocks, or a record batch."""
        kept, columns = self._rows_of(scored)
        if self.format.kind == "parquet":
            return self._as_batch(scored.names, kept, columns)
        text = self._as_table(kept, columns) if self.format.is_table else self._as_json(scored.names, kept, columns)
        return compress(text.encode("utf-8", "surrogatepass"), self.format.compression)

    def _rows_of(self, scored: Scored) -> tuple[list[Any], list[Any]]:
        """Return the kept values and the answers as columns of equal length."""
        if not scored.bad:
            return scored.kept, list(scored.columns)
        if not self._fill:
            return [_pick(values, scored.places) for values in scored.kept], list(scored.columns)
        filled = []
        for column in scored.columns:
            whole: list[Any] = [None] * scored.count
            for place, value in zip(scored.places, column.tolist()):
                whole[place] = value
            filled.append(whole)
        return scored.kept, filled

    def _as_table(self, kept: list[Any], columns: list[Any]) -> str:
        if not kept:
            pieces = ["", *[self.format.delimiter] * (len(columns) - 1), "\n"]
            # CSV readers skip an empty line, so an empty cell is written in quotation marks.
            absent = '""' if len(columns) == 1 else ""
            if (text := write_quickly(columns, pieces, absent, self._cell)) is not None:
                return text
        return self._write_lines(zip(*kept, *map(_as_listed, columns)))

    def _write_lines(self, rows: Any) -> str:
        buffer = io.StringIO(newline="")
        csv.writer(buffer, delimiter=self.format.delimiter, lineterminator="\n").writerows(rows)
        return buffer.getvalue()

    def _cell(self, value: Any) -> str:
        return self._write_lines([[value]])[:-1]

    def _as_json(self, names: list[str], kept: list[Any], columns: list[Any]) -> str:
        keys = [json.dumps(name, ensure_ascii=False) for name in [*self.keep, *names]]
        if not kept:
            pieces = ["{" + keys[0] + ": ", *[f", {key}: " for key in keys[1:]], "}\n"] if keys else ["{}\n"]
            if (text := write_quickly(columns, pieces, "null", _dump)) is not None:
                return text
        values = [list(map(_dump, _as_listed(column))) for column in [*kept, *columns]]
        rows = zip(*values)
        return "".join("{" + ", ".join(map(": ".join, zip(keys, row))) + "}\n" for row in rows)

    def _as_batch(self, names: list[str], kept: list[Any], columns: list[Any]) -> Any:
        pyarrow = import_pyarrow()
        arrays = [_as_arrow(pyarrow, name, values) for name, values in zip(self.keep, kept)]
        for column in columns:
            kind = pyarrow.string() if isinstance(column, np.ndarray) and column.dtype.kind == "U" else None
            arrays.append(
                pyarrow.array(_as_listed(column) if _is_text(column) else column, type=kind, from_pandas=True)
            )
        return pyarrow.RecordBatch.from_arrays(arrays, names=[*self.keep, *names])


def write_quickly(columns: list[Any], pieces: list[str], absent: str, encode: Any) -> str | None:
    """Return the lines of an optional label and numbers, written by the kernel for JSON answers; None for other columns.

    `pieces`: the text before each column, and at the end of a line.
    """
    kernels = find_kernels()
    if kernels is None or not columns or any(isinstance(column, list) for column in columns) or not len(columns[0]):
        return None
    numbers = [column for column in columns if column.dtype == np.float64]
    labels = None
    if columns[0].dtype != np.float64:
        known: dict[Any, Any] = {}
        # One object per label: the kernel encodes each object only once.
        labels = [known.setdefault((type(label), label), label) for label in columns[0].tolist()]
    if len(numbers) + (labels is not None) != len(columns):
        return None
    table = None
    if numbers:
        table = Table(np.ascontiguousarray(np.column_stack(numbers)).tobytes(), len(numbers))
    text: str | None = kernels.write_rows(labels, table, pieces, "", absent, encode)
    return text


def compress(data: bytes, compression: str) -> bytes:
    """Return a gzip member or a zstd frame. A compressed file can contain several of them."""
    if not data or not compression:
        return data
    if compression == "gzip":
        packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
        return packer.compress(data) + packer.flush()
    packed: bytes = import_zstandard().ZstdCompressor().compress(data)
    return packed


def _pick(values: Any, places: Sequence[int]) -> Any:
    return values.take(list(places)) if hasattr(values, "take") else [values[place] for place in places]


def _as_listed(column: Any) -> list[Any]:
    """Return Python objects; NaN and infinity become None."""
    if hasattr(column, "to_pylist"):
        listed: list[Any] = column.to_pylist()
        return listed
    listed = column if isinstance(column, list) else column.tolist()
    if isinstance(column, np.ndarray) and column.dtype.kind == "f" and np.isfinite(column).all():
        return listed
    return [None if isinstance(value, float) and value - value != 0 else value for value in listed]


def _as_arrow(pyarrow: Any, name: str, values: Any) -> Any:
    if hasattr(values, "type"):
        return values
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowException, TypeError, OverflowError) as error:
        said = str(error).partition("\n")[0]
        raise IrisModelError(f"the column {name!r} has values of different types: {said}", remedy=MIXED) from None


def _is_text(column: Any) -> bool:
    return isinstance(column, list) or column.dtype.kind in "UO"


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
