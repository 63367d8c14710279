"""What surrounds the processes of one sandbox: where they run, what they can touch, what becomes of them.

A sandbox opens its confinement once, starts one process after the other in it (the next one after a crash), and closes
it. There are three: `plain` (a child process), `strict` (namespaces), `containers` (Docker).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from iris_model.local.process import RuntimeProcess


@dataclass(frozen=True)
class RuntimeApiPlace:
    """Where the Runtime API of a sandbox listens, and the address by which the process inside knows it."""

    listener: socket.socket
    address: str


class Confinement(Protocol):
    """The surroundings of one sandbox."""

    @property
    def is_intact(self) -> bool:
        """Whether another process can be started in them; otherwise the sandbox is of no more use."""
        ...

    async def open(self) -> RuntimeApiPlace:
        """Make them, and the socket through which they are left."""
        ...

    async def start(
        self, place: RuntimeApiPlace, log_stream: str, on_output: Callable[[bytes], None]
    ) -> RuntimeProcess:
        """Start the runtime in them; OSError when it cannot be started."""
        ...

    def throttle(self, throttled: bool) -> None:
        """Hold the processes to their share of a processor, or let them have all: init is not throttled."""
        ...

    def was_killed_for_memory(self) -> bool:
        """Whether the kernel has killed a process for want of memory since this was asked last."""
        ...

    def find_warning(self) -> str | None:
        """What the log is to say, once, of what could not be enforced and happened."""
        ...

    async def close(self) -> None:
        """Leave nothing: no process, no file, no group."""
        ...
