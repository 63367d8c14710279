"""Read CSV files as spreadsheets and other programs write them.

Handles semicolons and decimal commas, Windows encodings, and thousands separators. Returns lines of cells, with numbers
in Python's notation.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence

Line = tuple[str, ...]

# In order of preference. A file with one cell in each line has no delimiter.
DELIMITERS = (",", ";", "\t", "|")
LOOKED_AT = 50

_PLAIN = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+([eE][+-]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d+)?\s*")


def decode(data: bytes) -> str:
    """Return the text of a file: UTF-8 or UTF-16 with a byte order mark, UTF-8 without, or else Windows-1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            return data.decode("latin-1")


def split(text: str) -> list[Line]:
    """Return the cells of the lines that are not empty."""
    delimiter = find_delimiter(text)
    lines = [tuple(line) for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    return _respell(lines, prefers_decimals=delimiter != ",")


def find_delimiter(text: str) -> str:
    """Return the first delimiter that splits all examined lines into the same number of cells, or the comma."""
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = {len(line) for _, line in zip(range(LOOKED_AT), filter(None, reader), strict=False)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths != {1}:
            return delimiter
    return ","


def _respell(lines: list[Line], *, prefers_decimals: bool) -> list[Line]:
    """Convert numbers with a decimal comma or thousands separators, where a whole column has them."""
    if len({len(line) for line in lines}) != 1 or not any("," in cell for line in lines for cell in line):
        return lines
    columns = []
    for column in zip(*lines, strict=True):
        # The first line is a header, or has the same form as the others.
        whole, below = _spell(column, prefers_decimals), _spell(column[1:], prefers_decimals)
        columns.append(whole or ([column[0], *below] if below else column))
    return [tuple(line) for line in zip(*columns, strict=True)]


def _spell(cells: Sequence[str], prefers_decimals: bool) -> list[str] | None:
    """Return the cells as plain numbers; None if they already are, are not numbers, or are ambiguous."""
    there = [cell for cell in cells if cell.strip()]
    with_comma = [cell for cell in there if "," in cell]
    if not with_comma or not all(_PLAIN.fullmatch(cell) for cell in there if "," not in cell):
        return None
    are_thousands = all(map(_THOUSANDS.fullmatch, with_comma))
    are_decimals = all(map(_DECIMAL_COMMA.fullmatch, with_comma))
    if are_decimals and (prefers_decimals or not are_thousands):
        return [cell.replace(".", "").replace(",", ".") if "," in cell else cell for cell in cells]
    # 1,234 alone is ambiguous.
    return [cell.replace(",", "") for cell in cells] if are_thousands and not are_decimals else None
