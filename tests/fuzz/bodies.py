"""Bodies of requests, most of them odd, to the C reader, and what it read to the C writer: never a byte outside the text.

    python -S -m tests.fuzz.bodies SEED START COUNT

Needs the standard library and the engine. Every number that is read is compared with Python's. Prints the outcomes as one line
of JSON.
"""

from __future__ import annotations

import ctypes
import json
import struct
import sys
from collections import Counter

from iris_model.engine import native
from iris_model.engine.packed import Table
from tests.support.odd_documents import Documents

NAMES = (["a", "b", "c", "d"], ["only"], ["größe", 'a "quoted" name', "back\\slash"], ["name", "shape"], ["x"] * 3)
LARGEST = 1.7976931348623157e308


def main() -> None:
    """Run one share of the bodies."""
    seed, start, count = map(int, sys.argv[1:])
    kernels = native.find_kernels()
    assert kernels is not None, "there are no kernels: nothing would be tested"
    outcomes: Counter[str] = Counter(sanitized=int(hasattr(ctypes.CDLL(None), "__asan_init")))
    for number in range(start, start + count):
        names = NAMES[number % len(NAMES)]
        content_type, body = Documents(names, hash((seed, number))).body()
        missing = bytes([number // len(NAMES) % 2]) * len(names)
        if content_type == "text/csv":
            made = kernels.read_csv(body, 0, missing, LARGEST)
            tables = [made] if made else []
        else:
            made = kernels.read_json(body, names, missing, LARGEST)
            tables = made[1] if made else []
        for _, data, width, _ in tables:
            check(kernels, data, width)
        outcomes["answered" if tables else "refused"] += 1
    print(json.dumps(outcomes))


def check(kernels: object, data: bytes, width: int) -> None:
    """What is written of a table reads back as the same doubles."""
    pieces = ["", *[","] * (width - 1), ""]
    text = kernels.write_rows(None, Table(data, width), pieces, ",", "nan", repr)  # type: ignore[attr-defined]
    cells = memoryview(data).cast("d").tolist()
    assert text == ",".join(map(repr, cells)), text
    assert struct.pack(f"{len(cells)}d", *map(float, text.split(","))) == data or "nan" in text


if __name__ == "__main__":
    main()
