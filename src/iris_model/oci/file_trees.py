"""Where layouts and archives lie: a directory, or an uncompressed tar file that is read in place.

Goes in: a path. Comes out: files by name, as bytes or as blobs, without unpacking anything.
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
    """Files by name."""

    @property
    def place(self) -> Path:
        """What it is called in messages."""

    def find(self, name: str) -> tuple[Path, int, int] | None:
        """In which file the bytes of `name` lie, from where on and how many; None when there is no such file."""


@dataclass(frozen=True)
class DirectoryTree:
    """Files of a directory."""

    place: Path

    def find(self, name: str) -> tuple[Path, int, int] | None:
        """Where a file is. A name or a link that leads out of the directory would make a file of this machine a layer."""
        path = self.place / name
        with storage_errors(path, "read"):
            if not path.resolve().is_relative_to(self.place.resolve()):
                raise InvalidImage(
                    f"{self.place}: {name} lies outside of the directory", remedy="Do not use what somebody put there."
                )
            return (path, 0, path.stat().st_size) if path.is_file() else None


@dataclass(frozen=True)
class TarTree:
    """Members of a tar file; links among them are followed, as old `docker save` has them for layers that come twice."""

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
                    remedy="Name a file that `docker save` or this tool wrote.",
                ) from None
        return tree

    def find(self, name: str) -> tuple[Path, int, int] | None:
        """Where a member is."""
        name = posixpath.normpath(name)
        for _ in range(8):  # links may point at links, but not for ever
            if name in self.members:
                return (self.place, *self.members[name])
            if name not in self.links:
                return None
            name = self.links[name]
        return None


def open_tree(path: Path) -> FileTree:
    """The directory or the tar file at a path."""
    if path.is_dir():
        return DirectoryTree(path)
    if not path.exists():
        raise StorageError(f"{path}: there is no such file or directory", remedy="Mend the path.")
    return TarTree.read(path)


def read_file(tree: FileTree, name: str, *, limit: int) -> bytes:
    """All bytes of a small file."""
    found = tree.find(name)
    if found is None:
        raise InvalidImage(
            f"{tree.place}: there is no {name} in it", remedy="This is no image, or a part of it is missing."
        )
    path, start, size = found
    if size > limit:
        raise InvalidImage(
            f"{tree.place}: {name} has {size} bytes, expected at most {limit}", remedy="This is no image of ours."
        )
    with storage_errors(path, "read"), path.open("rb") as file:
        file.seek(start)
        return file.read(size)


def file_blob(tree: FileTree, name: str, digest: Digest | None = None) -> FileBlob:
    """A file as a blob; where nobody says its digest, it is computed."""
    found = tree.find(name)
    if found is None:
        raise InvalidImage(
            f"{tree.place}: there is no {name} in it", remedy="A part of the image is missing: make it again."
        )
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
                f"{path}: the archive as a whole is compressed, expected a plain tar file, as `docker save` writes it",
                remedy=f"Unpack it first: {command} {path}",
            )
