"""The default sandbox: a child process of this user, in the function directory, with a directory for temporary files.

`TMPDIR` replaces `/tmp`: a directory of this sandbox only, which survives a crash of the process. Its size is watched
but not limited; the system refuses only a single file that is larger than `/tmp` ("File too large"). A function that
uses the path `/tmp` gets this machine's `/tmp`; strict mode and containers have their own.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.confinements.confinement import RuntimeApiPlace
from iris_model.local.confinements.environment import build_command, build_environment
from iris_model.local.machine.descriptors import limit_function
from iris_model.local.machine.guardian import end_marked
from iris_model.local.machine.host import Host
from iris_model.local.machine.limits import HasLimits, Limits
from iris_model.local.machine.memory import MIB, MemoryMeter
from iris_model.local.machine.output import OutputPipe
from iris_model.local.machine.process import ChildProcess
from iris_model.local.machine.spawn import spawn


class PlainConfinement(HasLimits):
    """A directory for temporary files, and a control group if the user may create one."""

    def __init__(self, settings: FunctionSettings, *, host: Host, name: str, initialization_type: str) -> None:
        self._settings = settings
        self._host = host
        self._name = name
        self._initialization_type = initialization_type
        self._tmp = Path()
        self._marker = ""
        self._warned = False

    async def open(self) -> RuntimeApiPlace:
        """Create the directory and the control group; listen on loopback."""
        await self._host.run_in_thread(self._make_surroundings)
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        return RuntimeApiPlace(listener, f"127.0.0.1:{listener.getsockname()[1]}")

    def _make_surroundings(self) -> None:
        self._tmp = self._host.make_directory(self._name)
        self._limits = Limits(
            self._settings, name=f"iris-model-{self._name}", place=self._host.cgroups, guardian=self._host.guardian
        )

    @property
    def is_intact(self) -> bool:
        """Always true."""
        return True

    async def start(self, place: RuntimeApiPlace, log_stream: str, on_output: Callable[[bytes], None]) -> ChildProcess:
        """Start the process in a thread, because it may take long and other requests must not wait."""
        output = OutputPipe(on_output)
        try:
            pid = await self._host.run_in_thread(partial(self._start, place.address, log_stream, output))
        except BaseException:
            output.abandon()
            raise
        limits = self._limits
        assert limits is not None
        memory = MemoryMeter(
            pid,
            limits.members if limits.knows_members else None,
            limits.anonymous_bytes if limits.knows_members else None,
        )
        return ChildProcess(pid, output, memory, guardian=self._host.guardian, end_rest=self._end_rest)

    def _start(self, runtime_api: str, log_stream: str, output: OutputPipe) -> int:
        assert self._limits is not None
        environment = build_environment(
            self._settings,
            runtime_api=runtime_api,
            log_stream=log_stream,
            task_root=str(self._settings.directory),
            initialization_type=self._initialization_type,
        )
        self._host.guardian.watch("marker", log_stream)
        self._marker = log_stream
        pid = spawn(
            build_command(self._settings),
            directory=self._settings.directory,
            environment={"TMPDIR": str(self._tmp), **environment},
            output=output.writing_end,
        )
        self._host.guardian.watch("group", pid)
        self._limits.add(pid)
        self._limit_files(pid)
        limit_function(pid)
        return pid

    def find_warning(self) -> str | None:
        """Return a warning, once, if `/tmp` exceeds its size."""
        limit = self._settings.sandbox.tmp_mib
        if self._warned or (size := _size_of(self._tmp)) <= limit * MIB:
            return None
        self._warned = True
        return (
            f"The temporary files of {self._settings.name} take {-(-size // MIB)} MB, and its /tmp has {limit}. On AWS "
            'the write fails with "No space left on device". Use --strict to reproduce it.'
        )

    async def close(self) -> None:
        """Remove the control group and the files."""
        if self._limits is None:
            return
        await asyncio.to_thread(self._end_rest)
        await asyncio.to_thread(self._limits.close)
        await asyncio.to_thread(self._host.remove_directory, self._tmp)
        if self._marker:
            self._host.guardian.forget("marker", self._marker)

    def _end_rest(self) -> None:
        # A control group includes processes that left the session. Without one, their environment identifies them.
        assert self._limits is not None
        if self._limits.knows_members:
            self._limits.end()
        elif self._marker:
            end_marked(self._marker)

    def _limit_files(self, pid: int) -> None:
        import resource  # not on Windows, where this module is imported all the same

        if hasattr(resource, "prlimit"):
            size = self._settings.sandbox.tmp_mib * MIB
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))
            except (OSError, ValueError):
                pass  # ended already, or this user has a lower limit


def _size_of(directory: Path) -> int:
    total = 0
    waiting = [str(directory)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue  # the function has removed it
    return total
