"""Tables of the Python API to the C kernels that read fields, pack columns and number labels: never a byte outside a buffer.

    python -S -m tests.fuzz.tables SEED START COUNT

Needs the standard library and the engine. Buffers are exactly as long as what they hold, without the zero that follows a `bytes`.
What a kernel makes is compared with Python's. Prints the outcomes as one line of JSON.
"""

from __future__ import annotations

import csv
import ctypes
import io
import json
import math
import random
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

from iris_model.engine import native
from iris_model.engine.packed import Table
from tests.support.odd_documents import CUTS, ODD_NUMBERS

LIMITS = (1.7976931348623157e308, 3.4028235677973366e38, 10.0, math.inf, math.nan, -1.0)
ENDS = ("\n", "\r\n", "\r", "\n\n")
FORMATS = "bBhHiIlLqQfd?"


def main() -> None:
    """Run one share of the tables."""
    seed, start, count = map(int, sys.argv[1:])
    kernels = native.find_kernels()
    assert kernels is not None, "there are no kernels: nothing would be tested"
    outcomes: Counter[str] = Counter(sanitized=int(hasattr(ctypes.CDLL(None), "__asan_init")))
    for number in range(start, start + count):
        choose = random.Random(f"{seed} {number}")
        act = choose.choice((read_fields, pack_columns, label_places))
        try:
            outcomes["answered" if act(kernels, choose) else "refused"] += 1
        except Exception as error:
            error.add_note(f"table {number} of seed {seed}")
            raise
    print(json.dumps(outcomes))


def exactly(data: bytes) -> memoryview:
    """A buffer that ends where its memory does."""
    return memoryview(array("B", data)).toreadonly()


def as_bits(values: Sequence[float]) -> list[bytes]:
    """Equal where the numbers are the same bit for bit; all NaN are one."""
    return [b"nan" if value != value else struct.pack("d", value) for value in values]


def read_fields(kernels: Any, choose: random.Random) -> bool:
    """Lines of cells, most of them numbers."""
    fields, delimiter = choose.randint(1, 6), choose.choice(",,,;\t|")
    places = choose.sample(range(fields), choose.randint(1, fields))
    kept = choose.sample(range(fields), choose.randint(0, fields))
    odd = choose.choice((0.0, 0.0, 0.02))
    lines = []
    for _ in range(choose.choice((0, 1, 1, 2, 3, 7, 60))):
        width = fields + (choose.choice((-1, 1)) if choose.random() < odd else 0)
        lines.append(delimiter.join(write_cell(choose, odd) for _ in range(width)))
    text = choose.choice(ENDS).join(lines) + choose.choice(("", "\n"))
    if choose.random() < 0.15 and text:
        at = choose.randrange(len(text))
        text = choose.choice((text[:at], text[:at] + choose.choice(CUTS) + text[at:], text[:at] + text[at + 3 :]))
    data = text.encode("utf-8", "surrogatepass")
    limits = [choose.choice(LIMITS if choose.random() < 0.1 else LIMITS[:2]) for _ in places]
    missing = bytes(choose.randrange(2) for _ in places)
    arguments = [data, fields, places, limits, missing, kept, delimiter]
    if choose.random() < 0.1:
        spoilt = [
            b"",
            -1,
            0,
            2**62,
            [],
            [2**70],
            [None],
            [-1],
            [fields],
            None,
            (),
            "",
            "é",
            "\n",
            "1",
            [0, 0],
            exactly(b"1,2"),
        ]
        arguments[choose.randrange(7)] = choose.choice(spoilt)
        return kernels.read_fields(*arguments) is not None
    made = kernels.read_fields(*arguments)
    if made is None:
        return False
    rows = [line for line in csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter) if line]
    cells = [math.nan if not row[place].strip(" ") else float(row[place]) for row in rows for place in places]
    assert as_bits(array("d", made[0])) == as_bits(cells), text
    assert list(map(list, made[1])) == [[row[place] for row in rows] for place in kept], text
    return True


