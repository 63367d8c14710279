"""Deterministic gzip: no time, file name or operating system in the header. Also decompression of any format.

The output depends on the deflate library. zlib has given the same output for a level for many years, but some Pythons
use zlib-ng or another replacement, whose output differs with every setting. So the *diff_id* of a layer (uncompressed)
is the same everywhere, its *digest* (compressed) only for one library. For the same digest everywhere, use `level=0`.
It writes stored blocks without the library, as large as the tar.
"""

from __future__ import annotations

import gzip
import importlib
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Protocol

from iris_model.errors import InvalidImage
from iris_model.oci.digests import BLOCK

DEFAULT_LEVEL = 6

# magic, deflate, no flags, no time, no hint about the level, unknown system
_HEADER = b"\x1f\x8b\x08\x00" + b"\x00" * 4 + b"\x00\xff"
_LONGEST_STORED = 65535


class Readable(Protocol):
    """An object with `read`."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most `size` bytes; none at the end."""


class Writable(Protocol):
    """An object with `write`: a file, a `BlobWriter`, or a hasher."""

    def write(self, data: bytes, /) -> int:
        """Write all of `data`."""


class GzipWriter:
    """Compresses what is written to it. Call `finish`; the target stays open."""

    def __init__(self, target: Writable, level: int = DEFAULT_LEVEL) -> None:
        if not 0 <= level <= 9:
            raise ValueError(f"level is {level}, expected 0 (stored) to 9 (smallest)")
        self._target = target
        self._deflate = _Stored() if level == 0 else zlib.compressobj(level, zlib.DEFLATED, -15)
        self._checksum = 0
        self._size = 0
        target.write(_HEADER)

    def write(self, data: bytes) -> int:
        """Compress and write."""
        self._checksum = zlib.crc32(data, self._checksum)
        self._size += len(data)
        compressed = self._deflate.compress(data)
        if compressed:
            self._target.write(compressed)
        return len(data)

    def finish(self) -> None:
        """Write the rest and the trailer."""
        self._target.write(self._deflate.flush())
        self._target.write(struct.pack("<II", self._checksum, self._size & 0xFFFFFFFF))


class _Stored:
    """Deflate without compression: blocks of the maximum size. The result does not depend on how the input is split."""

    def __init__(self) -> None:
        self._held = bytearray()

    def compress(self, data: bytes) -> bytes:
        """Return all whole blocks; some bytes are kept, so that the last block can be marked."""
        self._held += data
        whole = max(len(self._held) - 1, 0) // _LONGEST_STORED * _LONGEST_STORED
        blocks = b"".join(
            self._block(bytes(self._held[at : at + _LONGEST_STORED]), last=False)
            for at in range(0, whole, _LONGEST_STORED)
        )
        del self._held[:whole]
        return blocks

    def flush(self) -> bytes:
        """Return the last block."""
        return self._block(bytes(self._held), last=True)

    @staticmethod
    def _block(data: bytes, *, last: bool) -> bytes:
        return struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF) + data


def detect_compression(start: bytes) -> str:
    """Return `gzip`, `zstd` or `none`, from the first bytes of a layer: media types are often wrong."""
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    if start[:4] == b"\x28\xb5\x2f\xfd":
        return "zstd"
    return "none"


@contextmanager
def decompressed(stream: Readable, what: str) -> Iterator[BinaryIO]:
    """Yield the uncompressed bytes of a layer. Reading a damaged one raises InvalidImage."""
    head = stream.read(4)
    whole: Any = _Joined(head, stream)
    compression = detect_compression(head)
    broken: tuple[type[Exception], ...] = (EOFError, zlib.error, gzip.BadGzipFile)
    if compression == "zstd":
        whole, broken = _zstd(what)(whole), (*broken, *_zstd_errors())
    elif compression == "gzip":
        whole = gzip.GzipFile(fileobj=whole, mode="rb")
    try:
        yield whole
    except broken as failure:
        raise InvalidImage(
            f"{what}: the {compression} data is damaged: {failure}", remedy="Download or build the image again."
        ) from None


def _zstd(what: str) -> Callable[[Any], Any]:
    try:
        return importlib.import_module("compression.zstd").ZstdFile  # type: ignore[no-any-return]
    except ImportError:
        raise InvalidImage(
            f"{what}: it is compressed with zstd, which this Python cannot read (3.14 can)",
            remedy="Choose a base image with gzip layers, or use Python 3.14.",
        ) from None


def _zstd_errors() -> tuple[type[Exception], ...]:
    return (importlib.import_module("compression.zstd").ZstdError,)


class _Joined:
    """Bytes that were already read, followed by their stream."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read as a file, perhaps less than requested."""
        if self._head:
            if size is None or size < 0:
                head, self._head = self._head, b""
                return head + self._stream.read()
            head, self._head = self._head[:size], self._head[size:]
            return head
        return self._stream.read(BLOCK if size is None or size < 0 else size)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return False."""
        return False
