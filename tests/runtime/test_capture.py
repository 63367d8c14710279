"""`[capture]`: what is written, what is never written, and that nothing is loaded when it is off."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from iris_model.contract.deployment import Capture as Settings
from iris_model.engine.errors import ModelFormatError
from iris_model.runtime import Model
from iris_model.runtime.capture import RATE, WITHOUT, Sampler


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch, load: Callable[..., Model]) -> Callable[..., Model]:
    def load_capturing(rate: float, *without: str) -> Model:
        for name, value in Settings(rate, without).variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "iris")
        return load()

    return load_capturing


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def row_of(model: Model, value: float = 1.0) -> list[float]:
    return [value] * len(model.signature["columns"])


def test_a_line_has_row_answer_and_counts(capture: Callable[..., Model], capsys: pytest.CaptureFixture[str]):
    model = capture(1)
    names = [column["name"] for column in model.signature["columns"]]
    answer = model.answer([row_of(model), row_of(model, 2.0)])
    first, second = lines(capsys)
    assert first["row"] == dict.fromkeys(names, 1.0) and second["row"] == dict.fromkeys(names, 2.0)
    assert first["FunctionName"] == "iris" and first["Predictions"] == 1
    assert set(first["answer"]) == set(model.outputs) and answer
    (metrics,) = first["_aws"]["CloudWatchMetrics"]
    assert metrics["Dimensions"] == [["FunctionName"]]
    # Each named metric has its value next to it.
    assert all(isinstance(first[metric["Name"]], int) for metric in metrics["Metrics"])


def test_a_named_column_is_never_written(capture: Callable[..., Model], capsys: pytest.CaptureFixture[str]):
    name = "petal width (cm)"
    model = capture(1, name)
    model.answer([row_of(model, 12345.5)])
    (line,) = lines(capsys)
    assert name not in json.dumps(line) and len(line["row"]) == len(model.signature["columns"]) - 1
    with pytest.raises(ModelFormatError, match="no such column: correct"):
        capture(1, "petal_width")


def test_missing_and_out_of_range():
    columns = [{"name": "a", "minimum": 0, "maximum": 1}, {"name": "b", "minimum": 0, "maximum": 1}, {"name": "c"}]
    found = Sampler(columns, ("predict",), 1, frozenset())._describe([2, None, 9], {})
    assert {name: found[name] for name in found if " " in name} == {"OutOfRange a": 1, "Missing b": 1}
    quiet = Sampler(columns, ("predict",), 1, frozenset("ab"))._describe([2, None, 9], {})
    assert quiet["row"] == {"c": 9} and "Missing b" not in quiet


def test_the_sample_is_as_large_as_it_says(capsys: pytest.CaptureFixture[str]):
    Sampler([{"name": "a"}], ("predict",), 0.1, frozenset()).take([[1.0]] * 5000, [[0] * 5000])
    assert 350 < len(lines(capsys)) < 650  # 500, and 7 standard deviations


def test_rows_without_json_form_are_not_captured(capsys: pytest.CaptureFixture[str]):
    capture = Sampler([{"name": "a"}], ("predict",), 1, frozenset())
    capture.take([[object()], {"a": 1}, [float("nan")], [float("inf")]], [[0, 0, 0, float("nan")]])
    assert [line["row"]["a"] for line in lines(capsys)] == [None, "inf"]


def test_off_it_is_not_loaded(model: Model, capsys: pytest.CaptureFixture[str]):
    assert Settings(0, ()).variables == {} and model._capture is None
    model.answer([row_of(model)])
    assert lines(capsys) == []
    code = "import iris_model.runtime.model, sys; print('iris_model.runtime.capture' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
    assert {RATE, WITHOUT} == set(Settings(1, ()).variables)
