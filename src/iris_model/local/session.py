"""A process that leads a session of its own on this machine: signalled as a group, ended with grace or without."""

from __future__ import annotations

import asyncio
import os
import signal

from iris_model.local.memory import MemoryMeter
from iris_model.local.output import OutputPipe


class SessionLeader:
    """What is the same whoever started it. Whoever did resolves `exited`, after the last output was passed on."""

    def __init__(self, pid: int, output: OutputPipe, memory: MemoryMeter) -> None:
        self.pid = pid
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.memory: MemoryMeter | None = memory
        self._output = output

    @property
    def is_running(self) -> bool:
        """Whether it has not been seen to end."""
        return not self.exited.done()

    async def settle_output(self) -> None:
        """Pass on the output that is already there."""
        self._output.drain()

    def signal(self, number: signal.Signals) -> None:
        """Signal its whole process group."""
        if self.is_running:
            signal_group(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await asyncio.shield(self.exited)

    async def terminate(self, grace_seconds: float) -> None:
        """SIGTERM; SIGKILL when the grace is over."""
        self.signal(signal.SIGTERM)
        await asyncio.wait({self.exited}, timeout=grace_seconds)
        await self.kill()


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a process group that may have ended."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        pass
