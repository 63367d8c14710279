"""The kernel that reads CSV: the result of Python's `csv` and `float`, or none."""

from __future__ import annotations

import csv
import io
import math
import random
from array import array
from typing import Any

import pytest

kernels = pytest.importorskip("iris_model.engine._kernels", reason="the kernels were not built (no C compiler)")

LIMITS = [1e300, 1e300]
CELLS = ["1", "-2.5", "1e3", " 7 ", "+3", ".5", "5.", "0.1", "1e-320", "123456789012345678901234567890", "", " ", "x", "nan",
         "inf", "1_000", "1e999", "0x10", "--1", "1.2.3", '"4"', "é", "1\0", "-0.0", "1e300",
         "1.0000000000000001e300"]  # fmt: skip


def by_python(text: str, fields: int, places: list[int], kept: list[int], missing: bytes) -> Any:
    rows, texts = [], []
    for line in csv.reader(io.StringIO(text, newline="")):
        if not line:
            continue
        if len(line) != fields:
            return None
        row = []
        for place, limit, absent in zip(places, LIMITS, missing):
            cell = line[place].strip(" ")
            if not cell and absent:
                row.append(math.nan)
                continue
            try:
                value = float(cell)
            except ValueError:
                return None
            if not abs(value) <= limit or "_" in cell:
                return None
            row.append(value)
        rows.append(row)
        texts.append([line[place] for place in kept])
    return [list(map(repr, row)) for row in rows], texts


def by_kernel(text: str, fields: int, places: list[int], kept: list[int], missing: bytes) -> Any:
    made = kernels.read_fields(text.encode(), fields, places, LIMITS, missing, kept, ",")
    if made is None:
        return None
    cells = array("d", made[0]).tolist()
    rows = [list(map(repr, cells[start : start + 2])) for start in range(0, len(cells), 2)]
    return rows, [list(row) for row in zip(*made[1])] if kept else [[] for _ in rows]


@pytest.mark.parametrize("seed", range(300))
def test_as_python_reads_it(seed: int) -> None:
    choose = random.Random(seed)
    fields = choose.randint(2, 4)
    places = choose.sample(range(fields), 2)
    kept = choose.sample(range(fields), choose.randint(0, 2))
    sound = CELLS[:10] if seed % 3 else CELLS
    lines = [
        ",".join(choose.choice(sound) for _ in range(fields if choose.random() < 0.98 else fields + 1))
        for _ in range(choose.randint(1, 6))
    ]
    text = choose.choice(["\n", "\r\n", "\n\n"]).join(lines) + choose.choice(["", "\n"])
    missing = bytes([choose.randint(0, 1), choose.randint(0, 1)])
    found = by_kernel(text, fields, places, kept, missing)
    if found is None:
        # Whatever is not ordinary is Python's; ordinary cells are not.
        assert not seed % 3 or "" in text or len({line.count(",") for line in lines}) > 1
    else:
        assert found == by_python(text, fields, places, kept, missing)


@pytest.mark.parametrize(
    "arguments",
    [
        (b"", 2, [0, 1], LIMITS, b"\0\0", [], ","),
        (b"\n\n", 2, [0, 1], LIMITS, b"\0\0", [], ","),
        (b"1,2", 2, [0, 0], LIMITS, b"\0\0", [], ","),
        (b"1,2", 2, [0, 2], LIMITS, b"\0\0", [], ","),
        (b"1,2", 2, [0, -1], LIMITS, b"\0\0", [], ","),
        (b"1,2", 2, [0, None], LIMITS, b"\0\0", [], ","),
        (b"1,2", 2, [0, 1], [1.0], b"\0\0", [], ","),
        (b"1,2", 2, [0, 1], LIMITS, b"\0", [], ","),
        (b"1,2", 0, [0, 1], LIMITS, b"\0\0", [], ","),
        (b"1,2", 2, [0, 1], LIMITS, b"\0\0", [5], ","),
        (b"1,2", 2, [0, 1], LIMITS, b"\0\0", [0, 0], ","),
        (b"1,2", 2, [0, 1], LIMITS, b"\0\0", (0,), ","),
        (b"1,\xff", 2, [0], [1e300], b"\0", [1], ","),
        (b"1,\xff", 2, [0], [1e300], b"\0", [], ","),
        (b"1,2", 2, [0, 1], LIMITS, b"\0\0", [], "é"),
        (b"1,2", 2, [0, 1], LIMITS, b"\0\0", [], ",,"),
        ("1,2", 2, [0, 1], LIMITS, b"\0\0", [], None),
    ],
)
def test_anything_else_is_declined(arguments: Any) -> None:
    assert kernels.read_fields(*arguments) is None


def test_another_delimiter() -> None:
    made = kernels.read_fields(b"1\tx,y\t2\n", 3, [2, 0], LIMITS, b"\0\0", [1], "\t")
    assert array("d", made[0]).tolist() == [2.0, 1.0]
    assert made[1] == (["x,y"],)
