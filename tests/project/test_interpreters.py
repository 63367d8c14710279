"""Which Python of this machine makes the bytecode."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from iris_model.project.packaging.interpreters import RUNNING, RUNNING_PYTHON, find_interpreter
from iris_model.project.packaging.package import package_project
from tests.support.projects import SETTINGS, FakeChoice, write_project

OTHER = "3.12" if RUNNING_PYTHON != "3.12" else "3.13"


def program(directory: Path, name: str, text: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_running_one_needs_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_interpreter(RUNNING_PYTHON) is RUNNING
    assert find_interpreter(OTHER) is None


def test_another_one_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = f"cpython-{OTHER.replace('.', '')}"
    said = program(tmp_path / "bin", f"python{OTHER}", f"echo {tag}; echo {OTHER}; echo '{OTHER}.1 (main)'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    found = find_interpreter(OTHER)
    assert found is not None
    assert (found.path, found.cache_tag, found.version) == (str(said), tag, f"{OTHER}.1 (main)")


@pytest.mark.parametrize(
    "text", ["exit 1", "echo nonsense", "echo cpython-39; echo 3.9; echo 3.9.1", f"echo pypy-1; echo {OTHER}; echo x"]
)
def test_a_program_that_is_not_what_its_name_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    program(tmp_path / "bin", f"python{OTHER}", text)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert find_interpreter(OTHER) is None


def test_its_bytecode_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The running Python under another's name: what is compiled is not, where it is put is what counts here."""
    tag = f"cpython-{OTHER.replace('.', '')}"
    answer = (
        f'if [ "$4" = -c ] || [ "$3" = -c ]; then echo {tag}; echo {OTHER}; echo x; else exec {sys.executable} "$@"; fi'
    )
    program(tmp_path / "bin", f"python{OTHER}", answer)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    project = write_project(tmp_path / "p", settings=f'{SETTINGS}python = "{OTHER}"\n')
    packaged = package_project(project, choose=FakeChoice())
    assert (packaged.directory / f"__pycache__/app.{tag}.pyc").is_file()
    assert (packaged.directory / "iris_model/__init__.pyc").is_file()
    assert not any("no bytecode" in note for note in packaged.notes)
