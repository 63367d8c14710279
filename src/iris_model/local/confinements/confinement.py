"""The confinement of a sandbox's processes: where they run, what they can access, how they end.

A sandbox opens its confinement once, starts processes in it (one at a time, a new one after a crash), and closes it.
There are three kinds: `plain` (a child process), `strict` (namespaces), `containers` (Docker).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from iris_model.local.machine.process import RuntimeProcess


@dataclass(frozen=True)
class RuntimeApiPlace:
    """Where the Runtime API of a sandbox listens, and the address for the process inside."""

    listener: socket.socket
    address: str


class Confinement(Protocol):
    """The confinement of one sandbox."""

    @property
    def is_intact(self) -> bool:
        """Whether another process can be started in it. Otherwise the sandbox cannot be used again."""
        ...

    async def open(self) -> RuntimeApiPlace:
        """Create it, with the socket of the Runtime API."""
        ...

    async def start(
        self, place: RuntimeApiPlace, log_stream: str, on_output: Callable[[bytes], None]
    ) -> RuntimeProcess:
        """Start the runtime in it. Raises OSError if it cannot be started."""
        ...

    def throttle(self, throttled: bool) -> None:
        """Limit the processes to their CPU share, or remove the limit. The init is not throttled."""
        ...

    def was_killed_for_memory(self) -> bool:
        """Whether the kernel has killed a process because of the memory limit since the last call."""
        ...

    def find_warning(self) -> str | None:
        """Return a line for the log, once, about a limit that was exceeded but could not be enforced."""
        ...

    async def close(self) -> None:
        """Remove every process, file and control group."""
        ...
