"""The wheel that the tool writes of itself, checked by pip."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import iris_model
from iris_model.contract.architecture import Architecture
from iris_model.project.packaging.native import find_bootstrap
from iris_model.project.packaging.wheel import WHEEL_NAME, write_wheel


@pytest.mark.slow
def test_pip_installs_it_and_the_command_runs_from_there(tmp_path: Path):
    wheel = write_wheel(tmp_path)
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True)
    # -S: without the site-packages of this environment, so that only what the wheel brought can be imported.
    code = "import iris_model.runtime, iris_model.engine as e; print(iris_model.__version__, e.__file__)"
    finished = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    version, file = finished.stdout.split()
    assert version == iris_model.__version__
    assert Path(file).is_relative_to(target)
    console_script = target / "bin/iris-model"
    assert os.access(console_script, os.X_OK)


def test_pip_finds_every_file_as_recorded(tmp_path: Path):
    wheel = write_wheel(tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        record = archive.read(f"iris_model-{iris_model.__version__}.dist-info/RECORD").decode()
    assert {line.split(",")[0] for line in record.splitlines()} == set(names)
    assert names[-1].endswith("RECORD"), "it lists the others, so it comes last"


def test_the_executable_of_the_native_runtime_can_be_started_from_it(tmp_path: Path):
    with zipfile.ZipFile(write_wheel(tmp_path)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    executables = [name for name, mode in modes.items() if mode & 0o111]
    own = find_bootstrap(Architecture.named(platform.machine()) or "")
    assert (f"iris_model/engine/{own.name}" in executables) if own else not executables
    assert all(name.startswith("iris_model/engine/_bootstrap-") for name in executables)


def test_it_carries_the_example_and_the_templates_and_nothing_of_this_machine(tmp_path: Path):
    with zipfile.ZipFile(write_wheel(tmp_path)) as archive:
        names = archive.namelist()
        metadata = archive.read(f"iris_model-{iris_model.__version__}.dist-info/METADATA").decode()
        times = {entry.date_time for entry in archive.infolist()}
        content = b"".join(archive.read(name) for name in names)
    assert "iris_model/project/templates/Dockerfile" in names
    assert "iris_model/project/templates/iris/app.py" in names
    assert "iris_model/py.typed" in names
    assert not [name for name in names if name.endswith((".pyc", ".so", ".c", ".h", ".inc")) or "/." in name]
    assert f"\nVersion: {iris_model.__version__}\n" in metadata
    assert times == {(1980, 1, 1, 0, 0, 0)}
    assert str(Path(iris_model.__file__).parents[2]).encode() not in content


def test_the_same_tool_writes_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_wheel(tmp_path / name)
    assert (tmp_path / "a" / WHEEL_NAME).read_bytes() == (tmp_path / "b" / WHEEL_NAME).read_bytes()


def test_it_is_the_same_in_an_environment_of_older_libraries(tmp_path: Path):
    """Those do not install iris-model: scripts/parity_matrix.py puts the sources and a copy of its metadata on their path."""
    sources = Path(iris_model.__file__).parents[1]
    script = importlib.util.spec_from_file_location("parity_matrix", sources.parent / "scripts/parity_matrix.py")
    matrix = importlib.util.module_from_spec(script)
    script.loader.exec_module(matrix)
    copied, written = tmp_path / "metadata", tmp_path / "written"
    matrix.copy_metadata(copied)
    written.mkdir()
    required = tmp_path / "required"
    required.mkdir()
    for library in ("packaging", "platformdirs"):
        (required / library).symlink_to(importlib.util.find_spec(library).submodule_search_locations[0])
    code = "import sys; from pathlib import Path; from iris_model.project.packaging.wheel import write_wheel; "
    # -S: without the site-packages of this environment, where iris-model is installed.
    subprocess.run(
        [sys.executable, "-S", "-c", code + "write_wheel(Path(sys.argv[1]))", str(written)],
        env={"PYTHONPATH": os.pathsep.join(map(str, (copied, sources, required)))},
        check=True,
    )
    assert (written / WHEEL_NAME).read_bytes() == write_wheel(tmp_path).read_bytes()
