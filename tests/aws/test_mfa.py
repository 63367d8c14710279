"""A profile with an MFA device at a real terminal: the command asks for the code once and keeps the session."""

from __future__ import annotations

import json
import os
import pty
import select
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.world import World, make_world, profile
from tests.support.aws_wire import serve_aws


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serve_aws() as wire:
        made = make_world(wire, tmp_path)
        profile("mfa")(made)
        yield made


def run_at_terminal(world: World, *arguments: str, types: bytes) -> tuple[int, str]:
    """Run the command line at a pseudo-terminal; what is typed goes in when something is asked."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(world.home / "iris")
        os.execve(sys.executable, [sys.executable, "-m", "iris_model.cli", *arguments], world.environment)
    shown, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 1)
        try:
            more = os.read(terminal, 65536) if ready else b""
        except OSError:  # on Linux, when the other end is closed
            break
        if ready and not more:
            break
        shown += more
        if types and b"Enter MFA code" in shown:
            os.write(terminal, types)
            types = b""
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode()


def assumptions(world: World) -> list[dict[str, str]]:
    return [parameters for _, operation, parameters in world.fake.calls if operation == "AssumeRole"]


def test_the_code_is_asked_for_once(world: World):
    code, shown = run_at_terminal(world, "status", types=b"123456\n")
    assert code == 0, shown
    assert shown.count("Enter MFA code for arn:aws:iam::123456789012:mfa/me:") == 1 and "123456\r" not in shown
    (asked,) = assumptions(world)
    assert (asked["RoleArn"], asked["SerialNumber"], asked["TokenCode"]) == (
        "arn:aws:iam::123456789012:role/deployer", "arn:aws:iam::123456789012:mfa/me", "123456",
    )  # fmt: skip
    (kept,) = (world.home / ".aws/cli/cache").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["Credentials"]["SessionToken"] == "session"
    # Without a terminal too, since nothing is to be asked.
    assert world.run("doctor").exit_code == 0
    assert len(assumptions(world)) == 1
    assert "of profile mfa" in world.run("doctor").stdout


@pytest.mark.slow
def test_each_command_asks_if_the_session_cannot_be_stored(world: World):
    (world.home / "file").write_text("")
    world.environment["HOME"] = str(world.home / "file")
    for count in (1, 2):
        code, shown = run_at_terminal(world, "status", types=b"123456\n")
        assert (code, len(assumptions(world))) == (0, count), shown


def test_a_wrong_code_is_reported(world: World):
    world.fake.mfa_code = "654321"
    code, shown = run_at_terminal(world, "status", types=b"123456\n")
    assert code == 1
    assert "credentials of profile mfa (sts:AssumeRole in eu-west-1): the role cannot be assumed" in shown
    assert "one time pass code" in shown and "Traceback" not in shown
