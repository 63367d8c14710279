"""Split an input into blocks of complete records."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from iris_model.errors import IrisModelError

from .formats import Format
from .sources import Input, import_pyarrow, open_bytes

# The approximate size of a block in bytes, or in rows of Parquet.
BLOCK_BYTES = 1 << 20
BLOCK_ROWS = 1 << 16
# A longer record is an error, usually a missing quotation mark.
LONGEST_RECORD = 64 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Place:
    """The start of a block: the index of the input, the offset in it (bytes, or rows of Parquet), and the lines before it."""

    input: int = 0
    offset: int = 0
    line: int = 0


@dataclass(frozen=True)
class Block:
    """Records of one input. `data`: bytes or a record batch. None means: read `size` bytes from the file."""

    name: str
    format: Format
    place: Place
    end: Place
    header: tuple[str, ...] | None
    data: Any
    size: int = 0
    read_bytes: int = field(default=0, compare=False)
    """Bytes of the file that were read up to this block, to show progress."""

    def read(self) -> Any:
        """Return the records: bytes or a record batch."""
        if self.data is not None:
            return self.data
        with Path(self.name).open("rb") as file:
            file.seek(self.place.offset)
            return file.read(self.size)


def read_blocks(
    source: Input, number: int, start: Place, names: tuple[str, ...], columns: list[str] | None
) -> Iterator[Block]:
    """Yield the blocks from `start` on. `names`: the model's columns, to detect a header; `columns`: the Parquet columns
    to read.
    """
    if source.format.kind == "parquet":
        yield from _read_parquet(source, number, start, columns)
        return
    with open_bytes(source) as (stream, file):
        yield from _read_text(source, number, start, names, stream, file)


def _read_text(
    source: Input, number: int, start: Place, names: tuple[str, ...], stream: IO[bytes], file: IO[bytes]
) -> Iterator[Block]:
    offset = line = 0
    header: tuple[str, ...] | None = None
    rest = b""
    is_first = True
    while True:
        piece = stream.read(BLOCK_BYTES)
        data = rest + piece
        end = len(data) if not piece else _end_of_records(data, source.format)
        if end == 0 and piece:
            if len(data) > LONGEST_RECORD:
                raise IrisModelError(
                    f"{source.name}, line {line + 1}: the record has more than {LONGEST_RECORD >> 20} MiB",
                    remedy="Check for a missing quotation mark, and the format of the file.",
                )
            rest = data
            continue
        block, rest = data[:end], data[end:]
        if is_first and block.removeprefix(BYTE_ORDER_MARK).strip():
            is_first = False
            skipped = len(BYTE_ORDER_MARK) if block.startswith(BYTE_ORDER_MARK) else 0
            skipped += len(block[skipped:]) - len(block[skipped:].lstrip(b"\r\n"))
            if source.format.is_table:
                header, length = _find_header(source, block[skipped:], names)
                skipped += length
            offset, line, block = offset + skipped, line + block[:skipped].count(b"\n"), block[skipped:]
        if block.strip() and offset >= start.offset:
            end_place = Place(number, offset + len(block), line + block.count(b"\n"))
            position = file.tell() if not source.is_standard else 0
            yield Block(
                source.name, source.format, Place(number, offset, line), end_place, header,
                None if source.is_seekable else block, len(block), position,
            )  # fmt: skip
        offset += len(block)
        line += block.count(b"\n")
        if not piece:
            return


def _end_of_records(data: bytes, form: Format) -> int:
    """Return the end of the last complete record. A newline inside quotation marks does not end a record."""
    end = data.rfind(b"\n") + 1
    if form.is_table and b'"' in data:
        is_inside = data.count(b'"', 0, end) % 2
        while end and is_inside:
            last, end = end, data.rfind(b"\n", 0, end - 1) + 1
            is_inside ^= data.count(b'"', end, last) % 2
    return end


def _find_header(source: Input, block: bytes, names: tuple[str, ...]) -> tuple[tuple[str, ...] | None, int]:
    """Return the names in the first line and its length. If it has only numbers, and no name of the model, return (None,
    0).
    """
    end = _first_record(block)
    try:
        text = block[:end].decode()
        cells = next(csv.reader([text], delimiter=source.format.delimiter, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise IrisModelError(
            f"{source.name}, line 1 is not a header of {source.format.kind} in UTF-8: {error}",
            remedy="Correct the file, or state the format with --input-format.",
        ) from None
    header = tuple(cell.strip() for cell in cells)
    if not set(header) & set(names) and all(map(_is_number, header)):
        return None, 0
    return header, end


def _first_record(block: bytes) -> int:
    end = block.find(b"\n") + 1
    while end and block.count(b'"', 0, end) % 2:
        end = block.find(b"\n", end) + 1
    return end or len(block)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return not cell
    return True


def _read_parquet(source: Input, number: int, start: Place, columns: list[str] | None) -> Iterator[Block]:
    pyarrow = import_pyarrow()
    if source.is_standard:
        raise IrisModelError("Parquet cannot be read from standard input", remedy="Pass the path of the file.")
    try:
        with pyarrow.parquet.ParquetFile(source.name) as file:
            there = set(file.schema_arrow.names)
            chosen = None if columns is None else [name for name in dict.fromkeys(columns) if name in there]
            total = file.metadata.num_rows or 1
            offset = 0
            for batch in file.iter_batches(BLOCK_ROWS, columns=chosen):
                count = batch.num_rows
                if offset >= start.offset and count:
                    end = Place(number, offset + count, offset + count)
                    read = source.size * (offset + count) // total
                    names = tuple(batch.schema.names)
                    yield Block(source.name, source.format, Place(number, offset, offset), end, names, batch, 0, read)
                offset += count
    except (pyarrow.ArrowException, OSError) as error:
        said = str(error).partition("\n")[0]
        raise IrisModelError(
            f"{source.name} cannot be read as Parquet: {said}", remedy="Write the file again."
        ) from None
