"""`--quiet` and `--verbose`, before the command and after it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from iris_model.cli import COMMANDS, cli
from iris_model.cli.verbosity import NORMAL, find_verbosity
from tests.cli.test_commands import MODEL, run

ROW = "[5.1, 3.5, 1.4, 0.2]"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copyfile(MODEL, tmp_path / "iris.pkl"))


@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_leaves_the_answer_alone(model: Path, place: str) -> None:
    words = ["--quiet", "invoke", model, ROW] if place == "before" else ["invoke", model, ROW, "-q"]
    result = run(*words)
    assert result.exit_code == 0
    assert '"setosa"' in result.stdout
    assert result.stderr == ""
    assert "note: " in run("invoke", model, ROW).stderr


def test_quiet_hides_no_error(tmp_path: Path) -> None:
    result = run("--quiet", "invoke", tmp_path / "gone.pkl", ROW)
    assert result.exit_code == 1
    assert "error: there is no" in result.stderr


def test_verbose_shows_the_steps_with_their_times(model: Path) -> None:
    steps = run("invoke", model, ROW, "--verbose").stderr.splitlines()
    assert any(re.fullmatch(r"\[ +\d+\.\d\d s\] Opening .*iris\.pkl", line) for line in steps), steps
    assert any(line.endswith("] Invoking") for line in steps)


def test_verbose_shows_the_traceback_of_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("iris_model.cli.commands.inspect.inspect", click.command()(fail))
    assert isinstance(CliRunner().invoke(cli, ["-v", "inspect"]).exception, RuntimeError)
    assert isinstance(CliRunner().invoke(cli, ["inspect"]).exception, SystemExit)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_both(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    for each in getattr(command, "commands", {"": command}).values():
        options = [option for parameter in each.params for option in parameter.opts]
        assert options.count("--quiet") == options.count("--verbose") == 1


def test_outside_of_a_command_nothing_is_asked() -> None:
    assert find_verbosity() == NORMAL
