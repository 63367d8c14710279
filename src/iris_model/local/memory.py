"""How much memory a sandbox uses, and used at most. Reads, never limits.

One process: its resident set and the kernel's own high-water mark, so that no peak between two readings is missed. With
children, shared pages must not count twice, so their proportional set sizes are summed.

The `ru_maxrss` of a finished child would be simpler and wrong: on Linux it includes what the *parent* had resident when
it forked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 1024 * 1024


@dataclass(frozen=True)
class MemoryReading:
    """Bytes now, and bytes at most as far as this reading can tell."""

    used: int
    peak: int


def read_memory(pid: int) -> MemoryReading | None:
    """Measure the process tree of `pid`; None when it is gone."""
    try:
        if not _PROC.is_dir():
            used = sum(process.memory_info().rss for process in _tree(pid))
            return MemoryReading(used, used)
        status = _read_fields(_PROC / str(pid) / "status")
        used, peak = status.get("VmRSS", 0), status.get("VmHWM", 0)
        children = _find_descendants(pid)
        if children:
            used = sum(_read_fields(_PROC / str(each) / "smaps_rollup").get("Pss", 0) for each in [pid, *children])
        return MemoryReading(used, max(used, peak)) if peak else None  # a zombie has neither
    except (OSError, psutil.Error):
        return None


_PROC = Path("/proc/self").parent if Path("/proc/self/status").exists() else Path("/nonexistent")


def _read_fields(path: Path) -> dict[str, int]:
    fields = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            fields[name] = int(value[:-3]) * 1024
    return fields


def _find_descendants(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for task in (_PROC / str(waiting.pop()) / "task").iterdir():
            children = [int(child) for child in (task / "children").read_text().split()]
            found += children
            waiting += children
    return found


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
