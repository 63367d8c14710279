"""The commands of each engine's page; then golden rows, many rows and refused rows in the engine itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from iris_model.compiler import compile_model
from tests.scoring.models import case, named
from tests.support.book import REPOSITORY, read_blocks
from tests.support.engine_environment import engine_python, engine_settings
from tests.support.requirement import Missing

pytestmark = pytest.mark.slow
ENGINES = ["dask", "duckdb", "polars", "ray", "spark"]
PROGRAMS = Path(__file__).parent / "programs"


def run(program: Path, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        python = engine_python()
    except Missing as missing:
        pytest.skip(str(missing))
    return subprocess.run(
        [python, str(program), *arguments],
        cwd=directory,
        env=engine_settings(),
        capture_output=True,
        text=True,
        timeout=400,
    )


# Ray needs about 25 seconds to start and to run its first task.
QUICK_TO_START = [pytest.param(name, marks=[pytest.mark.exhaustive] * (name == "ray")) for name in ENGINES]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_page(engine: str, tmp_path: Path) -> None:
    blocks = read_blocks(REPOSITORY / "docs" / "how-to" / f"{engine}.md")
    said = ""
    for block in blocks:
        if block.language == "python":
            path = tmp_path / block.words[1]
            path.write_text(block.text)
            done = run(path, tmp_path)
            assert done.returncode == 0, done.stderr[-2000:]
            said += done.stdout
        elif block.language == "text":
            assert all(line in said for line in block.text.splitlines()), said


def ask(engine: str, directory: Path, model: Any, rows: pd.DataFrame, methods: list[str]) -> tuple[dict[str, Any], str]:
    """What the engine answers for rows, method by method, or the reason why it does not."""
    model.save(directory / "model.safetensors")
    rows.to_parquet(directory / "rows.parquet")
    done = run(PROGRAMS / f"with_{engine}.py", directory, *methods)
    if done.returncode:
        return {}, done.stdout + done.stderr
    return json.loads((directory / "answers.json").read_text()), ""


@pytest.mark.parametrize("engine", ENGINES)
def test_golden_rows_and_many_rows(engine: str, tmp_path: Path) -> None:
    original, model, frame = named()
    golden = compile_model(original).golden
    names = list(frame)
    rows = pd.concat([pd.DataFrame([each["row"] for each in golden], columns=names), *[frame] * 20], ignore_index=True)
    rows = rows[names[::-1]].assign(note="an extra column")
    answers, said = ask(engine, tmp_path, model, rows, ["predict", "predict_proba"])
    assert not said
    assert answers["predict"][: len(golden)] == [each["outputs"]["predict"] for each in golden]
    expected = [each["outputs"]["predict_proba"] for each in golden]
    assert np.allclose(answers["predict_proba"][: len(golden)], expected, rtol=1e-9, atol=1e-12)
    assert answers["predict"] == original.predict(rows[names]).tolist()
    assert np.allclose(answers["predict_proba"], model.predict_proba(rows[names]).to_numpy(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("engine", QUICK_TO_START)
def test_texts_missing_values_and_other_types(engine: str, tmp_path: Path) -> None:
    for name, methods in (("mixed", ["predict"]), ("gaps", ["predict"])):
        _, model, rows = case(name)
        frame = pd.DataFrame(rows)
        if name == "gaps":
            frame.columns = [column["name"] for column in model.signature["columns"]]
        answers, said = ask(engine, tmp_path, model, frame, methods)
        assert not said
        assert answers["predict"] == np.asarray(model.predict(frame)).tolist()


@pytest.mark.parametrize("engine", QUICK_TO_START)
def test_a_refused_row_ends_it_with_the_reason(engine: str, tmp_path: Path) -> None:
    _, model, frame = named()
    frame = frame.copy()
    frame.iloc[7, 2] = None
    answers, said = ask(engine, tmp_path, model, frame, ["predict"])
    assert not answers
    assert "feature 'petal length': the value is" in said
