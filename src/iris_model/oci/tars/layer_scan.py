"""Scan a layer once, from its first to its last compressed byte.

Returns a `LayerScan`: measured digests and sizes, and every entry of the tar. A damaged layer raises nothing: `problem`
describes where reading ended.
"""

from __future__ import annotations

import hashlib
import posixpath
import tarfile
from dataclasses import dataclass
from typing import BinaryIO

from iris_model.errors import InvalidImage, IrisModelError
from iris_model.oci.digests import BLOCK, Digest
from iris_model.oci.layers import Layer
from iris_model.oci.tars.gzips import decompressed, detect_compression
from iris_model.oci.tars.tar_members import members_of, open_tar


@dataclass(frozen=True)
class TarEntry:
    """An entry of a tar; `path` without the leading `./` or `/`."""

    path: str
    kind: str
    """`file`, `directory`, `symlink`, `hard link`, `device` or `pipe`."""

    mode: int
    size: int
    target: str = ""


@dataclass(frozen=True)
class LayerScan:
    """The measured content of a layer."""

    digest: Digest
    size: int
    diff_id: Digest
    uncompressed_size: int
    compression: str
    entries: tuple[TarEntry, ...]
    problem: str = ""


def scan_layer(layer: Layer) -> LayerScan:
    """Scan a layer."""
    entries: list[TarEntry] = []
    problem, compression = "", "none"
    outer = inner = _Meter(None, "sha256")
    try:
        with layer.blob.open() as stream:
            compression = detect_compression(stream.read(4))
        with layer.blob.open() as stream:
            outer = _Meter(stream, layer.digest.algorithm)
            try:
                with decompressed(outer, f"layer {layer.digest}") as tar:
                    inner = _Meter(tar, layer.diff_id.algorithm)
                    problem = _read_entries(inner, entries)
                    inner.drain()
            except InvalidImage as failure:
                problem = problem or failure.problem
            outer.drain()  # to count all compressed bytes
    except IrisModelError as failure:
        problem = problem or failure.problem
    except OSError as failure:
        problem = problem or f"layer {layer.digest}: it cannot be read: {failure}"
    return LayerScan(outer.digest, outer.size, inner.digest, inner.size, compression, tuple(entries), problem)


def _read_entries(tar: _Meter, entries: list[TarEntry]) -> str:
    try:
        with open_tar(tar) as archive:
            for member in members_of(archive):
                path = posixpath.normpath(member.name).lstrip("/")
                if path != ".":
                    entries.append(TarEntry(path, _kind(member), member.mode, member.size, member.linkname))
    except tarfile.TarError as failure:
        return f"the tar file is damaged after {len(entries)} entries: {failure}"
    return ""


def _kind(member: tarfile.TarInfo) -> str:
    for matches, kind in (
        (member.isdir(), "directory"),
        (member.issym(), "symlink"),
        (member.islnk(), "hard link"),
        (member.isfile(), "file"),
        (member.isfifo(), "pipe"),
    ):
        if matches:
            return kind
    return "device"


class _Meter:
    """Passes a stream on, counting and hashing."""

    def __init__(self, stream: BinaryIO | None, algorithm: str) -> None:
        self._stream = stream
        self._hasher = hashlib.new(algorithm)
        self.size = 0

    def read(self, size: int = BLOCK) -> bytes:
        block = self._stream.read(BLOCK if size is None or size < 0 else size) if self._stream else b""
        self._hasher.update(block)
        self.size += len(block)
        return block

    def drain(self) -> None:
        while self.read():
            pass

    @property
    def digest(self) -> Digest:
        return Digest(self._hasher.name, self._hasher.hexdigest())
