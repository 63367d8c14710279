"""What the sandboxes of one service share on this machine: guardian, scratch directory, control groups, memory watch."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Protocol

from iris_model.local.cgroups import CgroupPlace, find_cgroups
from iris_model.local.docker_place import DockerPlace
from iris_model.local.guardian import Guardian

_WATCH_SECONDS = 0.05


class Watched(Protocol):
    """What looks at itself when told to."""

    def watch(self) -> None: ...  # noqa: D102


class Host:
    """Made with the service, closed with it."""

    def __init__(self) -> None:
        self.guardian = Guardian()
        self.init_slots = asyncio.Semaphore(os.cpu_count() or 1)
        """How many inits may run at once; see the pool."""
        self.strict_works = True  # until `enforcement` has tried it
        self._watched: set[Watched] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._scratch: Path | None = None

    @cached_property
    def docker(self) -> DockerPlace:
        """Docker Engine, not asked before it is needed."""
        return DockerPlace(self.guardian)

    @cached_property
    def cgroups(self) -> CgroupPlace:
        """Where control groups can be made."""
        return find_cgroups()

    @property
    def scratch(self) -> Path:
        """A directory of this service, for this user only."""
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="iris-model-"))
            self.guardian.watch("directory", self._scratch)
        return self._scratch

    def make_directory(self, name: str) -> Path:
        """An empty directory for one sandbox."""
        path = self.scratch / name
        path.mkdir()
        return path

    def remove_directory(self, path: Path) -> None:
        """Remove it with all that is in it, even where a function has taken away its own permissions."""
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():
            for directory, _, _ in os.walk(path):
                try:
                    Path(directory).chmod(0o700)
                except OSError:
                    pass  # a path that is longer than the system takes
            shutil.rmtree(path, ignore_errors=True)

    def start_watching(self, sandbox: Watched) -> None:
        """Tell it to look at itself, again and again. One timer for all, so that an invocation costs no timer."""
        self._watched.add(sandbox)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WATCH_SECONDS, self._tick)

    def stop_watching(self, sandbox: Watched) -> None:
        """No longer."""
        self._watched.discard(sandbox)

    async def close(self) -> None:
        """The sandboxes are closed; so is everything else now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if "docker" in vars(self):
            await self.docker.close()
        if self._scratch is not None:
            self.remove_directory(self._scratch)
            self._scratch = None
        self.guardian.close()

    def _tick(self) -> None:
        self._timer = None
        if not self._watched:
            return  # the next invocation starts it again
        loop = asyncio.get_running_loop()
        started = loop.time()
        for sandbox in list(self._watched):
            sandbox.watch()
        # A sandbox with a thousand processes takes long to look at. Watching may cost the service a tenth of its time.
        self._timer = loop.call_later(max(_WATCH_SECONDS, 9 * (loop.time() - started)), self._tick)
