"""How much memory a sandbox uses, and used at most. Reads, never limits.

One process: its resident set and the kernel's own high-water mark, so that no peak between two readings is missed. With
children, shared pages must not count twice, so their proportional set sizes are summed; that sum is as true as its last
reading.

The `ru_maxrss` of a finished child would be simpler and wrong: on Linux it includes what the *parent* had resident when
it forked. The peak of a control group would be wrong, too: it counts the page cache, which whoever reads a file first
pays for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 1024 * 1024

_PROC = Path("/proc")
_HAS_PROC = Path("/proc/self/status").exists()
_STATUS_BYTES = 4096
# Sharing out the pages of a process takes the kernel a walk over them. Of a crowd, the group's own sum must do; without
# a group, it is counted as far as it is looked at.
_MOST_SHARED_OUT = 16


@dataclass(frozen=True)
class MemoryReading:
    """Bytes now, and bytes at most as far as this reading can tell."""

    used: int
    peak: int


class MemoryMeter:
    """Measures one process and those that belong to it. The file of the process is opened once: a reading is one call."""

    def __init__(
        self,
        pid: int,
        find_members: Callable[[], list[int]] | None = None,
        read_group: Callable[[], int] | None = None,
    ) -> None:
        """`find_members` names all processes of the sandbox; without it, they are the descendants of `pid`.

        `read_group` knows the memory of all together, the files they have mapped left out.
        """
        self._pid = pid
        self._read_group = read_group
        self._find_members = find_members
        self._status = -1
        if _HAS_PROC:
            try:
                self._status = os.open(_PROC / str(pid) / "status", os.O_RDONLY)
            except OSError:
                pass  # gone already

    def close(self) -> None:
        """The process is gone."""
        if self._status >= 0:
            os.close(self._status)
            self._status = -1

    def read(self) -> MemoryReading | None:
        """The process alone, cheap enough for every invocation; None when it is gone."""
        if not _HAS_PROC:
            return self._read_with_psutil()
        if self._status < 0:
            return None
        try:
            status = os.pread(self._status, _STATUS_BYTES, 0)
        except OSError:
            return None
        peak = _field(status, b"VmHWM:")
        return MemoryReading(_field(status, b"VmRSS:"), peak) if peak else None  # a zombie has neither

    def read_tree(self) -> MemoryReading | None:
        """The process and all that belong to it; dearer, for a timer."""
        alone = self.read()
        if alone is None or not _HAS_PROC:
            return alone
        try:
            members = self._find_members() if self._find_members else find_descendants(self._pid)
            others = [pid for pid in members if pid != self._pid]
            if not others:
                return alone
            if len(others) > _MOST_SHARED_OUT and self._read_group is not None:
                used = max(alone.used, self._read_group())
            else:
                used = sum(_proportional_size(pid) for pid in [self._pid, *others[:_MOST_SHARED_OUT]])
        except OSError:  # one of them ended meanwhile
            return alone
        return MemoryReading(used, max(used, alone.peak))

    def _read_with_psutil(self) -> MemoryReading | None:
        try:
            process = psutil.Process(self._pid)
            used = sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])
        except psutil.Error:
            return None
        return MemoryReading(used, used)


def _field(status: bytes, name: bytes) -> int:
    start = status.find(b"\n" + name)
    if start < 0:
        return 0
    start += len(name) + 1
    return int(status[start : status.index(b"kB", start)]) * 1024


def _proportional_size(pid: int) -> int:
    try:
        return _field(b"\n" + (_PROC / str(pid) / "smaps_rollup").read_bytes(), b"Pss:")
    except PermissionError:  # a container of root, seen by another user: its resident set is at least an upper bound
        return _field((_PROC / str(pid) / "status").read_bytes(), b"VmRSS:")


def find_descendants(pid: int) -> list[int]:
    """The children of a process, their children, and so on; its own first."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for task in (_PROC / str(waiting.pop()) / "task").iterdir():
            children = [int(child) for child in (task / "children").read_text().split()]
            found += children
            waiting += children
    return found
