"""The native runtime for arm64, under QEMU, answers as the Python runtime of this machine."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from pathlib import Path

import pytest

from iris_model.project.packaging.native import find_bootstrap
from tests.native.building import build
from tests.native.comparing import compare
from tests.native.models import MODELS, write_function
from tests.native.test_native_zoo import NAMES, check_model
from tests.support.requirement import skip_unless_ci

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def arm(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The installed executable for arm64, or one that is built here, with the emulator in front of it."""
    emulator = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    own = platform.machine().lower() in ("aarch64", "arm64")
    if emulator is None and not own:
        skip_unless_ci("there is no qemu-aarch64-static (apt-get install qemu-user-static)")
    found = find_bootstrap("arm64")
    if found is None:
        found = build(tmp_path_factory.mktemp("arm") / "bootstrap", ["-O2", "-static"], _find_compiler())
    return [str(found)] if own or emulator is None else [emulator, str(found)]


def _find_compiler() -> list[str]:
    cross = shutil.which("aarch64-linux-gnu-gcc")
    if cross is not None:
        return [cross]
    if importlib.util.find_spec("ziglang") is None:
        skip_unless_ci("there is no compiler for arm64 (apt-get install gcc-aarch64-linux-gnu, or pip install ziglang)")
    return [sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-musl"]


@pytest.mark.parametrize("name", MODELS)
def test_it_answers_and_logs_the_same_bytes(arm: list[str], tmp_path: Path, name: str) -> None:
    names, model = MODELS[name]()
    compare(arm, write_function(tmp_path / "function", model), names, "arm", 1500, tmp_path / "log")


@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_the_zoo_answers_as_in_python(arm: list[str], tmp_path: Path, name: str) -> None:
    check_model(arm, tmp_path, name)
