"""The files of layouts and archives: in a directory, or in an uncompressed tar file that is read in place.

Returns files by name, as bytes or as blobs, without unpacking.
"""

from __future__ import annotations

import posixpath
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from iris_model.errors import InvalidImage, StorageError
from iris_model.oci.blobs import FileBlob
from iris_model.oci.digests import Digest
from iris_model.oci.writing import storage_errors


class FileTree(Protocol):
    """Finds the bytes of a file by its name, in a directory or in an archive."""

    @property
    def place(self) -> Path:
        """The path of the directory or archive, for messages."""

    def find(self, name: str) -> tuple[Path, int, int] | None:
        """Return (file, offset, size) of the bytes of `name`, or None."""


@dataclass(frozen=True)
class DirectoryTree:
    """The files of a directory."""

    place: Path

    def find(self, name: str) -> tuple[Path, int, int] | None:
        """Return where a file is. A name or link that points outside the directory is refused.

        Such a link could publish a file of this machine.
        """
        path = self.place / name
        with storage_errors(path, "read"):
            if not path.resolve().is_relative_to(self.place.resolve()):
                raise InvalidImage(
                    f"{self.place}: {name} is outside the directory",
                    remedy="Do not use this directory: the link may be an attack.",
                )
            return (path, 0, path.stat().st_size) if path.is_file() else None


@dataclass(frozen=True)
class TarTree:
    """Members of a tar file. Links are followed: old `docker save` writes them for repeated layers."""

    place: Path
    members: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    links: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: Path) -> TarTree:
        """Read the table of a tar file."""
        tree = cls(path)
        with storage_errors(path, "read"):
            with path.open("rb") as file:
                _refuse_compressed(path, file)
            try:
                with tarfile.open(path, "r:") as archive:
                    for member in archive:
                        name = posixpath.normpath(member.name)
                        if member.isfile():
                            tree.members[name] = (member.offset_data, member.size)
                        elif member.issym():
                            tree.links[name] = posixpath.normpath(
                                posixpath.join(posixpath.dirname(name), member.linkname)
                            )
                        elif member.islnk():
                            tree.links[name] = posixpath.normpath(member.linkname)
            except tarfile.TarError as failure:
                raise InvalidImage(
                    f"{path}: it is not a tar file: {failure}",
                    remedy="Pass the file of an image, from `docker save` or `iris-model build -o image.tar`.",
                ) from None
        return tree

    def find(self, name: str) -> tuple[Path, int, int] | None:
        """Return where a member is."""
        name = posixpath.normpath(name)
        for _ in range(8):  # links may point at links, but not endlessly
            if name in self.members:
                return (self.place, *self.members[name])
            if name not in self.links:
                return None
            name = self.links[name]
        return None


def open_tree(path: Path) -> FileTree:
    """Open the directory or tar file at a path."""
    if path.is_dir():
        return DirectoryTree(path)
    if not path.exists():
        raise StorageError(f"{path}: no such file or directory", remedy="Correct the path.")
    return TarTree.read(path)


def read_file(tree: FileTree, name: str, *, limit: int) -> bytes:
    """Return a small file, of at most `limit` bytes."""
    found = tree.find(name)
    if found is None:
        raise InvalidImage(
            f"{tree.place}: it has no {name}",
            remedy="Check that it is an image. If it is, it is incomplete: build or save it again.",
        )
    path, start, size = found
    if size > limit:
        raise InvalidImage(
            f"{tree.place}: {name} has {size} bytes, expected at most {limit}",
            remedy="Check that it is an image, and not another artifact.",
        )
    with storage_errors(path, "read"), path.open("rb") as file:
        file.seek(start)
        return file.read(size)


def file_blob(tree: FileTree, name: str, digest: Digest | None = None) -> FileBlob:
    """Return a file as a blob; without `digest`, it is computed."""
    found = tree.find(name)
    if found is None:
        raise InvalidImage(f"{tree.place}: it has no {name}", remedy="Build the image again: it is incomplete.")
    path, start, size = found
    if digest is None:
        with storage_errors(path, "read"), FileBlob(path, Digest.of(b""), size, start).open() as stream:
            digest, _ = Digest.of_stream(stream)
    return FileBlob(path, digest, size, start)


def _refuse_compressed(path: Path, file: BinaryIO) -> None:
    start = file.read(6)
    for magic, command in ((b"\x1f\x8b", "gunzip"), (b"\x28\xb5\x2f\xfd", "unzstd"), (b"\xfd7zXZ\0", "unxz")):
        if start.startswith(magic):
            raise InvalidImage(
                f"{path}: the archive is compressed, expected an uncompressed tar file as from `docker save`",
                remedy=f"Decompress it first: {command} {path}",
            )
