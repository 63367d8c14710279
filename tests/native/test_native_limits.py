"""The native runtime stays within the memory, the time and the file that a request or a model is given."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from tests.native.models import ordinary, write_function
from tests.native.sandbox import start
from tests.support.tiny_model import columns, metadata

WIDTH = 1000


def _regressor(made: list[dict[str, Any]]) -> bytes:
    """The sum of the columns."""
    graph = {
        "nodes": [
            {"op": "linear", "inputs": ["rows"], "output": "table", "attributes": {}, "tensors": ["coefficients", "intercepts"]},
            {"op": "column", "inputs": ["table"], "output": "numbers", "attributes": {"index": 0}, "tensors": []},
        ],
        "outputs": {"predict": "numbers"},
    }  # fmt: skip
    outputs = {"predict": {"kind": "number", "columns": 1}}
    signature = {"columns": made, "named": True, "task": "regressor", "classes": None, "outputs": outputs}
    tensors = {"table.coefficients": np.ones((1, len(made))), "table.intercepts": np.array([0.0])}
    return save(tensors, metadata=metadata(signature=signature, graph=graph))


def _same_hashes(pairs: int) -> list[str]:
    """Return 2 ** `pairs` texts with the same FNV-1a, the usual hash of short keys: each block has two forms."""

    def step(state: int, block: bytes) -> int:
        for byte in block:
            state = (state ^ byte) * 16777619 & 0xFFFFFFFF
        return state

    texts, state = [""], 2166136261
    for _ in range(pairs):
        seen: dict[int, bytes] = {}
        for number in range(1 << 24):
            block = b"%06x" % number
            ended = step(state, block)
            if ended in seen:
                texts = [text + form.decode() for text in texts for form in (seen[ended], block)]
                state = ended
                break
            seen[ended] = block
    return texts


def _ask(executable: list[str], directory: Path, event: object) -> subprocess.CompletedProcess[bytes]:
    """Answer one event with 512 MiB."""
    return subprocess.run(
        [*executable, "--answer", directory],
        input=json.dumps(event).encode(),
        capture_output=True,
        timeout=20,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29)),
    )


@pytest.mark.parametrize("first", [[], [list(range(WIDTH))]], ids=["none", "one"])
def test_rows_without_values_take_no_memory_of_a_wide_model(
    executable: list[str], tmp_path: Path, first: list[object]
) -> None:
    wide = [{**columns()[0], "name": f"c{index}"} for index in range(WIDTH)]
    directory = write_function(tmp_path / "function", _regressor(wide))
    run = _ask(executable, directory, [*first, *([[]] * 200_000)])
    assert f"row {len(first)} has 0 values; expected a list of 1000 values" in run.stderr.decode()


def test_an_unread_log_does_not_end_the_sandbox(executable: list[str], tmp_path: Path) -> None:
    directory = write_function(tmp_path / "function", ordinary()[1])
    reading, writing = os.pipe()
    os.close(reading)
    with start(executable, directory, tmp_path / "log", output=writing) as sandbox:
        os.close(writing)
        assert json.loads(sandbox.ask(b"[1]").body)["errorType"] == "InvalidInput"
        assert "prediction" in json.loads(sandbox.ask(b"[1, 2, 3, 4]").body)


@pytest.mark.slow
def test_keys_chosen_to_meet_take_no_longer_than_others(executable: list[str], tmp_path: Path) -> None:
    directory = write_function(tmp_path / "function", ordinary()[1])
    chosen = _same_hashes(13)
    seconds = []
    for keys in ([text[::-1] for text in chosen], chosen):
        started = time.perf_counter()
        assert b"unknown features" in _ask(executable, directory, dict.fromkeys(keys, 1)).stderr
        seconds.append(time.perf_counter() - started)
    assert seconds[1] < 10 * seconds[0]


@pytest.mark.slow
def test_a_long_header_of_csv_takes_no_longer_for_a_wide_model(executable: list[str], tmp_path: Path) -> None:
    wide = [{**columns()[0], "name": f"c{index}"} for index in range(WIDTH)]
    seconds = []
    for made in (wide[:2], wide):
        directory = write_function(tmp_path / f"{len(made)}", _regressor(made))
        body = ",".join(["c0", *(["x1"] * 500_000)])
        event = {"body": body, "headers": {"content-type": "text/csv"}}
        started = time.perf_counter()
        assert b"the header line names a feature twice" in _ask(executable, directory, event).stderr
        seconds.append(time.perf_counter() - started)
    assert seconds[1] < 10 * seconds[0]


def test_many_short_lines_of_csv_fit_512_mib(executable: list[str], tmp_path: Path) -> None:
    directory = write_function(tmp_path / "function", ordinary()[1])
    event = {"body": "1,1,1,1\n" * 700_000 + "1,1,1,x", "headers": {"content-type": "text/csv"}}
    run = _ask(executable, directory, event)
    assert b"row 700000, feature 'petal width (cm)': the value is 'x'" in run.stderr
