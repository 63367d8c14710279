"""Merge the layers of an image into the file tree that it has when it runs.

Returns one table of paths, without leading slashes; the caller decides what to keep of a file. Follows containerd and
umoci: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from iris_model.errors import InvalidImage
from iris_model.oci import Layer
from iris_model.oci.tars.tar_members import members_of, open_tar

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_MOST_LINKS = 40

File = TypeVar("File")
Read = Callable[[tarfile.TarFile, tarfile.TarInfo, str], File]
"""(archive, entry, path in the tree) -> what is kept of the file."""


class MergedTree(Generic[File]):
    """Path -> what is kept of the file."""

    def __init__(self, files: dict[str, File] | None = None) -> None:
        self.files: dict[str, File] = dict(files or {})
        self._links: dict[str, str] = {}
        self._parents: set[str] = set()  # directories without an entry of their own
        self._plain: set[str] = set()  # paths that are not directories
        self._own: set[str] = set()
        self._real: dict[str, str] = {}

    def copy(self) -> MergedTree[File]:
        """Return a copy, to which other layers can be added."""
        other: MergedTree[File] = MergedTree(self.files)
        other._links, other._plain, other._parents = dict(self._links), set(self._plain), set(self._parents)
        return other

    def lay(self, layer: Layer, read: Read[File]) -> int:
        """Add one layer. Return the bytes of its files."""
        self._own, size = set(), 0
        try:
            with layer.open_tar() as stream, open_tar(stream) as archive:
                for member in members_of(archive):
                    size += self._lay(archive, member, read)
        except tarfile.TarError as failure:
            raise InvalidImage(
                f"layer {layer.digest}: the tar file is damaged: {failure}", remedy="Download the image again."
            ) from None
        return size

    def find(self, name: str) -> File | None:
        """Return the target of a hard link in the current layer."""
        return self.files.get(self._place(name))

    def _lay(self, archive: tarfile.TarFile, member: tarfile.TarInfo, read: Read[File]) -> int:
        path = self._place(member.name)
        if path in ("", "."):
            return 0
        folder, name = posixpath.split(path)
        if name == _OPAQUE:
            self._remove_below(folder)
        elif name.startswith(_WHITEOUT):
            self._remove(posixpath.join(folder, name.removeprefix(_WHITEOUT)))
        else:
            kept = read(archive, member, path)
            self._make_room(path, member)
            self.files[path] = kept
            self._own.add(path)
            return member.size
        return 0

    def _place(self, name: str) -> str:
        """Return the path of an entry: links in its directory are resolved, its own name is not."""
        folder, last = posixpath.split(posixpath.normpath(f"/{name}").lstrip("/"))
        if folder not in self._real:
            self._real[folder] = real = self._follow(folder)
            while real:
                self._parents.add(real)
                real = posixpath.dirname(real)
        return posixpath.join(self._real[folder], last)

    def _follow(self, folder: str) -> str:
        for _ in range(_MOST_LINKS):
            head, parts = "", [part for part in folder.split("/") if part not in ("", ".")]
            for position, part in enumerate(parts):
                if part == "..":
                    head = posixpath.dirname(head)
                    continue
                head = posixpath.join(head, part)
                if (link := self._links.get(head)) is not None:
                    start = "" if link.startswith("/") else posixpath.dirname(head)
                    folder = posixpath.join(start, link.lstrip("/"), *parts[position + 1 :])
                    break
            else:
                return head
        return folder  # a cycle of links: no path can reach it

    def _make_room(self, path: str, member: tarfile.TarInfo) -> None:
        """Merge a directory with a directory. Any other entry replaces the old entry and everything below it."""
        there = path in self._plain
        if member.isdir() and not there:
            return
        if not there and (path in self.files or path in self._parents):
            for below in list(self._below(path)):
                self._forget(below)
        if self._links.pop(path, None) is not None:
            self._real.clear()
        if member.isdir():
            self._plain.discard(path)
            return
        self._plain.add(path)
        if member.issym():
            self._links[path] = member.linkname
            self._real.clear()

    def _remove(self, path: str) -> None:
        """Apply a whiteout, which hides files of lower layers but never of its own layer."""
        self._remove_below(path)
        if path not in self._own:
            self._forget(path)

    def _remove_below(self, folder: str) -> None:
        for path in [each for each in self._below(folder) if each not in self._own]:
            self._forget(path)

    def _below(self, folder: str) -> Iterator[str]:
        if folder in self._plain:
            return iter(())
        return (each for each in self.files if not folder or each.startswith(f"{folder}/"))

    def _forget(self, path: str) -> None:
        self.files.pop(path, None)
        self._plain.discard(path)
        if self._links.pop(path, None) is not None:
            self._real.clear()
