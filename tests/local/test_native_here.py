"""A native function for another architecture answers here with the executable of this machine."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import pytest

from iris_model.contract.architecture import Architecture
from iris_model.local.configuration.sandbox_settings import SandboxSettings
from iris_model.project.packaging.native import find_bootstrap
from tests.local.conftest import make_settings
from tests.native.models import ordinary, write_function
from tests.support.local_service import running
from tests.support.requirement import Missing, require


def _need_root() -> None:
    if os.name != "posix" or os.geteuid() != 0:
        raise Missing("strict sandboxes of this test are made by root")


@pytest.mark.parametrize("own", [True, False], ids=["own", "foreign"])
@pytest.mark.parametrize("strict", [False, True], ids=["plain", "strict"])
def test_a_native_function_answers_on_any_machine(tmp_path: Path, strict: bool, own: bool) -> None:
    if strict:
        require(_need_root)
    found = find_bootstrap(str(Architecture.named(platform.machine())))
    if found is None:
        pytest.skip("this installation has no native runtime: there was no C compiler")
    directory = write_function(tmp_path / "function", ordinary()[1])
    executable = bytearray(found.read_bytes())
    if not own:
        executable[18:20] = b"\xf3\x00"  # e_machine of RISC-V
    (directory / "bootstrap").write_bytes(executable)
    (directory / "bootstrap").chmod(0o755)
    for part in (directory, *directory.parents[:-2]):
        part.chmod(0o755)
    settings = make_settings(directory=directory, handler="app.handler", sandbox=SandboxSettings(strict=strict))
    with running(settings) as service:
        assert json.loads(service.invoke([1, 2, 3, 4]).body)["prediction"] == "versicolor"
