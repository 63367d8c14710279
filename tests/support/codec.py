"""Requests and answers through the kernels and through the modules of the protocols, which are the reference.

Only where the kernels are built.
"""

from __future__ import annotations

import math
import random
import struct
from typing import Any

from iris_model.engine.errors import InvalidInput
from iris_model.engine.packed import Table
from iris_model.engine.rows import RowEncoder
from iris_model.runtime.answers import Answers, strict_text
from iris_model.runtime.events import Request
from iris_model.runtime.payloads import decode_request
from iris_model.runtime.payloads.packed_answers import write_answers


def columns(names: list[str], **changes: Any) -> list[dict[str, Any]]:
    return [{"name": name, "kind": "numeric", "dtype": "float64", "missing": False, **changes} for name in names]


MODELS = {
    "plain": columns(["a", "b", "c", "d"]),
    "missing": columns(["sepal length (cm)", "sepal width (cm)", "petal"], missing=True),
    "float32": columns(["x", "y", "z"], dtype="float32"),
    "letters": columns(["größe", 'a "quoted" name', "back\\slash", "日本", "data"]),
    "two": columns(["name", "shape"]),
    "one": columns(["only"]),
    "mixed": [*columns(["a", "b"]), *columns(["c", "d"], missing=True)],
    "truth": [*columns(["a", "b"]), {"name": "t", "kind": "categorical", "dtype": "bool", "missing": False}],
    "keys": columns(["inputs", "instances", "b"]),
    "text": [*columns(["a"]), {"name": "t", "kind": "text", "dtype": "str", "missing": False}],
    "dictionaries": columns(["a", "b", "c"], optional=True, missing=True),
    "dropped": [*columns(["a", "b"]), *columns(["gone"], optional=True, dropped=True, missing=True)],
    "wide": columns([f"column {place}" for place in range(20)]),
}


def bits(rows: Any) -> Any:
    """Comparable to the last bit, with NaN equal to NaN."""
    return [
        [struct.pack("<d", cell) if type(cell) is float and cell == cell else repr(cell) for cell in row]
        for row in rows
    ]


def outcome(request: Request, encoder: RowEncoder, packed: bool) -> tuple[Any, bool]:
    """(protocol, rows to the bit, state), or all that a refusal says; and whether the kernels read the rows."""
    try:
        module, rows, state = decode_request(request, encoder.columns, encoder if packed else None)
        if type(rows) is Table:
            return (module, bits(rows.lists()), state), True
        return (module, bits(encoder.encode(rows)), state), False
    except InvalidInput as error:
        return (str(error), error.row, error.feature, error.expected, error.problem), False


LABELS: list[list[Any]] = [
    ["setosa", 'a "b"\\', "größe", "日本\u2028", "\ud800", "", "a,b", "x\ny"],
    [0, 1, 2],
    [True, False],
    [1.5, -2.0],
]


def draw_answers(source: random.Random, count: int) -> Answers:
    """Random answers of all kinds that are not nested."""
    classes = source.choice(LABELS)
    kind = source.randrange(4)
    labels = [source.choice(classes) for _ in range(count)]
    if kind == 0:
        numbers: list[Any] = [
            source.choice([_any_double(source), math.nan, math.inf, 0.0, 1e300]) for _ in range(count)
        ]
        return Answers('a "name"', None, numbers, None)
    if kind == 1:
        return Answers("m", classes, labels, None)
    rows: list[Any] = [
        [source.choice([source.random(), _any_double(source), 0.0, 1.0, math.nan]) for _ in classes]
        for _ in range(count)
    ]
    if kind == 2:
        return Answers("m", classes, labels, rows)
    data = b"".join(struct.pack(f"<{len(row)}d", *row) for row in rows)
    table: Any = Table(data, len(classes))
    return Answers("m", classes, labels, table)


def _any_double(source: random.Random) -> float:
    """One of all doubles, or of those near 0."""
    return source.gauss(0, 1) if source.random() < 0.7 else float(struct.unpack("<d", source.randbytes(8))[0])


def write_both(module: Any, answers: Answers, state: Any) -> tuple[str | None, str | None]:
    """The text of the kernels, None where they leave it to the reference, and that of the reference, None where it refuses."""
    made = write_answers(module.__name__, answers, state)
    try:
        value = module.encode(answers, state)
    except InvalidInput:
        return made, None
    return made, strict_text(value) if type(value) is dict else str(value)
