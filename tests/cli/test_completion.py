"""Completion in real shells, the sections of the help, and names that are mistyped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iris_model.cli import COMMANDS, SECTIONS
from tests.cli.test_commands import run


def test_every_command_has_one_section() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(COMMANDS)


def test_the_help_has_the_sections() -> None:
    shown = run("--help").stdout
    assert all(f"\n{title}:\n" in shown for title in SECTIONS)


@pytest.mark.parametrize(("typed", "near"), [("serv", "serve"), ("rollbakc", "rollback")])
def test_a_mistyped_command_gets_the_nearest(typed: str, near: str) -> None:
    result = run(typed)
    assert result.exit_code == 2
    assert f"error: no such command '{typed}'. Did you mean {near}?" in result.stderr


def test_nothing_is_near() -> None:
    assert "Did you mean" not in run("xyzzy").stderr


def complete(words: str, at: int) -> list[str]:
    """What the bash script asks for and gets."""
    environment = {**os.environ, "_IRIS_MODEL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    code = "from iris_model.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert not done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_commands_and_options_are_completed() -> None:
    assert complete("iris-model in", 1) == ["init", "inspect", "invoke"]
    assert complete("iris-model diff --tol", 2) == ["--tolerance"]
    assert complete("iris-model completion ", 2) == ["bash", "zsh", "fish"]


def test_bash_runs_the_script(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    write_program(tmp_path)
    script = tmp_path / "completion"
    script.write_text(run("completion", "bash").stdout)
    asked = (
        f"source {script}; COMP_WORDS=(iris-model rol); COMP_CWORD=1; COMPREPLY=();"
        "_iris_model_completion iris-model rol iris-model; echo ${COMPREPLY[@]}; complete -p iris-model"
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([bash, "-c", asked], env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[0] == "rollback"
    assert "_iris_model_completion iris-model" in done.stdout


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_of_theirs(shell: str) -> None:
    assert "_IRIS_MODEL_COMPLETE" in run("completion", shell).stdout


def test_fish_shows_whole_descriptions(tmp_path: Path) -> None:
    fish = shutil.which("fish")
    if fish is None:
        assert "string split --max 1" in run("completion", "fish").stdout
        pytest.skip("fish is not installed: apt-get install fish")
    write_program(tmp_path)
    (tmp_path / "script").write_text(run("completion", "fish").stdout)
    asked = f"source {tmp_path / 'script'}; complete -C 'iris-model pre'; complete -C 'iris-model completion f'"
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run([fish, "-c", asked], env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [f"predict\t{COMMANDS['predict'][2]}", "fish"]


# A pseudo-terminal of zsh's own: it types a word and the key Tab, and prints what the line is then.
ZSH = """
zmodload zsh/zpty
zpty shell 'zsh -fi'
zpty -w shell 'autoload -U compinit && compinit -u -D && source SCRIPT && PS1=READY%# && unsetopt beep'
sleep 2
zpty -w -n shell $'iris-model rollb\t'
for turn in {1..100}; do
  if zpty -r -t shell line; then text+=$line; fi
  [[ $text == *rollback* ]] && break
  sleep 0.1
done
print -r -- $text
zpty -d shell
"""


@pytest.mark.slow
def test_zsh_completes_a_command(tmp_path: Path) -> None:
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("zsh is not installed: apt-get install zsh")
    write_program(tmp_path)
    (tmp_path / "script").write_text(run("completion", "zsh").stdout)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb"}
    done = subprocess.run(
        [zsh, "-f", "-c", ZSH.replace("SCRIPT", str(tmp_path / "script"))],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "rollback" in done.stdout


def write_program(directory: Path) -> None:
    program = directory / "iris-model"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m iris_model.cli "$@"\n')
    program.chmod(0o755)
