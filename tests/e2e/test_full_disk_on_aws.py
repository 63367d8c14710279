"""A full disk under every command that calls AWS: commands that write nothing succeed, others name the place once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.world import DEPLOY, NEXT, World, make_world, shared_events
from tests.e2e.test_full_disk import _fill, small_disk
from tests.support.aws_wire import serve_aws

__all__ = ["small_disk"]
pytestmark = pytest.mark.e2e


@pytest.fixture
def world(small_disk: Path, tmp_path: Path) -> Iterator[World]:
    """Project, home and temporary files are on a full disk; AWS works."""
    with serve_aws() as wire:
        world = make_world(wire, tmp_path)
        shutil.move(tmp_path / "iris", small_disk / "iris")
        (tmp_path / "iris").symlink_to(small_disk / "iris")
        names = ("HOME", "TMPDIR", "IRIS_MODEL_CACHE", "DOCKER_CONFIG")
        world.environment |= {name: str(small_disk / name.lower()) for name in names}
        _fill(small_disk)
        yield world


def _content(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        "deploy --plan --no-verify --image sha256:" + "0" * 64, DEPLOY, NEXT, "status", "logs", "doctor", "template",
        "rollback", "destroy --yes", "events list", "cost --remote",
    ],
)  # fmt: skip
def test_a_command_that_writes_nothing_needs_no_space(command: str, world: World, small_disk: Path) -> None:
    """With the same output and exit code as on a disk with space."""
    before = _content(small_disk)
    done = world.run(command)
    said = done.stdout + done.stderr
    assert "No space left" not in said
    assert "Traceback" not in said and "a bug in iris-model" not in said
    assert done.exit_code in (0, 1, 2)
    assert _content(small_disk) == before


@pytest.mark.parametrize("command", ["deploy", "login", "cost refresh --output prices.json", "events pull"])
def test_a_command_that_writes_says_where_there_is_no_space(command: str, world: World, small_disk: Path) -> None:
    shared_events({"two": {"a": 1}})(world)
    before = _content(small_disk)
    done = world.run(command)
    said = done.stdout + done.stderr
    print(said)
    assert "Traceback" not in said and "a bug in iris-model" not in said
    assert done.exit_code == 1
    assert len([line for line in done.stderr.splitlines() if line.startswith("error: ")]) == 1
    assert _content(small_disk) == before


@pytest.mark.parametrize("command", ["status", "doctor", "template", "login"])
def test_standard_output_without_space(command: str, world: World) -> None:
    program = [sys.executable, "-m", "iris_model.cli", *command.split()]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            program,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            env=world.environment,
            cwd=world.home / "iris",
        )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr and "a bug in iris-model" not in done.stderr
