"""Limit a sandbox's memory and CPU share with a control group, if this user may create one."""

from __future__ import annotations

import contextlib

from iris_model.contract.lambda_limits import MEMORY_PER_VCPU
from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.machine.cgroups import Cgroup, CgroupPlace
from iris_model.local.machine.guardian import Guardian
from iris_model.local.machine.memory import MIB


class Limits:
    """The control group of a sandbox. Without one, every method does nothing."""

    def __init__(
        self, settings: FunctionSettings, *, name: str, place: CgroupPlace, guardian: Guardian, extra_mib: int = 0
    ) -> None:
        """`extra_mib`: other memory that the kernel charges to the group, such as the files of a tmpfs."""
        self._share = settings.memory_mib / MEMORY_PER_VCPU if settings.sandbox.holds_cpu_share else None
        self._guardian = guardian
        self._group: Cgroup | None = None
        self._kills_seen = 0
        if place.parents:
            with contextlib.suppress(OSError):  # without a group, only the watch limits memory
                self._group = place.create(name, (settings.memory_mib + extra_mib) * MIB)
        if self._group is not None:
            for directory in self._group.directories:
                guardian.watch("cgroup", directory)

    @property
    def knows_members(self) -> bool:
        """Whether `members` and `end` reach every process."""
        return self._group is not None

    def add(self, pid: int) -> None:
        """Add a process."""
        if self._group is not None:
            self._group.add(pid)

    def members(self) -> list[int]:
        """Return every process of the sandbox."""
        return [] if self._group is None else self._group.members()

    def anonymous_bytes(self) -> int:
        """Return the memory of all processes, without files."""
        return 0 if self._group is None else self._group.anonymous_bytes()

    def throttle(self, throttled: bool) -> None:
        """Apply or remove the CPU limit."""
        if self._group is not None and self._share is not None:
            self._group.limit_processors(self._share if throttled else None)

    def was_killed_for_memory(self) -> bool:
        """Whether the kernel killed a process since the last call."""
        if self._group is None:
            return False
        before, self._kills_seen = self._kills_seen, self._group.count_memory_kills()
        return self._kills_seen > before

    def end(self) -> None:
        """Kill its processes."""
        if self._group is not None:
            self._group.end()

    def close(self) -> None:
        """Kill its processes and remove it."""
        if self._group is None:
            return
        self._group.remove()
        for directory in self._group.directories:
            self._guardian.forget("cgroup", directory)
        self._group = None


class HasLimits:
    """The methods of a confinement that use `_limits`. Before `_limits` exist, nothing is limited."""

    _limits: Limits | None = None

    def throttle(self, throttled: bool) -> None:
        """Limit the processes to their CPU share, or remove the limit."""
        if self._limits is not None:
            self._limits.throttle(throttled)

    def was_killed_for_memory(self) -> bool:
        """Return whether the kernel killed a process because of the memory limit since the last call."""
        return self._limits is not None and self._limits.was_killed_for_memory()
