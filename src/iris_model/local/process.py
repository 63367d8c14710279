"""One child process: started, listened to, killed. Knows nothing of invocations.

It is the leader of its own session, so that its children end with it; those that left the session are the business of
`end_rest`. Its output is read from one pipe, in the order it was written, whichever of stdout and stderr it went to.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from iris_model.local.guardian import Guardian
from iris_model.local.memory import MemoryMeter
from iris_model.local.output import OutputPipe
from iris_model.local.session import SessionLeader, signal_group


class RuntimeProcess(Protocol):
    """The process of a sandbox that talks to the Runtime API, wherever it runs."""

    exited: asyncio.Future[int]
    """Resolves to the return code, negative for a signal, after the last output was passed on."""
    memory: MemoryMeter | None
    """None where this machine does not see the process."""

    @property
    def is_running(self) -> bool: ...  # noqa: D102
    async def settle_output(self) -> None: ...  # noqa: D102
    def signal(self, number: signal.Signals) -> None: ...  # noqa: D102
    async def kill(self) -> None: ...  # noqa: D102
    async def terminate(self, grace_seconds: float) -> None: ...  # noqa: D102


class ChildProcess(SessionLeader):
    """A running child of ours."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        guardian: Guardian,
        on_output: Callable[[bytes], None],
        end_rest: Callable[[], None],
        find_members: Callable[[], list[int]] | None = None,
        read_group: Callable[[], int] | None = None,
    ) -> None:
        """Start it; OSError when the system refuses. `find_members` and `read_group` are those of `MemoryMeter`."""
        self._loop = asyncio.get_running_loop()
        self._guardian = guardian
        self._end_rest = end_rest
        output = OutputPipe(on_output)
        try:
            self._popen = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output.writing_end,
                stderr=output.writing_end,
                start_new_session=True,
            )
        except BaseException:
            output.abandon()
            raise
        pid = self._popen.pid
        super().__init__(pid, output, MemoryMeter(pid, find_members, read_group))
        guardian.watch("group", self.pid)
        self._output.listen()
        self._watch_exit()

    def _watch_exit(self) -> None:
        if hasattr(os, "pidfd_open"):
            try:
                self._pidfd = os.pidfd_open(self.pid)
            except OSError:
                pass  # an old kernel, or a sandbox that forbids the call
            else:
                self._loop.add_reader(self._pidfd, self._on_pidfd)
                return
        threading.Thread(target=self._wait_in_thread, daemon=True).start()

    def _on_pidfd(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._on_exit()

    def _wait_in_thread(self) -> None:
        self._popen.wait()
        try:
            self._loop.call_soon_threadsafe(self._on_exit)
        except RuntimeError:
            pass  # the loop is closed: nobody is left to be told

    def _on_exit(self) -> None:
        # Children of the child, first: as long as the leader is not reaped, nobody else can have its number.
        signal_group(self.pid, signal.SIGKILL)
        returncode = self._popen.wait()
        self._end_rest()
        self._guardian.forget("group", self.pid)
        if self.memory is not None:
            self.memory.close()
        self._output.close()
        self.exited.set_result(returncode)
