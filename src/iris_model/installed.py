"""Which installed distribution provides a module, and how large a distribution is.

The answers are those of `importlib.metadata`, which reads every RECORD again for each question and makes an object for
each of its lines: a third of a second per question with 200 distributions. Here each is read once per process, and again
after a directory of `sys.path` has changed.
"""

from __future__ import annotations

import csv
import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path

_NAME = re.compile(r"^Name:[ \t]*(.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)

# Each entry of sys.path, with the time of its last change; None if it does not exist.
_State = tuple[tuple[str, int | None], ...]


def packages_distributions() -> Mapping[str, tuple[str, ...]]:
    """Return the distributions that provide each top-level module, by the rules of Python 3.12 and later."""
    return _providers(_state())


def installed_bytes(distribution: str) -> int:
    """Return the size of the files of a distribution in bytes. Raises `metadata.PackageNotFoundError`."""
    return _size(distribution, _state())


def requirements_of(distribution: str) -> tuple[str, ...]:
    """Return the requirements of a distribution as its metadata has them. Raises `metadata.PackageNotFoundError`."""
    return _requirements(distribution, _state())


def is_local(distribution: str) -> bool:
    """Whether it was installed from a folder, a file or a repository: an index may have another one with this name."""
    return metadata.distribution(distribution).read_text("direct_url.json") is not None


def _state() -> _State:
    return tuple((entry, _changed(Path(entry).absolute())) for entry in sys.path)


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


@lru_cache(maxsize=1)
def _providers(_: _State) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for distribution in metadata.distributions():
        for module in _top_level(distribution):
            found.setdefault(module, {})[_name(distribution)] = None
    return {module: tuple(names) for module, names in found.items()}


@lru_cache(maxsize=64)
def _size(distribution: str, _: _State) -> int:
    found = metadata.distribution(distribution)
    root = str(found.locate_file(""))
    return sum(_file_size(f"{root}/{name}") for name in _files(found))


@lru_cache(maxsize=64)
def _requirements(distribution: str, _: _State) -> tuple[str, ...]:
    return tuple(metadata.requires(distribution) or ())


def _file_size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116  # a Path for each of ten thousand files takes longer
    except OSError:
        return 0


def _top_level(distribution: metadata.Distribution) -> Iterable[str]:
    declared = (distribution.read_text("top_level.txt") or "").split()
    if declared:
        return declared
    return {top for name in _files(distribution) if "." not in (top := _importable(name))}


def _importable(name: str) -> str:
    """Return the directory at the top, or the name of a module; other files keep their suffix."""
    top, is_nested, _ = name.partition("/")
    return top if is_nested else inspect.getmodulename(name) or name


def _files(distribution: metadata.Distribution) -> Iterator[str]:
    record = distribution.read_text("RECORD")
    if record is None:  # no wheel
        yield from map(str, distribution.files or ())
        return
    for row in csv.reader(record.splitlines()):
        if row:
            yield row[0]


def _name(distribution: metadata.Distribution) -> str:
    """Return its name as `metadata["Name"]` does, without the parsing of the long description."""
    head = (distribution.read_text("METADATA") or "").partition("\n\n")[0]
    named = _NAME.search(head)
    return named[1] if named else str(distribution.metadata["Name"])
