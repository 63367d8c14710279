"""Kills what a dead service leaves behind. Run as a program of its own; knows nothing but process group ids.

A service that is killed cannot clean up. The guardian holds the other end of a pipe: `+PID` says that a process group
began, `-PID` that it ended, and the end of the pipe that the service is gone, whereupon every group still alive is
killed. PR_SET_PDEATHSIG would not do: it reaches the child but not the child's own children, needs code between fork
and exec (which costs each sandbox a slow fork), and only Linux has it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys


class Guardian:
    """The service's end of the pipe."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, pid: int) -> None:
        """The process group `pid` began."""
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
        self._tell(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """The process group `pid` ended."""
        self._tell(f"-{pid}\n")

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


def main() -> None:
    """The guardian's end of the pipe."""
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    main()
