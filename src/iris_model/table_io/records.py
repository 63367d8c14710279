"""Parse a block of records into columns for the model, and the values of kept columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.contract.cell_words import MISSING, TRUTH
from iris_model.engine.errors import InvalidInput
from iris_model.engine.native import find_kernels
from iris_model.engine.rows import holds_numbers
from iris_model.errors import IrisModelError
from iris_model.runtime.payloads import order_features
from iris_model.scoring.columns import Batch, Columns, Rows
from iris_model.scoring.inputs import Layout

from .blocks import LONGEST_RECORD, Block


@dataclass
class Bad:
    """A record that is refused: its index in the block, its line counted from the start of the block, and the reason."""

    place: int
    line: int
    message: str
    feature: str | None
    record: str = ""


@dataclass
class Records:
    """The records of a block. `batch` has the valid records; `kept` has the kept columns of all records."""

    count: int
    batch: Batch
    kept: list[Any]
    lines: Sequence[int]
    """The line of each record, counted from the start of the block."""

    texts: Sequence[str] = ()
    bad: list[Bad] = field(default_factory=list)
    """Records that cannot be parsed. They are not in `batch`."""

    def places(self) -> list[int] | range:
        """Return the index in the block of each row of `batch`."""
        if not self.bad:
            return range(self.count)
        wrong = {each.place for each in self.bad}
        return [place for place in range(self.count) if place not in wrong]


class RecordReader:
    """Reads blocks for one model. `keep`: names of columns that are copied to the output."""

    def __init__(self, layout: Layout, keep: Sequence[str]) -> None:
        self.layout = layout
        self.keep = tuple(keep)

    def read(self, block: Block) -> Records:
        """Return the records of a block. Raises IrisModelError if its columns do not match the model."""
        if block.format.kind == "parquet":
            return self._read_batch(block)
        data = block.read()
        return self._read_table(block, data) if block.format.is_table else self._read_json(block, data)

    # --- CSV ---

    def _read_table(self, block: Block, data: bytes) -> Records:
        places, kept, width = self._find_places(block, data)
        if self.layout.has_numbers_only and (kernels := find_kernels()) is not None and None not in places:
            limits, missing = self.layout.limits, self.layout.missing
            made = kernels.read_fields(data, width, places, limits, missing, kept, block.format.delimiter)
            if made is not None:
                cells = np.frombuffer(made[0]).reshape(-1, len(places))
                return Records(len(cells), Columns(len(cells), cells), list(made[1]), range(len(cells)))
        return self._read_lines(block, data, places, kept, width)

    def _find_places(self, block: Block, data: bytes) -> tuple[list[Any], list[int], int]:
        """Return the positions of the model's columns and of the kept columns in a line, and the number of cells per line."""
        if block.header is None:
            if self.keep:
                raise IrisModelError(
                    f"{block.name} has no header line, so there is no column {self.keep[0]!r} to keep",
                    remedy="Add a header line, or leave out --keep.",
                )
            return list(range(self.layout.width)), [], self.layout.width
        return self._places_among(block), self._kept_among(block), len(block.header)

    def _places_among(self, block: Block) -> list[int | None]:
        try:
            return self.layout.find_places(block.header or ())
        except InvalidInput as error:
            said = str(error).replace("the input", block.name, 1)
            raise IrisModelError(said, remedy="Pass the columns that the model was trained with.") from None

    def _kept_among(self, block: Block) -> list[int]:
        header = block.header or ()
        if absent := [name for name in self.keep if name not in header]:
            raise IrisModelError(
                f"{block.name} has no column {absent[0]!r} to keep; it has {', '.join(header)}",
                remedy="Correct --keep.",
            )
        return [header.index(name) for name in self.keep]

    def _read_lines(self, block: Block, data: bytes, places: list[Any], kept: list[int], width: int) -> Records:
        """Read with Python's CSV reader, which also handles quotation marks."""
        text = _decode(block, data)
        csv.field_size_limit(LONGEST_RECORD)
        # Not `splitlines`, which divides cells at other characters too, such as U+2028.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=block.format.delimiter, strict=True)
        lines: list[int] = []
        cells: list[list[str]] = []
        start = 0
        try:
            for line in reader:
                if line:
                    lines.append(start)
                    cells.append(line)
                start = reader.line_num
        except csv.Error as error:
            raise IrisModelError(
                f"{block.name}, line {block.place.line + start + 1} is not valid CSV: {error}",
                remedy="Correct the quotation marks of the record: a quotation mark in a quoted cell is written twice.",
            ) from None
        bad = [
            Bad(place, lines[place], f"it has {len(line)} cells; expected {width}", None)
            for place, line in enumerate(cells)
            if len(line) != width
        ]
        wrong = {each.place for each in bad}
        sound = [line for place, line in enumerate(cells) if place not in wrong] if bad else cells
        columns = list(zip(*sound)) if sound else [()] * width
        found = [
            [None] * len(sound) if place is None else _as_cells(columns[place], column)
            for place, column in zip(places, self.layout.columns)
        ]
        batch: Batch = Columns(len(sound), found)
        if self.layout.takes_dictionaries:
            batch = Rows([self._arrange(dict(zip(self.layout.names, row)), 0, True) for row in zip(*found)])
        texts = [block.format.delimiter.join(line) for line in cells]
        return Records(len(cells), batch, [[_at(line, at) for line in cells] for at in kept], lines, texts, bad)

    # --- JSON Lines ---

    def _read_json(self, block: Block, data: bytes) -> Records:
        text = _decode(block, data)
        if not self.keep and self.layout.has_numbers_only and (made := self._read_numbers(text)) is not None:
            return made
        lines = [(number, line) for number, line in enumerate(text.split("\n")) if line.strip()]
        records: list[Any] = []
        bad: list[Bad] = []
        rows: list[list[Any]] = []
        for place, (number, line) in enumerate(lines):
            record: Any = None
            try:
                record = json.loads(line, parse_constant=_refuse_constant, object_pairs_hook=_as_object)
                rows.append(self._as_row(record))
            except (ValueError, RecursionError) as error:
                said = str(error).removeprefix("row 0: ").removeprefix("row 0 ")
                if not isinstance(error, InvalidInput | _DuplicateKey):
                    said = f"it is not JSON: {said}"
                bad.append(Bad(place, number, said, getattr(error, "feature", None)))
            records.append(record)
        kept = [[_get(record, name) for record in records] for name in self.keep]
        if rows and self.keep:
            self._check_kept(block, records)
        return Records(len(lines), Rows(rows), kept, [number for number, _ in lines], [line for _, line in lines], bad)

    def _read_numbers(self, text: str) -> Records | None:
        """Read with the kernel if every line is an array or object of exactly the model's numbers; else return None."""
        kernels = find_kernels()
        if kernels is None:
            return None
        text = text.strip()
        count = text.count("\n") + 1
        whole = f"[{text.replace(chr(10), ',')}]"
        made = kernels.read_json(whole, self.layout.names, self.layout.missing, min(self.layout.limits))
        if made is None or made[0] != "NaN":
            return None
        if text.count(f"\n{text[:1]}") != count - 1:
            return None  # lines that are rows only when they are joined
        ((_, cells, width, _),) = made[1]
        table = np.frombuffer(cells).reshape(-1, width)
        if width != self.layout.width or len(table) != count:
            return None
        return Records(count, Columns(count, table), [], range(count))

    def _as_row(self, record: Any) -> list[Any]:
        if isinstance(record, dict):
            return self._arrange(record, 0, not self.layout.takes_dictionaries)
        if isinstance(record, str) and self.layout.is_one_text:
            return [record]
        if not isinstance(record, list):
            raise InvalidInput(
                f"it is {type(record).__name__}; expected an object with the features by name, or an array"
            )
        if len(record) != self.layout.width:
            raise InvalidInput(f"it has {len(record)} values; expected {self.layout.width}")
        return record

    def _arrange(self, record: dict[str, Any], row: int, takes_more: bool) -> list[Any]:
        return order_features(record, self.layout.columns, row, takes_more)

    def _check_kept(self, block: Block, records: list[Any]) -> None:
        for name in self.keep:
            if not any(isinstance(record, dict) and name in record for record in records):
                raise IrisModelError(
                    f"{block.name} has no {name!r} to keep in lines {block.place.line + 1} to {block.end.line}",
                    remedy="Correct --keep.",
                )

    # --- Parquet ---

    def _read_batch(self, block: Block) -> Records:
        from iris_model.scoring.arrow import read_arrow

        batch = block.data
        self._places_among(block)
        kept = [batch.column(place) for place in self._kept_among(block)]
        names, stream = read_arrow(batch)
        # The cells are views of the batch, which the block keeps alive.
        parts = list(self.layout.arrange(names or [], stream))
        return Records(batch.num_rows, parts[0], kept, range(batch.num_rows))


