"""The entries of a layer: files, directories and symbolic links, with their names in the image.

Entries are sorted in the order of the tar, with all parent directories first. There are no hard links (each name gets
its own copy), devices, sockets or pipes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from iris_model.errors import InvalidImage, StorageError

DIRECTORY_MODE = 0o755
EXECUTABLE_MODE = 0o755
FILE_MODE = 0o644


@dataclass(frozen=True)
class LayerEntry:
    """One entry. `path` is relative to the root of the image, with `/` as separator."""

    path: str
    mode: int
    content: bytes | Path | None = field(default=None, repr=False)
    """For a file: its bytes, or the local file that contains them."""

    target: str = ""
    """For a symbolic link: its target, as written."""

    def __post_init__(self) -> None:
        parts = self.path.split("/")
        if not self.path or any(part in ("", ".", "..") for part in parts) or "\0" in self.path + self.target:
            raise InvalidImage(
                f"layer entry {self.path!r}: expected a path relative to the root of the image, without '.' and '..'",
                remedy="Use a path such as var/task/app.py.",
            )
        if parts[-1].startswith(".wh."):
            raise InvalidImage(
                f"layer entry {self.path!r}: a name that starts with .wh. would delete a file of a lower layer",
                remedy="Rename the file.",
            )

    @property
    def is_directory(self) -> bool:
        """Whether it has neither content nor target."""
        return self.content is None and not self.target

    @property
    def order(self) -> tuple[bytes, ...]:
        """The sort key: a directory before its content, names by their bytes."""
        return tuple(os.fsencode(part) for part in self.path.split("/"))


def file_entry(path: str, content: bytes | Path, *, executable: bool = False) -> LayerEntry:
    """Return a file, readable by all users."""
    return LayerEntry(path, EXECUTABLE_MODE if executable else FILE_MODE, content)


def directory_entry(path: str, *, mode: int = DIRECTORY_MODE) -> LayerEntry:
    """Return a directory; `mode` is for directories like `tmp`, which needs 0o1777."""
    return LayerEntry(path, mode)


def link_entry(path: str, target: str) -> LayerEntry:
    """Return a symbolic link."""
    if not target:
        raise InvalidImage(f"layer entry {path!r}: a symbolic link needs a target", remedy="Set its target.")
    return LayerEntry(path, 0o777, None, target)


def tree_entries(directory: Path, at: str) -> Iterator[LayerEntry]:
    """Yield everything below a local directory, placed at `at`. Modes are reduced to executable or not."""
    try:
        children = sorted(os.scandir(directory), key=lambda child: os.fsencode(child.name))
        for child in children:
            inner, status = f"{at}/{child.name}", child.stat(follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                yield link_entry(inner, os.readlink(child.path))  # noqa: PTH115 - a Path would tidy it
            elif stat.S_ISDIR(status.st_mode):
                yield directory_entry(inner)
                yield from tree_entries(Path(child.path), inner)
            elif stat.S_ISREG(status.st_mode):
                yield file_entry(inner, Path(child.path), executable=bool(status.st_mode & 0o111))
            else:
                raise InvalidImage(
                    f"{child.path}: it is a {_kind(status.st_mode)}, but layers contain only files, directories and "
                    f"symbolic links",
                    remedy="Remove it from the directory.",
                )
    except OSError as failure:
        raise StorageError(
            f"{failure.filename or directory}: cannot be read: {failure.strerror}",
            remedy="Correct the path or its permissions.",
        ) from None


def arrange(entries: Iterable[LayerEntry]) -> list[LayerEntry]:
    """Sort entries, and add missing parent directories."""
    by_path: dict[str, LayerEntry] = {}
    for entry in entries:
        there = by_path.setdefault(entry.path, entry)
        if there != entry:
            raise InvalidImage(
                f"layer entry {entry.path!r} appears twice with different content", remedy="Write each path once."
            )
    for path in list(by_path):
        parent = path.rpartition("/")[0]
        while parent:
            there = by_path.setdefault(parent, directory_entry(parent))
            if not there.is_directory:
                raise InvalidImage(
                    f"layer entry {path!r} is in {parent!r}, which is not a directory",
                    remedy="Rename one of the two.",
                )
            parent = parent.rpartition("/")[0]
    return sorted(by_path.values(), key=lambda entry: entry.order)


def _kind(mode: int) -> str:
    names = {
        stat.S_IFIFO: "pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFBLK: "block device",
        stat.S_IFCHR: "character device",
    }
    return names.get(stat.S_IFMT(mode), "special file")
