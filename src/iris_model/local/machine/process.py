"""A child process: start it, read its output, kill it.

It leads its own session, so that its children end with it; `end_rest` ends children that left the session. One pipe has
its output, in the order of writing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from typing import Protocol

from iris_model.local.machine.guardian import Guardian
from iris_model.local.machine.memory import MemoryMeter
from iris_model.local.machine.output import OutputPipe
from iris_model.local.machine.session import SessionLeader, signal_group


class RuntimeProcess(Protocol):
    """The process of a sandbox that calls the Runtime API, wherever it runs."""

    exited: asyncio.Future[int]
    """Resolves to the return code, negative for a signal, after the last output was passed on."""
    memory: MemoryMeter | None
    """None if this machine cannot see the process."""

    @property
    def is_running(self) -> bool: ...  # noqa: D102
    async def settle_output(self) -> None: ...  # noqa: D102
    def signal(self, number: signal.Signals) -> None: ...  # noqa: D102
    async def kill(self) -> None: ...  # noqa: D102


class ChildProcess(SessionLeader):
    """A running child of this process that leads a session."""

    def __init__(
        self, pid: int, output: OutputPipe, memory: MemoryMeter, *, guardian: Guardian, end_rest: Callable[[], None]
    ) -> None:
        """`end_rest` ends processes that left the session. A thread calls it after the process has ended."""
        super().__init__(pid, output, memory)
        self._loop = asyncio.get_running_loop()
        self._guardian = guardian
        self._end_rest = end_rest
        self._ending: asyncio.Future[None] | None = None
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
        # Kill the children before the leader is reaped: until then, no other process can get its number.
        signal_group(self.pid, signal.SIGKILL)
        self._on_exit(_wait(self.pid))

    def _wait_in_thread(self) -> None:
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            signal_group(self.pid, signal.SIGKILL)
        returncode = _wait(self.pid)
        try:
            self._loop.call_soon_threadsafe(self._on_exit, returncode)
        except RuntimeError:
            pass  # the loop is closed: no listener is left

    def _on_exit(self, returncode: int) -> None:
        self._ending = asyncio.ensure_future(self._end(returncode))

    async def _end(self, returncode: int) -> None:
        try:
            # In a thread, because without a control group it examines every process of this machine.
            await asyncio.to_thread(self._end_rest)
        finally:
            self._guardian.forget("group", self.pid)
            if self.memory is not None:
                self.memory.close()
            self._output.close()
            self.exited.set_result(returncode)


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
