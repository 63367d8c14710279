"""What setuptools builds of this project: the wheel's types reach those who install it, and the sdist can be built."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that nothing is built inside this checkout, and nothing that was built there is taken along."""
    copy = tmp_path_factory.mktemp("source")
    built = shutil.ignore_patterns("*.so", "*.egg-info", "__pycache__", ".*")
    shutil.copytree(ROOT / "src", copy / "src", ignore=built)
    for name in ("LICENSE", "README.md", "pyproject.toml", "setup.py"):
        shutil.copyfile(ROOT / name, copy / name)
    return copy


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", str(directory), str(source))
    (built,) = directory.glob("*.whl")
    return built


def test_the_wheel_has_the_types_and_the_kernels_but_not_their_sources(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "iris_model/py.typed" in names
    assert any(name.startswith("iris_model/engine/_kernels") for name in names)
    assert not [name for name in names if name.endswith((".c", ".h"))]
    example = {path.relative_to(ROOT / "examples").as_posix() for path in (ROOT / "examples/iris").glob("*.*")}
    assert {f"iris_model/project/templates/{name}" for name in example if "/." not in name} <= set(names)


def test_mypy_knows_the_types_of_the_handler_in_the_readme(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    pip("--python", python, "install", "--no-index", "--no-deps", str(wheel))
    readme = (ROOT / "README.md").read_text()
    (handler,) = (block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "def handler" in block)
    (tmp_path / "app.py").write_text(f"{handler}\nreveal_type(model)\nreveal_type(Model.load)\n")
    # Nothing of this run may reach mypy: neither its cache nor what another test of this worker left in the environment.
    alone = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MYPY", "FORCE_COLOR"))
    }
    mypy = [sys.executable, "-m", "mypy", "--config-file=", "--cache-dir=/dev/null"]
    done = subprocess.run(
        [*mypy, "--python-executable", python, "--check-untyped-defs", "app.py"],
        cwd=tmp_path,
        env=alone,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    model, load = (line.partition("Revealed type is ")[2] for line in done.stdout.splitlines()[:2])
    assert model.strip('"').startswith("iris_model.runtime."), done.stdout
    assert "Any" not in model, done.stdout
    assert load.startswith('"def ('), done.stdout


def test_the_sdist_has_every_source_of_the_kernels(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "setup.py", "-q", "sdist", "--dist-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        found = {
            Path(name).name for name in archive.getnames() if "/engine/csrc/" in name and name.endswith((".c", ".h"))
        }
    assert found == {path.name for path in (ROOT / "src/iris_model/engine/csrc").rglob("*.[ch]")}