def _as_cells(texts: Sequence[str], column: Any) -> Any:
    """Return the cells of one column: an array if all are numbers; else a list of numbers, strings, and None if missing."""
    if not holds_numbers(column):
        return [_as_category(text, column) for text in texts] if column["kind"] == "categorical" else list(texts)
    try:
        numbers = np.array(list(map(float, texts)))
        # `float` accepts more than numbers: underscores between digits, and `infinity`.
        if np.isfinite(numbers).all() and not any("_" in text for text in texts):
            return numbers
    except ValueError:
        pass
    return [_as_number(text, column) for text in texts]


def _as_number(text: str, column: Any) -> Any:
    """Return a number, None, or the unchanged string, which the model then refuses with the name of the column."""
    stripped = text.strip()
    if stripped.lower() in MISSING:
        return None
    if column.get("dtype") == "bool" and stripped.lower() in TRUTH:
        return TRUTH[stripped.lower()]
    try:
        number = float(stripped)
    except ValueError:
        return text
    return text if "_" in stripped else number


def _as_category(text: str, column: Any) -> Any:
    """Return the category that is written like this: in CSV, the cell 3 can be a number or a string."""
    known = column.get("categories") or ()
    if text in known:
        return text
    if text.strip().lower() in MISSING:
        return None
    for category in known:
        if isinstance(category, (int, float)) and text.strip() in (str(category), str(int(category))):
            return category
    if column.get("optional") and column.get("dtype") == "object" and not column.get("dropped"):
        try:
            return float(text)
        except ValueError:
            pass
    return text


def _decode(block: Block, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = block.place.line + data.count(b"\n", 0, error.start) + 1
        raise IrisModelError(
            f"{block.name}, line {line} is not UTF-8: byte 0x{data[error.start]:02x}",
            remedy="Convert the file to UTF-8.",
        ) from None


def _at(line: list[str], place: int) -> str | None:
    return line[place] if place < len(line) else None


def _get(record: Any, name: str) -> Any:
    return record.get(name) if isinstance(record, dict) else None


class _DuplicateKey(ValueError):
    """A key occurs twice in one object. The endpoint refuses such a row too."""


def _as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _DuplicateKey(f"the key {twice!r} occurs twice in one object; expected it once")
    return record


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value; for a missing number write null")
