"""End the processes and resources that a dead service leaves behind. Runs as a separate program.

A service that is killed cannot clean up. The guardian reads from a pipe: a line `+KIND NAME` when something starts, and
`-KIND NAME` when it has ended. The end of the pipe means that the service has ended; then the guardian ends everything
that is left. PR_SET_PDEATHSIG is not sufficient: it reaches the child but not the child's own children, needs code
between fork and exec (which makes each start slow), and exists only on Linux.

This file is started by its path, without the package, so it imports only the standard library.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Kind = Literal["group", "marker", "cgroup", "container", "network", "directory"]

_ROUNDS = 20


class Guardian:
    """The service's end of the pipe."""

    def __init__(self) -> None:
        self._process = 0
        self._pipe = -1
        self._starting = threading.Lock()

    def watch(self, kind: Kind, name: object) -> None:
        """Register something that must not outlive the service. The first call starts a process, so use a thread."""
        with self._starting:
            if self._pipe < 0:
                self._start()
        self._tell(f"+{kind} {name}\n")

    def forget(self, kind: Kind, name: object) -> None:
        """Unregister something that has ended."""
        self._tell(f"-{kind} {name}\n")

    def close(self) -> None:
        """Close the pipe: nothing is left to guard."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
            os.waitpid(self._process, 0)

    def _start(self) -> None:
        from iris_model.local.machine.spawn import spawn  # here, because the guardian itself runs without the package

        reading_end, self._pipe = os.pipe()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            # It leads its own session, because Ctrl-C in the terminal must not end it.
            self._process = spawn([sys.executable, "-I", "-S", __file__], standard_input=reading_end, output=nowhere)
        except BaseException:
            os.close(self._pipe)
            self._pipe = -1
            raise
        finally:
            os.close(reading_end)
            os.close(nowhere)

    def _tell(self, line: str) -> None:
        if self._pipe < 0:
            return
        try:
            os.write(self._pipe, line.encode())
        except OSError:
            # The guardian was killed. The sandboxes still end with the service, unless the service is also killed.
            pass


def end_marked(marker: str) -> None:
    """Kill every process that started with `marker` in its environment, including children that left their session.

    A process that was executed with another environment escapes; only a control group or a namespace prevents that.
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
                pass  # it has ended, or belongs to another user
        if not found:
            return


def end_cgroup(path: Path) -> None:
    """Kill every process of a control group, and remove it."""
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
            pass  # the next service removes it by its label


def _end_directory(name: str) -> None:
    shutil.rmtree(name, ignore_errors=True)


# In this order: first the processes, then the resources that they used.
_ENDINGS: dict[str, Callable[[str], None]] = {
    "group": _end_group,
    "cgroup": lambda name: end_cgroup(Path(name)),
    "marker": end_marked,
    "container": _end_container,
    "network": _end_network,
    "directory": _end_directory,
}


def main() -> None:
    """Run the guardian."""
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
