"""Control groups: the kernel holds a sandbox to its memory, its share of a processor and its number of processes, and
knows them all.

`find_cgroups` looks where this user may make groups, in either version of the interface; elsewhere there are none, and
the sandbox is watched instead. A group is a directory per controller (version 1) or one for all (version 2).

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

# Short, so that a small share is many small pauses rather than few long ones, as it is in the cloud.
_PERIOD_US = 20_000
_LEAST_QUOTA_US = 1_000  # the kernel takes no less
_REMOVE_SECONDS = 1.0
# What an environment may have, processes and threads together. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_PROCESSES = 1024


@dataclass(frozen=True)
class CgroupPlace:
    """Where groups can be made: a parent directory per controller, and the version of the interface."""

    version: int
    parents: Mapping[Controller, Path]

    @property
    def missing(self) -> list[Controller]:
        """The controllers that this user may not use here."""
        return [controller for controller in _CONTROLLERS if controller not in self.parents]

    def create(self, name: str, memory_bytes: int) -> Cgroup:
        """A new group with that limit of memory. OSError when the kernel refuses after all."""
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
        """Its directories, each once."""
        return list(dict.fromkeys(self._paths.values()))

    def add(self, pid: int) -> None:
        """Take in a process; what it starts from now on belongs here too."""
        for path in self.directories:
            try:
                (path / "cgroup.procs").write_text(str(pid))
            except ProcessLookupError:
                pass  # ended already

    def members(self) -> list[int]:
        """The processes in it, wherever in the tree of processes they are."""
        return [int(pid) for pid in (self.directories[0] / "cgroup.procs").read_text().split()]

    def limit_memory(self, size: int) -> None:
        """No more than this, and no swap instead of it. Beyond it the kernel kills."""
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
        """The memory that its processes have for themselves: neither files nor their cache."""
        if (path := self._paths.get("memory")) is None:
            return 0
        name = "anon" if self._version == 2 else "total_rss"
        lines = (path / "memory.stat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith(name + " ")), 0)

    def count_memory_kills(self) -> int:
        """How many processes the kernel has killed in it for want of memory."""
        if (path := self._paths.get("memory")) is None:
            return 0
        try:
            text = (path / ("memory.events" if self._version == 2 else "memory.oom_control")).read_text()
        except OSError:
            return 0
        fields = dict(line.split() for line in text.splitlines() if line)
        return int(fields.get("oom_kill", 0))

    def limit_processors(self, share: float | None) -> None:
        """The share of processors it may use: 0.5 is half of one; None is all there are."""
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
        """Kill what is in it."""
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
        """Kill what is in it, and remove it. A killed process leaves a moment later, so this may wait a moment."""
        limit = time.monotonic() + _REMOVE_SECONDS
        for path in self.directories:
            while path.exists():
                self.end()
                try:
                    path.rmdir()
                except OSError:
                    if time.monotonic() > limit:
                        break  # the guardian, or the next boot
                    time.sleep(0.005)


def find_cgroups(proc: Path = Path("/proc/self")) -> CgroupPlace:
    """Look where groups can be made. A place without parents when they cannot be made at all."""
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
    # Processes live in leaves only, so our groups are siblings of the group we are in, or of one above it: whichever is
    # the first that this user was given, and that gives its children the controllers.
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
    # In a container the group named in /proc may lie outside of what is mounted; then the mount itself is ours.
    place = mount / own.lstrip("/")
    parent = place if place.is_dir() else mount
    return parent if _may_make_groups(parent) else None


def _may_make_groups(directory: Path) -> bool:
    # Asked of the kernel by doing it: access(2) says yes to root on a read-only mount of another's namespace.
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
    """Where each controller is mounted; the unified hierarchy under the empty name."""
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
            pass  # without accounting of swap there is nothing to hold


def describe_missing(missing: Sequence[Controller]) -> list[str]:
    """One line for each controller that is missing, for a user who asked to be held."""
    lines: dict[Controller, str] = {
        "memory": "memory is watched, not held: a sandbox beyond its size is killed up to 50 ms late (no control group "
        "may be made here)",
        "pids": f"the number of processes is not held: there may be more than {MOST_PROCESSES}",
        "cpu": "the share of a processor is not held: the function has all processors (no control group may be made here)",
    }
    return [lines[controller] for controller in missing]
