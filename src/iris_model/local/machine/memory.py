"""Measure the present and peak memory of a sandbox.

For one process, the sources are its resident set and the kernel's high-water mark, which misses no peak between two
readings. With children, shared pages must not be counted twice, so proportional set sizes are summed; peaks of that sum
between two readings are missed.

Other sources are wrong. On Linux, `ru_maxrss` of a finished child includes the memory of the *parent* at the fork. The
peak of a control group includes the page cache, which is charged to the process that reads a file first.
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
_MOST_KEPT_OPEN = 64
# The kernel visits all pages of a process to compute its proportional size. If there are more processes than this, the
# group's own sum is used; without a group, only this many processes are measured.
_MOST_SHARED_OUT = 16


@dataclass(frozen=True)
class MemoryReading:
    """The current bytes, and the peak as far as this reading shows it."""

    used: int
    peak: int


class MemoryMeter:
    """Measures a process and the processes of its sandbox.

    The /proc file of the process stays open, so that a reading is one call. Only a few sandboxes keep it open, because
    hundreds of them would use all descriptors.
    """

    _kept_open = 0

    def __init__(
        self,
        pid: int,
        find_members: Callable[[], list[int]] | None = None,
        read_group: Callable[[], int] | None = None,
    ) -> None:
        """`find_members` returns all processes of the sandbox; by default the descendants of `pid`.

        `read_group` returns the total memory of the processes, without mapped files.
        """
        self._pid = pid
        self._read_group = read_group
        self._find_members = find_members
        self._path = _PROC / str(pid) / "status"
        self._status = -1
        self._is_open = True
        if _HAS_PROC and MemoryMeter._kept_open < _MOST_KEPT_OPEN:
            try:
                self._status = os.open(self._path, os.O_RDONLY)
            except OSError:
                return  # it has ended
            MemoryMeter._kept_open += 1

    def close(self) -> None:
        """Close the file. Call it when the process has ended."""
        self._is_open = False
        if self._status >= 0:
            os.close(self._status)
            self._status = -1
            MemoryMeter._kept_open -= 1

    def read(self) -> MemoryReading | None:
        """Measure the process alone, which is fast enough for every invocation. None if it has ended."""
        if not _HAS_PROC:
            return self._read_with_psutil()
        if not self._is_open:
            return None
        try:
            if self._status >= 0:
                status = os.pread(self._status, _STATUS_BYTES, 0)
            else:
                descriptor = os.open(self._path, os.O_RDONLY)
                try:
                    status = os.read(descriptor, _STATUS_BYTES)
                finally:
                    os.close(descriptor)
        except OSError:
            return None
        peak = _field(status, b"VmHWM:")
        return MemoryReading(_field(status, b"VmRSS:"), peak) if peak else None  # a zombie has neither

    def read_tree(self) -> MemoryReading | None:
        """Measure all processes of the sandbox. This is slower, for use by a timer."""
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
        except OSError:  # one of them has ended
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
    except PermissionError:  # a container of root, read by another user: its resident set is an upper bound
        return _field((_PROC / str(pid) / "status").read_bytes(), b"VmRSS:")


def find_descendants(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for task in (_PROC / str(waiting.pop()) / "task").iterdir():
            children = [int(child) for child in (task / "children").read_text().split()]
            found += children
            waiting += children
    return found
