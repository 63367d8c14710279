"""One build of a project at a time: two would write the same function directory, layers and layout.

The lock is the kernel's, on the project's directory: it writes nothing, and whoever is killed leaves nothing to be removed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: who starts two builds at once there is told that something was in the way
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def one_build_at_a_time(project: Path, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process builds this project. Where no lock can be had, nobody waits: what cannot be written is told
    by who has something to write."""
    with contextlib.ExitStack() as stack:
        if fcntl is not None:
            with contextlib.suppress(OSError):
                descriptor = os.open(project, os.O_RDONLY)
                stack.callback(os.close, descriptor)
                _wait(descriptor, on_wait)
        yield


def _wait(descriptor: int, on_wait: Callable[[str], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait("Waiting for another build of this project")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
