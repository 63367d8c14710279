"""Ends what a dead service leaves behind. Run as a program of its own; knows nothing but what it is told to end.

A service that is killed cannot clean up. The guardian holds the other end of a pipe: a line `+KIND NAME` says that
something began, `-KIND NAME` that it ended, and the end of the pipe that the service is gone, whereupon everything that
is still there is ended. PR_SET_PDEATHSIG would not do: it reaches the child but not the child's own children, needs code
between fork and exec (which costs each sandbox a slow fork), and only Linux has it.

This file is started by its path, without the package around it: it imports the standard library only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Kind = Literal["group", "marker", "cgroup", "container", "network", "directory"]

_ROUNDS = 20


class Guardian:
    """The service's end of the pipe."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, kind: Kind, name: object) -> None:
        """Something began that must not outlive the service."""
        if self._process is None:
            # A session of its own: Ctrl-C in the terminal must not reach it, or it could not do its work.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        self._tell(f"+{kind} {name}\n")

    def forget(self, kind: Kind, name: object) -> None:
        """It ended."""
        self._tell(f"-{kind} {name}\n")

    def close(self) -> None:
        """Nothing is left to guard."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _tell(self, line: str) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode())
        except OSError:
            # Somebody killed the guardian. The sandboxes still end with the service unless that is killed as well.
            pass


def end_marked(marker: str) -> None:
    """Kill every process whose environment at its start had `marker` in it: children that left their session, too.

    What execs with an environment of its own escapes; only a control group or a namespace holds that.
    """
    if not Path("/proc/self/environ").exists():
        return
    wanted = marker.encode()
    own = os.getpid()
    for _ in range(_ROUNDS):
        found = False
        for process in Path("/proc").iterdir():
            if not process.name.isdigit() or int(process.name) == own:
                continue
            try:
                if wanted in (process / "environ").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
                    found = True
            except OSError:
                pass  # gone, or somebody else's
        if not found:
            return


def end_cgroup(path: Path) -> None:
    """Kill every process of a control group, and remove it when they are gone."""
    for _ in range(_ROUNDS):
        try:
            members = (path / "cgroup.procs").read_text().split()
        except OSError:
            return
        for member in members:
            try:
                os.kill(int(member), signal.SIGKILL)
            except OSError:
                pass
        try:
            path.rmdir()
        except OSError:
            time.sleep(0.02)
        else:
            return


def _end_group(name: str) -> None:
    try:
        os.killpg(int(name), signal.SIGKILL)
    except OSError:
        pass


def _end_container(name: str) -> None:
    _tell_docker("rm", "--force", "--volumes", name)


def _end_network(name: str) -> None:
    _tell_docker("network", "rm", name)


def _tell_docker(*arguments: str) -> None:
    docker = shutil.which("docker")
    if docker is not None:
        try:
            subprocess.run([docker, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            pass  # the next service removes it: it bears our label


def _end_directory(name: str) -> None:
    shutil.rmtree(name, ignore_errors=True)


# In this order: what runs, then what it stood on.
_ENDINGS: dict[str, Callable[[str], None]] = {
    "group": _end_group,
    "cgroup": lambda name: end_cgroup(Path(name)),
    "marker": end_marked,
    "container": _end_container,
    "network": _end_network,
    "directory": _end_directory,
}


def main() -> None:
    """The guardian's end of the pipe."""
    alive: dict[tuple[str, str], None] = {}
    for line in sys.stdin:
        kind, _, name = line[1:].rstrip("\n").partition(" ")
        if line[:1] == "+":
            alive[kind, name] = None
        else:
            alive.pop((kind, name), None)
    for ending, end in _ENDINGS.items():
        for kind, name in alive:
            if kind == ending:
                end(name)


if __name__ == "__main__":
    main()
