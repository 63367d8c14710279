"""What the kernels read and write of a request, against the modules of the protocols, which are the reference.

A body is either left to the reference, or gives the same rows to the bit, the same protocol and the same state. So what is
refused is refused by the reference alone, with its sentence. `python -m tests.fuzz documents` compares many more.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from iris_model.engine.rows import RowEncoder
from iris_model.runtime.answers import Answers
from iris_model.runtime.events import Request
from iris_model.runtime.payloads import csv, open_inference, predictions, rows
from tests.support.odd_documents import Documents

pytest.importorskip("iris_model.engine._kernels", reason="the kernels were not built (no C compiler)")

from tests.support.codec import MODELS, draw_answers, outcome, write_both


def check(names: list[str], seed: int, count: int) -> dict[str, int]:
    """Compare random bodies for these models; return how many of each the kernels read."""
    read = {}
    for name in names:
        encoder = RowEncoder(MODELS[name])
        if encoder.least_limit < 0:
            continue  # such a model is never asked for an encoder
        documents = Documents(encoder.names, seed)
        read[name] = 0
        for _ in range(count):
            content_type, body = documents.body()
            headers = {"content-type": content_type, "accept": documents._random.choice(["", "text/csv"])}
            ours, is_packed = outcome(Request("POST", headers, body), encoder, True)
            expected, _ = outcome(Request("POST", headers, body), encoder, False)
            read[name] += is_packed
            assert ours == expected, (name, content_type, body)
    return read


@pytest.mark.parametrize("seed", range(1))
def test_random_bodies(seed: int) -> None:
    read = check(list(MODELS), seed, 150)
    assert read["plain"] > 40, read  # most bodies are sound, and read by the kernels


NAMES = ["a", "b", "c", "d"]
SOUND = [[1.5, -2.0, 3.0, 4.25], [0.1, 0.2, 1e-9, 5.0], [7.0, 8.0, 9.5, -0.0]]


@pytest.mark.parametrize(
    "payload",
    [
        SOUND,
        SOUND[0],
        [dict(zip(NAMES, row)) for row in SOUND],
        [dict(zip(NAMES[::-1], row[::-1])) for row in SOUND],
        {"instances": SOUND},
        {"instances": [dict(zip(NAMES, row)) for row in SOUND]},
        {"dataframe_records": [dict(zip(NAMES, row)) for row in SOUND]},
        {"dataframe_split": {"columns": NAMES, "index": [0, 1, 2], "data": SOUND}},
        {"dataframe_split": {"columns": ["more", *NAMES[::-1]], "data": [[0.0, *row[::-1]] for row in SOUND]}},
        {"dataframe_split": {"columns": [0, 1, 2, 3], "data": SOUND}},
        {"inputs": SOUND},
        {"inputs": {name: list(column) for name, column in zip(NAMES, zip(*SOUND))}},
        {
            "inputs": [
                {"name": "x", "shape": [3, 4], "datatype": "FP64", "data": [cell for row in SOUND for cell in row]}
            ]
        },
        {
            "id": "42",
            "inputs": [{"name": "x", "shape": [3, 4], "datatype": "FP64", "data": SOUND}],
            "outputs": [{"name": "predict"}],
        },
        {
            "inputs": [
                {"name": name, "shape": [3, 1], "datatype": "FP64", "data": list(column)}
                for name, column in zip(NAMES, zip(*SOUND))
            ][::-1]
        },
    ],
)
def test_every_protocol_is_read_by_the_kernels(payload: Any) -> None:
    encoder = RowEncoder(MODELS["plain"])
    request = Request("POST", {}, json.dumps(payload))
    ours, is_packed = outcome(request, encoder, True)
    assert is_packed
    assert ours == outcome(request, encoder, False)[0]


def test_a_column_that_the_model_does_not_know_is_as_long_as_the_others() -> None:
    encoder = RowEncoder(MODELS["plain"])
    inputs = {name: [1.0, 2.0, 3.0] for name in NAMES}
    for more in ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]):
        request = Request("POST", {}, json.dumps({"inputs": {**inputs, "more": more}}))
        ours, is_packed = outcome(request, encoder, True)
        assert ours == outcome(request, encoder, False)[0]
        assert is_packed == (len(more) == 3)


@pytest.mark.parametrize("header", ["", "a,b,c,d\n", "d,c,b,a\n", " a ,b,more,c,d\r\n"])
def test_csv_is_read_by_the_kernels(header: str) -> None:
    encoder = RowEncoder(MODELS["plain"])
    width = len(header.split(",")) if header else 4
    body = header + "\n".join(",".join(map(repr, [*row, 1.0][:width])) for row in SOUND)
    request = Request("POST", {"content-type": "text/csv"}, body)
    ours, is_packed = outcome(request, encoder, True)
    assert is_packed
    assert ours == outcome(request, encoder, False)[0]


@pytest.mark.parametrize("depth", [10, 5_000, 200_000])
def test_deep_nesting_is_refused_as_without_the_kernel(depth: int) -> None:
    encoder = RowEncoder(MODELS["plain"])
    for body in ("[" * depth, "[" * depth + "1" + "]" * depth, '{"a":' * depth, f"[[1,2,3,4],{'[' * depth}"):
        request = Request("POST", {}, body)
        assert outcome(request, encoder, True)[0] == outcome(request, encoder, False)[0]


# ---- Writing ----

STATES: list[tuple[Any, Any]] = [
    (rows, False),
    (predictions, None),
    (open_inference, {"id": None, "outputs": None}),
    (open_inference, {"id": "größe", "outputs": ["predict"]}),
    (open_inference, {"id": 7, "outputs": ["predict_proba", "predict"]}),
    (csv, False),
    (csv, True),
]


@pytest.mark.parametrize(("module", "state"), STATES)
def test_answers_are_written_as_python_writes_them(module: Any, state: Any) -> None:
    source = random.Random(1)
    written = 0
    for _ in range(150):
        made = draw_answers(source, source.choice([1, 2, 7, 300]))
        text, expected = write_both(module, made, state)
        if text is None:
            continue
        written += 1
        assert text == expected
    assert written > 50


def test_labels_that_share_a_key_are_left_to_python() -> None:
    made = Answers("m", ["1", 1], ["1", 1], [[0.5, 0.5], [0.25, 0.75]])
    assert write_both(rows, made, False)[0] is None
