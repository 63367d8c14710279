"""The everyday sandbox: a child process of this user, in the function directory, with a directory of its own for files.

`TMPDIR` stands for `/tmp`: a directory that lives as long as the sandbox, so through a crash, and is nobody else's. How
much lies in it is watched, not held; one file larger than `/tmp` is refused by the system ("File too large"). A function
that names `/tmp` itself gets that of this machine; strict mode and containers have a real one.
"""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path

from iris_model.local.confinement import RuntimeApiPlace
from iris_model.local.environment import build_command, build_environment
from iris_model.local.guardian import end_marked
from iris_model.local.host import Host
from iris_model.local.limits import Limits
from iris_model.local.memory import MIB
from iris_model.local.process import ChildProcess
from iris_model.local.settings import FunctionSettings


class PlainConfinement:
    """A directory for temporary files, and a control group where that is allowed."""

    def __init__(self, settings: FunctionSettings, *, host: Host, name: str, initialization_type: str) -> None:
        self._settings = settings
        self._host = host
        self._name = name
        self._initialization_type = initialization_type
        self._tmp = Path()
        self._limits: Limits | None = None
        self._marker = ""
        self._warned = False

    async def open(self) -> RuntimeApiPlace:
        """Make the directory and the group; listen on loopback."""
        self._tmp = self._host.make_directory(self._name)
        self._limits = Limits(
            self._settings, name=f"iris-model-{self._name}", place=self._host.cgroups, guardian=self._host.guardian
        )
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        return RuntimeApiPlace(listener, f"127.0.0.1:{listener.getsockname()[1]}")

    @property
    def is_intact(self) -> bool:
        """There is nothing that could break."""
        return True

    async def start(self, place: RuntimeApiPlace, log_stream: str, on_output: Callable[[bytes], None]) -> ChildProcess:
        """Start the child."""
        assert self._limits is not None
        environment = build_environment(
            self._settings,
            runtime_api=place.address,
            log_stream=log_stream,
            task_root=str(self._settings.directory),
            initialization_type=self._initialization_type,
        )
        self._host.guardian.watch("marker", log_stream)
        self._marker = log_stream
        process = ChildProcess(
            build_command(self._settings),
            directory=self._settings.directory,
            environment={"TMPDIR": str(self._tmp), **environment},
            guardian=self._host.guardian,
            on_output=on_output,
            end_rest=self._end_rest,
            find_members=self._limits.members if self._limits.knows_members else None,
            read_group=self._limits.anonymous_bytes if self._limits.knows_members else None,
        )
        self._limits.add(process.pid)
        self._limit_files(process.pid)
        return process

    def throttle(self, throttled: bool) -> None:
        """By the control group."""
        if self._limits is not None:
            self._limits.throttle(throttled)

    def was_killed_for_memory(self) -> bool:
        """Ask the control group."""
        return self._limits is not None and self._limits.was_killed_for_memory()

    def find_warning(self) -> str | None:
        """Say once that more lies in `/tmp` than fits."""
        limit = self._settings.sandbox.tmp_mib
        if self._warned or (size := _size_of(self._tmp)) <= limit * MIB:
            return None
        self._warned = True
        return (
            f"The temporary files of {self._settings.name} take {-(-size // MIB)} MB, and its /tmp has {limit}: in the cloud "
            'the write fails with "No space left on device". Strict mode shows it here.'
        )

    async def close(self) -> None:
        """Remove the group and the files."""
        if self._limits is None:
            return
        self._end_rest()
        self._limits.close()
        self._host.remove_directory(self._tmp)
        if self._marker:
            self._host.guardian.forget("marker", self._marker)

    def _end_rest(self) -> None:
        # A process that left the session is in the group still; without one, its environment gives it away.
        assert self._limits is not None
        if self._limits.knows_members:
            self._limits.end()
        elif self._marker:
            end_marked(self._marker)

    def _limit_files(self, pid: int) -> None:
        if hasattr(resource, "prlimit"):
            size = self._settings.sandbox.tmp_mib * MIB
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))
            except (OSError, ValueError):
                pass  # ended already, or this user was given less


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
            continue  # the function has removed it meanwhile
    return total
