"""The common resources of a service's sandboxes: guardian, scratch directory, control groups, memory watch."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

from iris_model.local.machine.cgroups import CgroupPlace, find_cgroups
from iris_model.local.machine.docker_place import DockerPlace
from iris_model.local.machine.guardian import Guardian

_WATCH_SECONDS = 0.05
# The time for checking busy sandboxes without a pause. The others are checked later, so that requests are not delayed.
_LOOKING_SECONDS = 0.01
# The maximum number of file counts a second, of all sandboxes. Each count runs in a thread, and an invocation waits for
# it.
_COUNTS_PER_SECOND = 10
T = TypeVar("T")


class Watched(Protocol):
    """Something that checks itself on request."""

    def watch(self) -> None: ...  # noqa: D102


class Host:
    """Created and closed with the service."""

    def __init__(self) -> None:
        self.guardian = Guardian()
        self.init_slots = asyncio.Semaphore(os.cpu_count() or 1)
        """The number of inits that may run at once; see the pool."""
        self.strict_works = True  # `enforcement` corrects it
        self._starter = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="start")
        self._making = threading.Lock()
        self._watched: set[Watched] = set()
        self._to_look_at: list[Watched] = []  # the rest of this round
        self._timer: asyncio.TimerHandle | None = None
        self._counted = 0.0  # the time when a sandbox last counted its files
        self._scratch: Path | None = None
        self._cgroups: CgroupPlace | None = None

    @cached_property
    def docker(self) -> DockerPlace:
        """Docker Engine, connected at first use."""
        return DockerPlace(self.guardian)

    @property
    def cgroups(self) -> CgroupPlace:
        """Where control groups can be created."""
        with self._making:
            if self._cgroups is None:
                self._cgroups = find_cgroups()
            return self._cgroups

    @property
    def scratch(self) -> Path:
        """A directory of this service, for this user only."""
        with self._making:
            if self._scratch is None:
                self._scratch = Path(tempfile.mkdtemp(prefix="iris-model-"))
                self.guardian.watch("directory", self._scratch)
            return self._scratch

    async def run_in_thread(self, step: Callable[[], T]) -> T:
        """Run a step of a sandbox's start in a thread, and wait until it is done, even if the wait is cancelled.

        At most one step for each processor runs at once. The service answers other requests in the meantime.
        """
        future = asyncio.get_running_loop().run_in_executor(self._starter, step)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait({future})
            raise

    def make_directory(self, name: str) -> Path:
        """Create an empty directory for one sandbox."""
        path = self.scratch / name
        path.mkdir()
        return path

    def remove_directory(self, path: Path) -> None:
        """Remove a directory with its content, even if a function removed its own permissions."""
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():
            for directory, _, _ in os.walk(path):
                try:
                    Path(directory).chmod(0o700)
                except OSError:
                    pass  # a path longer than the system accepts
            shutil.rmtree(path, ignore_errors=True)

    def may_count_files(self) -> bool:
        """Whether a sandbox may count its files now. If so, the others must wait a moment."""
        now = time.monotonic()
        if now - self._counted < 1 / _COUNTS_PER_SECOND:
            return False
        self._counted = now
        return True

    def start_watching(self, sandbox: Watched) -> None:
        """Let a sandbox check itself regularly. All sandboxes share one timer, so that an invocation needs none."""
        self._watched.add(sandbox)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WATCH_SECONDS, self._tick)

    def stop_watching(self, sandbox: Watched) -> None:
        """Stop checking a sandbox."""
        self._watched.discard(sandbox)

    async def close(self) -> None:
        """Close all resources. Call it after the sandboxes are closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if "docker" in vars(self):
            await self.docker.close()
        if self._scratch is not None:
            await asyncio.to_thread(self.remove_directory, self._scratch)
            self._scratch = None
        await asyncio.to_thread(self.guardian.close)
        self._starter.shutdown(wait=False)

    def _tick(self) -> None:
        self._timer = None
        if not self._watched:
            return  # the next invocation starts the timer again
        loop = asyncio.get_running_loop()
        started = loop.time()
        if not self._to_look_at:
            self._to_look_at = list(self._watched)
        while self._to_look_at and loop.time() - started < _LOOKING_SECONDS:
            sandbox = self._to_look_at.pop()
            if sandbox in self._watched:
                sandbox.watch()
        # Checking a sandbox with a thousand processes takes long. All checks together may use a tenth of the time.
        pause = 9 * (loop.time() - started)
        self._timer = loop.call_later(pause if self._to_look_at else max(_WATCH_SECONDS, pause), self._tick)
