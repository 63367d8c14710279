"""`iris-model predict` as a user runs it: processes, pipes, signals, a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.cli.render.rates import describe_progress, show_seconds
from iris_model.table_io import Progress
from tests.scoring.models import named

COMMAND = [sys.executable, "-m", "iris_model.cli", "predict"]
# The output of two blocks of input (1 MiB each).
BLOCKS_BYTES = 8_000_000


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return named()[1].save(tmp_path / "iris.safetensors")


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["predict", *map(str, arguments)])
    return result.exit_code, result.output


def test_from_standard_input_to_standard_output(model: Path) -> None:
    original, _, frame = named()
    done = subprocess.run(
        [*COMMAND, model, "-", "--input-format", "csv", "-o", "-", "--json"],
        input=frame.to_csv(index=False), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["prediction", *original.predict(frame)]
    assert json.loads(done.stderr)["rows"] == len(frame)
    done = subprocess.run(
        [*COMMAND, model, "-", "--input-format", "csv", "-o", "-"],
        input=frame.to_csv(index=False), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stderr.startswith(f"Wrote to standard output: {len(frame)} rows in ")


def test_an_input_without_rows_is_reported(model: Path, tmp_path: Path) -> None:
    _, _, frame = named()
    (tmp_path / "header.csv").write_text(frame[:0].to_csv(index=False))
    (tmp_path / "empty.csv").write_text("")
    for name in ("header.csv", "empty.csv"):
        status, said = run(model, tmp_path / name, "-o", tmp_path / "out.csv", "-j", 1)
        assert status == 0
        assert "The input has no rows: check that the file is the right one" in said


def test_the_output_of_predict(model: Path, tmp_path: Path) -> None:
    _, _, frame = named()
    rows = tmp_path / "rows.csv"
    frame.to_csv(rows, index=False)
    status, said = run(model, rows, "-o", tmp_path / "out.csv", "-j", 1)
    assert (status, said.startswith(f"Wrote {tmp_path / 'out.csv'}: 400 rows in ")) == (0, True)
    for arguments, message in (
        ((model, rows, "-o", rows), "is an input of this command"),
        ((model, rows, "-o", model), "is an input of this command"),
        ((model, rows, "-o", tmp_path / "out.csv", "--outputs", "transform"), "it has predict, predict_proba"),
        ((model, rows, "-o", "-", "--output-format", "parquet"), "Parquet cannot be written to standard output"),
        ((model, rows, "-o", "-", "--errors", "file"), "requires a file as output"),
        ((model, "-", "-o", "-"), "--input-format csv"),
        ((model, "-", "-", "-o", "-", "--input-format", "csv"), "standard input (-) is given more than once"),
        ((model, rows, "-o", tmp_path / "out.txt"), "has no known suffix"),
        ((tmp_path / "none", rows, "-o", tmp_path / "out.csv"), "does not exist"),
    ):
        status, said = run(*arguments)
        assert status and message in " ".join(said.split()), said
    status, said = run(model, rows, "-o", tmp_path / "out.csv", "--outputs", "predict_proba", "--json")
    assert json.loads(said)["rows"] == 400


def test_refused_rows_are_counted(model: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,2,3,4\n1,2,3,x\n")
    status, said = run(model, tmp_path / "rows.csv", "-o", tmp_path / "out.csv", "--errors", "file")
    assert status == 0
    assert f"The model refused 1 row; it is in {tmp_path / 'out.csv.errors.jsonl'}." in said
    status, said = run(model, tmp_path / "rows.csv", "-o", tmp_path / "out.csv")
    assert status == 1
    assert "line 2: feature 'petal width': the value is the string 'x'" in said


@pytest.mark.slow
def test_ctrl_c_stops_and_the_next_run_continues(model: Path, tmp_path: Path) -> None:
    _, _, frame = named()
    text = frame.to_csv(index=False)
    rows = tmp_path / "rows.csv"
    rows.write_text(text + text.partition("\n")[2] * 1500)  # 600,400 rows
    output = tmp_path / "out.csv"
    command = [*map(str, [*COMMAND, model, rows, "-o", output, "-j", 2, "--outputs", "predict,predict_proba"])]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, process_group=0)
    partial = tmp_path / "out.csv.partial"
    deadline = time.monotonic() + 60
    # More than one block: where the first ends is known only after all of it is written.
    while not (partial.exists() and partial.stat().st_size > BLOCKS_BYTES):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # a terminal tells all processes of the command
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not output.exists()
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=120, check=True)
    summary = json.loads(done.stdout)
    assert 0 < summary["resumed_rows"] < summary["rows"] == 600400
    lines = output.read_bytes().splitlines()
    assert len(lines) == 600401
    assert lines[1:401] * 1501 == lines[1:]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["iris.safetensors", "out.csv", "rows.csv"]


def test_how_progress_reads() -> None:
    progress = Progress(rows=1_200_000, refused=3, read_bytes=40, total_bytes=100, started=time.monotonic() - 2)
    text = describe_progress(progress, progress.started + 2)
    assert text.startswith("1,200,000 rows, ")
    assert text.endswith(" rows/s, 3 refused, 40%, 3 s left")
    assert [show_seconds(seconds) for seconds in (1.4, 185, 7800)] == ["1 s", "3 min 05 s", "2 h 10 min"]
