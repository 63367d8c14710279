"""An installation that no compiler worked on: every command runs, in Python, and `package` says what is missing."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import iris_model
from iris_model.contract.architecture import Architecture
from iris_model.oci import write_layout
from tests.support.base_images import base_image
from tests.support.iris_project import write_iris_project

pytestmark = pytest.mark.slow

PACKAGE = Path(iris_model.__file__).parent
BUILT = ("_kernels*", "_bootstrap-*", "csrc", "bootstrap", "__pycache__")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    shutil.copytree(PACKAGE, target / "iris_model", ignore=shutil.ignore_patterns(*BUILT))
    return target


@pytest.fixture
def project(tmp_path: Path) -> Path:
    machine = f'architecture = "{Architecture.named(platform.machine())}"\n'
    return write_iris_project(tmp_path / "flowers", "flowers", settings=machine)


def run(installed: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iris_model.cli", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=installed,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_package_says_what_is_missing_and_how_to_get_it(installed: Path, project: Path) -> None:
    done = run(installed, "package", project)
    assert done.returncode == 0, done.stderr
    assert "Runtime python: this installation has no native executable" in done.stdout
    assert "pip install --force-reinstall --no-cache-dir" in done.stdout
    assert (project / ".iris-model/function/iris_model/engine").is_dir()


@pytest.mark.parametrize("key", ["runtime", "kernels"])
def test_a_setting_that_needs_them_is_refused_with_the_same_hint(installed: Path, project: Path, key: str) -> None:
    settings = project / "iris-model.toml"
    value = {"runtime": "native", "kernels": "always"}[key]
    settings.write_text(f'{key} = "{value}"\n{settings.read_text()}')
    done = run(installed, "package", project)
    assert done.returncode == 1
    error, hint = done.stderr.strip().splitlines()
    assert error.startswith(f'error: {key} = "{value}" in iris-model.toml: ')
    assert hint.startswith("hint: Install a C compiler")


def test_invoke_runs_the_function_in_python(installed: Path, project: Path) -> None:
    done = run(installed, "invoke", project, "[5.1, 3.5, 1.4, 0.2]")
    assert done.returncode == 0, done.stderr
    assert '"prediction": "setosa"' in done.stdout


def test_build_makes_an_image_with_the_python_runtime(installed: Path, project: Path, tmp_path: Path) -> None:
    write_layout(base_image("3.13"), tmp_path / "base")
    done = run(installed, "build", project, "--base", tmp_path / "base", "--json")
    assert done.returncode == 0, done.stderr
    built = json.loads(done.stdout)
    assert built["runtime"] == "python"
    assert "no native executable" in built["runtime_reason"]
