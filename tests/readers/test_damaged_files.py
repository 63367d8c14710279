"""Model files of every library, cut off, changed and doubled: one sentence each in bounded memory, even if a library crashes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import joblib
import pytest
from sklearn.ensemble import RandomForestClassifier

from tests.readers.test_file_formats import OPENERS, X, Y, files
from tests.support.seed import choose_seed

assert files  # a fixture
KINDS = [*(kind for kind in OPENERS if kind != "h.onnx"), "i.joblib.gz"]


def _damage(data: bytes, numbers: random.Random) -> dict[str, bytes]:
    changed, zeroed = bytearray(data), bytearray(data)
    for _ in range(max(4, len(data) // 200)):
        changed[numbers.randrange(len(data))] = numbers.randrange(256)
    middle = len(data) // 2
    zeroed[middle : middle + max(16, len(data) // 10)] = bytes(max(16, len(data) // 10))
    huge = bytearray(data)
    at = numbers.randrange(len(data) // 2)
    huge[at : at + 4] = b"\xff\xff\xff\x7f"
    return {
        "cut at a tenth": data[: len(data) // 10], "cut in the middle": data[:middle], "without its last byte": data[:-1],
        "with other bytes": bytes(changed), "with zeros": bytes(zeroed), "with a huge number": bytes(huge),
        "in text mode": data.replace(b"\n", b"\r\n"), "twice": data + data,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the command opens models in a confined copy on Linux")
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.exhaustive] * (number % 2)) for number, kind in enumerate(KINDS)]
)
def test_a_damaged_file_gives_one_sentence(kind: str, files: dict[str, Path], tmp_path: Path) -> None:
    if kind == "i.joblib.gz":
        joblib.dump(RandomForestClassifier(3).fit(X, Y), tmp_path / kind, compress=3)
        data = (tmp_path / kind).read_bytes()
    else:
        data = files[kind].read_bytes()
    directory = tmp_path / "damaged"
    directory.mkdir()
    seed = choose_seed()
    print(f"seed {seed}")
    for name, damaged in _damage(data, random.Random(seed)).items():
        (directory / f"{name}.{kind.partition('.')[2]}").write_bytes(damaged)
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.compiling_damaged", directory], capture_output=True, text=True, timeout=600,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == 8
    for name, problem, remedy in told:
        print(f"{name}: {problem}")
        lines = problem.splitlines()
        # Damage may leave a whole model of something that is not supported: one line for each such thing.
        assert len(lines) <= 1 or lines[0] == "this model cannot be compiled:", name
        assert len(problem) < 900, name
        assert (problem == "") == (remedy == ""), name
        assert "more memory" not in problem, name
    assert sum(bool(problem) for _, problem, _ in told) >= 3
