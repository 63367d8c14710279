"""What pip builds of this checkout: an sdist that needs no compiler, and a wheel for every Python from 3.11 on."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from iris_model.contract.architecture import Architecture
from tests.support.rie_binary import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(sys.platform != "linux", reason="the native runtime is for Linux")]

BUILD_SDIST = "import sys; from setuptools.build_meta import build_sdist; print(build_sdist(sys.argv[1]))"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
# On PATH, or installed by pyenv.
LATER = [
    *filter(None, map(shutil.which, ("python3.12", "python3.13", "python3.14"))),
    *map(str, sorted(Path.home().glob(".pyenv/versions/3.1[2-9].*/bin/python3.1?"))),
]


def starts(python: str) -> bool:
    """Version managers put names on PATH that start nothing."""
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def run(*command: object, **options: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=900, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of the committed and changed files, built in a copy without anything that this machine made."""
    sources = tmp_path_factory.mktemp("sources")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=REPOSITORY).splitlines()
    for name in listed:
        if (REPOSITORY / name).is_file():
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, sources / name)
    output = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-c", BUILD_SDIST, output, cwd=sources)
    return next(output.iterdir())


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that a compiler makes of the sdist."""
    output = tmp_path_factory.mktemp("wheel")
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", output, sdist)
    return next(output.iterdir())


def test_the_wheel_is_for_every_later_python(wheel: Path) -> None:
    assert re.fullmatch(r"iris_model-[\d.]+-cp311-abi3-linux_\w+\.whl", wheel.name)
    names = zipfile.ZipFile(wheel).namelist()
    built = [name for name in names if "engine/_" in name and not name.endswith(".py")]
    assert sorted(built) == [
        f"iris_model/engine/_bootstrap-{Architecture.named(platform.machine())}",
        "iris_model/engine/_kernels.abi3.so",
    ]
    assert [name for name in names if name.endswith((".c", ".h", ".inc", ".pyc"))] == []


def test_the_sdist_has_nothing_that_this_machine_made(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert [name for name in names if "_bootstrap-" in name or name.endswith((".so", ".pyc"))] == []


@pytest.mark.parametrize(
    "python",
    [
        sys.executable,
        *[pytest.param(each, marks=pytest.mark.exhaustive) for each in LATER if starts(each)][-1:],
    ],
)
def test_the_wheel_walks_the_tutorial_in_an_empty_environment(wheel: Path, python: str) -> None:
    said = run(REPOSITORY / "scripts/smoke-wheel", python, env={**os.environ, "WHEEL": str(wheel)})
    assert said.splitlines()[-1].endswith(" works")


def test_the_sdist_is_installed_without_a_compiler(sdist: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    run(
        *PIP,
        "install",
        "--no-deps",
        "--no-build-isolation",
        "--no-cache-dir",
        "--target",
        target,
        sdist,
        env={"PATH": ""},
    )
    assert [path.name for path in (target / "iris_model/engine").glob("_[bk]*")] == []
    run(
        sys.executable,
        "-m",
        "iris_model.cli",
        "init",
        tmp_path / "flowers",
        env={"PYTHONPATH": str(target), "PATH": ""},
    )
    said = run(
        sys.executable, "-m", "iris_model.cli", "package", tmp_path / "flowers",
        env={"PYTHONPATH": str(target), "PATH": "", "IRIS_MODEL_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    assert "Install a C compiler" in said
