"""Control groups: the kernel limits a sandbox's memory, CPU share and number of processes, and lists its processes.

`find_cgroups` finds where this user may create groups, in either version of the interface. Without groups, the service
watches the sandbox instead. A group is one directory for each controller (version 1) or for all (version 2).

https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/index.html
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Controller = Literal["memory", "cpu", "pids"]
_CONTROLLERS: tuple[Controller, ...] = ("memory", "cpu", "pids")

# Short, so that a small share causes many short pauses instead of a few long ones, as in the cloud.
_PERIOD_US = 20_000
_LEAST_QUOTA_US = 1_000  # the kernel's minimum
_REMOVE_SECONDS = 1.0
# The limit of an execution environment for processes and threads together.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_PROCESSES = 1024


@dataclass(frozen=True)
class CgroupPlace:
    """Where groups can be created: the parent directory for each controller, and the version of the interface."""

    version: int
    parents: Mapping[Controller, Path]

    @property
    def missing(self) -> list[Controller]:
        """Return the controllers that this user may not use."""
        return [controller for controller in _CONTROLLERS if controller not in self.parents]

    def create(self, name: str, memory_bytes: int) -> Cgroup:
        """Create a group with that memory limit. Raises OSError if the kernel refuses."""
        paths: dict[Controller, Path] = {}
        group = Cgroup(self.version, paths)
        try:
            for controller, parent in self.parents.items():
                path = parent / name
                path.mkdir(exist_ok=self.version == 2)
                paths[controller] = path
            group.limit_memory(memory_bytes)
            if "pids" in paths:
                _write(paths["pids"], "pids.max", MOST_PROCESSES)
        except OSError:
            group.remove()
            raise
        return group


class Cgroup:
    """One group: the processes of one sandbox."""

    def __init__(self, version: int, paths: Mapping[Controller, Path]) -> None:
        self._version = version
        self._paths = paths

    @property
    def directories(self) -> list[Path]:
        """Return its directories, each once."""
        return list(dict.fromkeys(self._paths.values()))

    def add(self, pid: int) -> None:
        """Add a process; its future children belong to the group too."""
        for path in self.directories:
            try:
                (path / "cgroup.procs").write_text(str(pid))
            except ProcessLookupError:
                pass  # ended already

    def members(self) -> list[int]:
        """Return all processes in the group."""
        return [int(pid) for pid in (self.directories[0] / "cgroup.procs").read_text().split()]

    def limit_memory(self, size: int) -> None:
        """Limit memory, without swap. Beyond the limit, the kernel kills processes."""
        if (path := self._paths.get("memory")) is None:
            return
        if self._version == 2:
            _write(path, "memory.max", size)
            _write_if_there(path, "memory.swap.max", 0)
            _write_if_there(path, "memory.oom.group", 1)
        else:
            _write(path, "memory.limit_in_bytes", size)
            _write_if_there(path, "memory.memsw.limit_in_bytes", size)
            _write_if_there(path, "memory.swappiness", 0)

    def anonymous_bytes(self) -> int:
        """Return the private memory of its processes, without files and their cache."""
        if (path := self._paths.get("memory")) is None:
            return 0
        name = "anon" if self._version == 2 else "total_rss"
        lines = (path / "memory.stat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith(name + " ")), 0)

    def count_memory_kills(self) -> int:
        """Return the number of its processes that the kernel has killed because of the memory limit."""
        if (path := self._paths.get("memory")) is None:
            return 0
        try:
            text = (path / ("memory.events" if self._version == 2 else "memory.oom_control")).read_text()
        except OSError:
            return 0
        fields = dict(line.split() for line in text.splitlines() if line)
        return int(fields.get("oom_kill", 0))

    def limit_processors(self, share: float | None) -> None:
        """Limit the CPU share: 0.5 is half of one processor; None is no limit."""
        if (path := self._paths.get("cpu")) is None:
            return
        quota = None if share is None else max(_LEAST_QUOTA_US, round(share * _PERIOD_US))
        try:
            if self._version == 2:
                _write(path, "cpu.max", f"{'max' if quota is None else quota} {_PERIOD_US}")
            else:
                _write(path, "cpu.cfs_period_us", _PERIOD_US)
                _write(path, "cpu.cfs_quota_us", -1 if quota is None else quota)
        except OSError:
            pass  # the group is being removed

    def end(self) -> None:
        """Kill its processes."""
        try:
            members = self.members()
        except OSError:
            return
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass

    def remove(self) -> None:
        """Kill its processes and remove it. Waits a moment until the killed processes have left the group."""
        limit = time.monotonic() + _REMOVE_SECONDS
        for path in self.directories:
            while path.exists():
                self.end()
                try:
                    path.rmdir()
                except OSError:
                    if time.monotonic() > limit:
                        break  # the guardian, or the next boot, removes it
                    time.sleep(0.005)


def find_cgroups(proc: Path = Path("/proc/self")) -> CgroupPlace:
    """Return where groups can be created; if nowhere, a place without parents."""
    try:
        memberships = [line.split(":", 2) for line in (proc / "cgroup").read_text().splitlines()]
        mounts = _read_mounts(proc / "mountinfo")
    except OSError:
        return CgroupPlace(2, {})
    own_of_controller = {name: own for _, names, own in memberships for name in names.split(",") if name}
    parents: dict[Controller, Path] = {}
    for controller in _CONTROLLERS:
        own, mount = own_of_controller.get(controller), mounts.get(controller)
        if own is not None and mount is not None and (parent := _writable_parent(mount, own)):
            parents[controller] = parent
    if parents or not set(_CONTROLLERS).isdisjoint(own_of_controller):
        return CgroupPlace(1, parents)
    unified = next((own for number, names, own in memberships if number == "0" and not names), None)
    mount = mounts.get("")
    if unified is None or mount is None:
        return CgroupPlace(2, {})
    return CgroupPlace(2, _find_delegated(mount, unified))


def _find_delegated(mount: Path, own: str) -> dict[Controller, Path]:
    # Only leaves may contain processes, so our groups are siblings of this process's group, or of a group above it.
    # Their parent is the first group that this user owns and that passes the controllers on to its children.
    place = mount / own.lstrip("/")
    for ancestor in [place, *place.parents]:
        try:
            given = (ancestor / "cgroup.subtree_control").read_text().split()
        except OSError:
            break  # above the mount
        if "memory" in given and _may_make_groups(ancestor):
            return {controller: ancestor for controller in _CONTROLLERS if controller in given}
    return {}


def _writable_parent(mount: Path, own: str) -> Path | None:
    # In a container, the group that /proc names may be outside of the mount. Then use the mount itself.
    place = mount / own.lstrip("/")
    parent = place if place.is_dir() else mount
    return parent if _may_make_groups(parent) else None


def _may_make_groups(directory: Path) -> bool:
    # Create a group as a test, because access(2) succeeds for root even on a read-only mount of another namespace.
    trial = directory / f"iris-model-trial-{os.getpid()}-{time.monotonic_ns()}"
    try:
        if not os.access(directory / "cgroup.procs", os.W_OK):
            return False
        trial.mkdir()
        trial.rmdir()
    except OSError:
        return False
    return True


def _read_mounts(mountinfo: Path) -> dict[str, Path]:
    """Return controller -> mount point. The key of the unified hierarchy is the empty string."""
    mounts: dict[str, Path] = {}
    for line in mountinfo.read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        place = Path(before.split(" ")[4])
        if kind == "cgroup2":
            mounts.setdefault("", place)
        elif kind == "cgroup":
            for name in options.rpartition(" ")[2].split(","):
                mounts.setdefault(name, place)
    return mounts


def _write(path: Path, name: str, value: object) -> None:
    (path / name).write_text(str(value))


def _write_if_there(path: Path, name: str, value: object) -> None:
    if (path / name).exists():
        try:
            _write(path, name, value)
        except OSError:
            pass  # without swap accounting, swap cannot be limited


def describe_missing(missing: Sequence[Controller]) -> list[str]:
    """Return one line for each missing controller, for a user who asked for limits."""
    lines: dict[Controller, str] = {
        "memory": "the memory limit is polled: a sandbox above it is killed up to 50 ms late (control groups are not available)",
        "pids": f"the number of processes is not limited to {MOST_PROCESSES}",
        "cpu": "the CPU share is not limited: the function can use all CPUs (control groups are not available)",
    }
    return [lines[controller] for controller in missing]