def write_cell(choose: random.Random, odd: float) -> str:
    if choose.random() < odd:
        return choose.choice(("", " ", "x", "nan", "é", "1_0", *ODD_NUMBERS))
    text = choose.choice((repr(choose.uniform(-9, 9)), str(choose.randrange(-99, 99)), repr(choose.gauss(0, 1e-9))))
    return choose.choice(("", "", "", " ")) + text


def draw_column(choose: random.Random, rows: int) -> memoryview:
    """A vector of any number type, also with a negative stride or one that skips cells."""
    code = choose.choice(FORMATS if choose.random() < 0.95 else "cn")
    size, step = struct.calcsize(code), choose.choice((1, 1, 1, 2, 3, -1, -2))
    length = max(0, (rows - 1) * abs(step) + 1) if rows else 0
    data = choose.randbytes(size * length)
    if code in "fd":
        data = array(code, [choose.gauss(0, 5) for _ in range(length)]).tobytes()
    return exactly(data).cast(code)[::step] if data else exactly(b"").cast(code)


def pack_columns(kernels: Any, choose: random.Random) -> bool:
    """Vectors of one length (most of the time), or a matrix."""
    rows, width = choose.choice((0, 1, 2, 7, 511, 512, 513, 600)), choose.randint(1, 4)
    cells: Any
    if choose.random() < 0.3 and rows:
        code = choose.choice("bBhHiIlLqQfd")
        data = array("d", [choose.gauss(0, 5) for _ in range(rows * width)]).tobytes()
        size = struct.calcsize(code)
        cells = exactly(data[: rows * width * size]).cast(code, [rows, width])
        lines = cells.tolist()
        columns = [[line[place] for line in lines] for place in range(width)]
        if choose.random() < 0.2:
            cells = cells.cast("B")
    else:
        vectors = [draw_column(choose, rows + (choose.random() < 0.02)) for _ in range(width)]
        columns, cells = [vector.tolist() for vector in vectors], tuple(vectors)
        if choose.random() < 0.03:
            cells = choose.choice(([*vectors], (*vectors, None), vectors[0], b"", None, (1,) * width))
    limits: Any = [choose.choice(LIMITS if choose.random() < 0.05 else LIMITS[:1]) for _ in range(width)]
    missing = bytes(choose.randrange(2) for _ in range(width + (choose.random() < 0.02)))
    if choose.random() < 0.02:
        limits = choose.choice((limits[1:], (), None, [None] * width, ["1"] * width))
    made = kernels.pack_columns(cells, limits, missing)
    if made is None:
        return False
    assert as_bits(array("d", made)) == as_bits([float(cell) for row in zip(*columns) for cell in row])
    return True


def label_places(kernels: Any, choose: random.Random) -> bool:
    """Scores of classes, or one of each row against a threshold."""
    width, rows = choose.randint(1, 5), choose.choice((0, 1, 2, 9, 70))
    values = [choose.choice((0.5, -0.0, 0.0, 1.0, choose.gauss(0, 1))) for _ in range(rows * width)]
    if values and choose.random() < 0.1:
        values[choose.randrange(len(values))] = choose.choice((math.nan, math.inf, -math.inf))
    threshold = choose.choice((math.nan, math.nan, 0.5, 0.0, math.inf))
    classes, inclusive = choose.choice((width, 2, 2, 0, -1, 2**62)), bool(choose.randrange(2))
    table: Any = Table(array("d", values).tobytes(), width)
    if choose.random() < 0.05:
        table = choose.choice(
            (None, [values], Table(b"1234567", 1), Table(b"12345678", 0), Table(b"12345678", -1), values)
        )
        return kernels.label_places(table, classes, threshold, inclusive) is not None
    made = kernels.label_places(table, classes, threshold, inclusive)
    if made is None:
        return False
    lines = [values[start : start + width] for start in range(0, len(values), width)]
    if threshold != threshold:
        expected = [line.index(max(line)) for line in lines]
    else:
        expected = [int(line[0] >= threshold if inclusive else line[0] > threshold) for line in lines]
    assert array("q", made).tolist() == expected
    return True


if __name__ == "__main__":
    main()
