"""A process that leads a session on this machine. It is signalled and killed as a group."""

from __future__ import annotations

import asyncio
import os
import signal

from iris_model.local.machine.memory import MemoryMeter
from iris_model.local.machine.output import OutputPipe


class SessionLeader:
    """The common base of the process classes. The owner sets `exited` after the last output was handled."""

    def __init__(self, pid: int, output: OutputPipe, memory: MemoryMeter) -> None:
        self.pid = pid
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.memory: MemoryMeter | None = memory
        self._output = output

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, as far as known."""
        return not self.exited.done()

    async def settle_output(self) -> None:
        """Pass on the output that is already in the pipe."""
        self._output.drain()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process group."""
        if self.is_running:
            signal_group(self.pid, number)

    async def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self.signal(signal.SIGKILL)
        await asyncio.shield(self.exited)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process group that may have ended."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):  # macOS returns EPERM for a group of zombies
        pass
