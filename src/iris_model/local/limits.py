"""Holds one sandbox to its memory and its share of a processor: by a control group where that is allowed."""

from __future__ import annotations

import contextlib

from iris_model.local.cgroups import Cgroup, CgroupPlace
from iris_model.local.guardian import Guardian
from iris_model.local.memory import MIB
from iris_model.local.sandbox_settings import MIB_PER_PROCESSOR
from iris_model.local.settings import FunctionSettings


class Limits:
    """The control group of a sandbox, or nothing where there can be none; then every method does nothing."""

    def __init__(
        self, settings: FunctionSettings, *, name: str, place: CgroupPlace, guardian: Guardian, extra_mib: int = 0
    ) -> None:
        """`extra_mib`: what the group is charged for beside the memory of processes, as the files of a tmpfs are."""
        self._share = settings.memory_mib / MIB_PER_PROCESSOR if settings.sandbox.holds_cpu_share else None
        self._guardian = guardian
        self._group: Cgroup | None = None
        self._kills_seen = 0
        if place.parents:
            with contextlib.suppress(OSError):  # then the watch alone holds the limit
                self._group = place.create(name, (settings.memory_mib + extra_mib) * MIB)
        if self._group is not None:
            for directory in self._group.directories:
                guardian.watch("cgroup", directory)

    @property
    def knows_members(self) -> bool:
        """Whether `members` and `end` reach every process."""
        return self._group is not None

    def add(self, pid: int) -> None:
        """Take in a process."""
        if self._group is not None:
            self._group.add(pid)

    def members(self) -> list[int]:
        """Every process of the sandbox."""
        return [] if self._group is None else self._group.members()

    def anonymous_bytes(self) -> int:
        """The memory of all of them together, without files."""
        return 0 if self._group is None else self._group.anonymous_bytes()

    def throttle(self, throttled: bool) -> None:
        """Hold it to its share of a processor, or not."""
        if self._group is not None and self._share is not None:
            self._group.limit_processors(self._share if throttled else None)

    def was_killed_for_memory(self) -> bool:
        """Whether the kernel killed a process in it since this was asked last."""
        if self._group is None:
            return False
        before, self._kills_seen = self._kills_seen, self._group.count_memory_kills()
        return self._kills_seen > before

    def end(self) -> None:
        """Kill what is in it."""
        if self._group is not None:
            self._group.end()

    def close(self) -> None:
        """Kill what is in it, and remove it."""
        if self._group is None:
            return
        self._group.remove()
        for directory in self._group.directories:
            self._guardian.forget("cgroup", directory)
        self._group = None
