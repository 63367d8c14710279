"""Strict sandboxes whose runtime exits at once, or whose interpreter is in an unusual directory, as root."""

from __future__ import annotations

import json
import os
import venv
from pathlib import Path

import pytest

from iris_model.local.configuration.sandbox_settings import SandboxSettings
from tests.local.conftest import make_settings
from tests.local.test_sandbox import error_of
from tests.support.local_service import running
from tests.support.requirement import Missing, require


def _need_root() -> None:
    if os.name != "posix" or os.geteuid() != 0:
        raise Missing("strict sandboxes of this test are made by root")


@pytest.fixture(autouse=True)
def root() -> None:
    require(_need_root)


STRICT = SandboxSettings(strict=True)


def _open_to_all(directory: Path) -> None:
    """pytest's directories are for their owner only; the function is another user."""
    for part in (directory, *directory.parents[: len(directory.parents) - 2]):
        part.chmod(0o755)


def test_an_interpreter_that_exits_at_once_does_not_block_the_service(tmp_path: Path) -> None:
    _open_to_all(tmp_path)
    dying = tmp_path / "bin" / "python"
    dying.parent.mkdir()
    # It prints its paths as an interpreter does, but exits at once when it starts the runtime.
    lives = json.dumps([str(dying), str(tmp_path), str(tmp_path), str(dying)])
    dying.write_text(f"#!/bin/sh\ncase \"$*\" in *'-I -c'*) echo '{lives}'; exit;; esac\necho last words\nexit 3\n")
    dying.chmod(0o755)
    with running(make_settings(sandbox=STRICT, python=str(dying))) as service:
        for _ in range(12):
            kind, message = error_of(service.invoke({"do": "whoami"}))
            assert (kind, message.rpartition("Error: ")[2]) == (
                "Runtime.ExitError",
                "Runtime exited with error: exit status 3",
            )
        assert service.request("GET", "/_local/functions").status == 200
        assert "last words" in service.lines


def test_an_interpreter_below_the_temporary_directory_works(tmp_path: Path) -> None:
    assert tmp_path.is_relative_to("/tmp")
    _open_to_all(tmp_path)
    venv.create(tmp_path / "environment", with_pip=False, symlinks=True)
    python = tmp_path / "environment" / "bin" / "python"
    with running(make_settings(sandbox=STRICT, python=str(python), handler="hostile.handler")) as service:
        assert service.invoke({"do": "whoami"}).json()["uid"] == 993


def test_a_function_inherits_nothing_but_its_three_streams() -> None:
    with running(make_settings(sandbox=STRICT, handler="hostile.handler")) as service:
        found = service.invoke({"do": "descriptors"}).json()
    sockets = [target for target in found.values() if target.startswith("socket:")]
    assert len(sockets) == 1, found  # the runtime's own connection to the Runtime API
    assert {"0", "1", "2"} <= set(found)
    assert len([number for number in found if int(number) > 2 and not found[number].startswith("socket:")]) <= 1, found
