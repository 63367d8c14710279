"""Integers in rows: the bytes of the Python runtime, and about the time of numbers with a fraction."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from iris_model.engine.rows import LARGEST
from tests.native.models import MODELS, write_function
from tests.native.reference import Reference
from tests.native.sandbox import start

LIMITS = [int(LARGEST["float32"]), int(LARGEST["float64"]), 10**15, 10**18, 10**22, 2**53, 10**308, 10**309]
# One part of 2^54 is less than half of the distance between two doubles.
NEAR = [limit + change for limit in LIMITS for change in (-limit >> 54, -1, 0, 1, limit >> 54, limit >> 50)]


@pytest.mark.parametrize("name", ["ordinary", "odd", "single"])
def test_integers_near_the_limits_of_the_types(executable: list[str], tmp_path: Path, name: str) -> None:
    names, model = MODELS[name]()
    directory = write_function(tmp_path / "function", model)
    reference = Reference(directory)
    refused = 0
    with start(executable, directory, tmp_path / "log") as sandbox:
        for number in NEAR:
            for signed in (number, -number):
                for place in range(len(names)):
                    row = [1] * len(names)
                    row[place] = signed
                    event = json.dumps([row]).encode()
                    expected, _ = reference.ask(event)
                    assert sandbox.ask(event) == expected, event
                    refused += b"is too large" in expected.body
    assert refused > 0


def seconds(executable: list[str], directory: Path, event: str) -> float:
    """Return the processor time in which the executable answers the event."""
    with subprocess.Popen(
        [*executable, "--answer", str(directory)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        process.stdin.write(event.encode() + b"\n")
        process.stdin.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def test_integers_take_the_time_of_other_numbers(executable: list[str], tmp_path: Path) -> None:
    """Whole numbers are what many clients send. They once took 15 times as long."""
    directory = write_function(tmp_path / "function", MODELS["ordinary"]()[1])
    draw = random.Random(5)
    cells = [draw.randrange(1, 9) for _ in range(40_000)]
    fractions = json.dumps([[cell + 0.5 for cell in cells[at : at + 4]] for at in range(0, len(cells), 4)])
    integers = json.dumps([cells[at : at + 4] for at in range(0, len(cells), 4)])
    ratio = min(seconds(executable, directory, integers) / seconds(executable, directory, fractions) for _ in range(5))
    assert ratio < 6.0
