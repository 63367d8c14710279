"""`serve` and `invoke` of a model file: a temporary project, the same answers, and nothing left behind."""

from __future__ import annotations

import fractions
import json
import pickle
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.cli.commands import serve as serve_command
from tests.cli.test_commands import MODEL, run
from tests.cli.test_serve import call, serving

ROW = "[5.1, 3.5, 1.4, 0.2]"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model file alone in a directory, with a name that a function cannot have."""
    return Path(shutil.copyfile(MODEL, tmp_path / "my model.pkl"))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary directories are made."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


def test_invoke_answers_and_says_how_to_keep_a_project(model: Path, scratch: Path) -> None:
    result = run("invoke", model, ROW)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["prediction"] == "setosa"
    assert f"iris-model init my-model --model '{model}'" in result.stderr
    assert not list(scratch.glob("iris-model-*")), "the temporary project is removed"
    assert sorted(path.name for path in model.parent.iterdir()) == ["my model.pkl", "scratch"]


@pytest.mark.slow
def test_serve_answers_under_the_name_of_the_file(model: Path) -> None:
    with serving(model) as addresses:
        assert addresses["route"].endswith("/my-model")
        assert call(addresses["route"], json.loads(ROW))["prediction"] == "setosa"


def test_a_file_is_the_project_and_not_the_payload(model: Path) -> None:
    result = run("invoke", model)
    assert result.exit_code == 2
    assert "the payload is missing" in result.stderr


def test_a_long_payload_is_no_path() -> None:
    result = run("invoke", "[" + "1, " * 5000 + "1]", "--url", "http://127.0.0.1:9")
    assert "File name too long" not in result.stderr


def test_a_model_with_its_own_code_gets_a_hint_to_init(tmp_path: Path) -> None:
    (tmp_path / "own.pkl").write_bytes(pickle.dumps(fractions.Fraction(1, 2)))
    result = run("invoke", tmp_path / "own.pkl", ROW)
    assert result.exit_code == 1
    assert "--trust fractions.Fraction" in result.stderr
    assert "iris-model init own --model" in result.stderr


def test_a_missing_model_file_is_reported(tmp_path: Path) -> None:
    result = run("serve", tmp_path / "gone.pkl")
    assert result.exit_code == 1
    assert f"there is no {tmp_path / 'gone.pkl'}" in result.stderr


def test_reload_has_nothing_to_watch(model: Path) -> None:
    result = CliRunner().invoke(cli, ["serve", str(model), "--reload"])
    assert result.exit_code == 2
    assert "a model file has none" in result.stderr


def test_the_page_is_opened_without_waiting_for_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, opened = threading.Event(), threading.Event()

    def browse(address: str) -> None:
        assert address == "http://127.0.0.1:9000/"
        opened.set()
        may_end.wait(10)

    monkeypatch.setattr(serve_command.webbrowser, "open", browse)
    serve_command.open_page("http://127.0.0.1:9000/")
    assert opened.wait(10)
    may_end.set()
