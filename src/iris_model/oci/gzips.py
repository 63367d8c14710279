"""Deterministic gzip: no time, no file name, no operating system in the header; and the way back, from any compression.

The same bytes compress to the same bytes wherever the deflate library is the same. zlib has given the same output for the same
level for many years, but zlib-ng and other replacements, which some Pythons are linked with, give another, and no setting
makes them agree. So: the *diff_id* of a layer (uncompressed) is the same everywhere, its *digest* (compressed) is the same for
one deflate library. Who needs one digest everywhere asks for `level=0`: stored blocks, which are written here and not
by the library, and are as large as the tar.
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

# magic, deflate, no flags, no time, no hint about the level, system unknown
_HEADER = b"\x1f\x8b\x08\x00" + b"\x00" * 4 + b"\x00\xff"
_LONGEST_STORED = 65535


class Readable(Protocol):
    """What can be read from."""

    def read(self, size: int = ..., /) -> bytes:
        """At most `size` bytes; none at the end."""


class Writable(Protocol):
    """What can be written to: a file, a `BlobWriter`, a hasher with a coat on."""

    def write(self, data: bytes, /) -> int:
        """Take all of `data`."""


class GzipWriter:
    """Compresses what is written to it. `finish` must be called; `close` belongs to who opened the target."""

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
        """Write what is held back, and the trailer."""
        self._target.write(self._deflate.flush())
        self._target.write(struct.pack("<II", self._checksum, self._size & 0xFFFFFFFF))


class _Stored:
    """Deflate without compression: blocks of the largest size, the last one marked. How the input is cut is no matter."""

    def __init__(self) -> None:
        self._held = bytearray()

    def compress(self, data: bytes) -> bytes:
        """All whole blocks; something is always held back, so that the last block can be marked."""
        self._held += data
        whole = max(len(self._held) - 1, 0) // _LONGEST_STORED * _LONGEST_STORED
        blocks = b"".join(
            self._block(bytes(self._held[at : at + _LONGEST_STORED]), last=False)
            for at in range(0, whole, _LONGEST_STORED)
        )
        del self._held[:whole]
        return blocks

    def flush(self) -> bytes:
        """The last block."""
        return self._block(bytes(self._held), last=True)

    @staticmethod
    def _block(data: bytes, *, last: bool) -> bytes:
        return struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF) + data


def detect_compression(start: bytes) -> str:
    """`gzip`, `zstd` or `none`, by the first bytes of a layer: media types are often wrong, bytes never."""
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    if start[:4] == b"\x28\xb5\x2f\xfd":
        return "zstd"
    return "none"


@contextmanager
def decompressed(stream: Readable, what: str) -> Iterator[BinaryIO]:
    """The uncompressed bytes of a layer. A broken one is an `InvalidImage` when it is read."""
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
            f"{what}: the {compression} data is broken: {failure}", remedy="Fetch or make the image again."
        ) from None


def _zstd(what: str) -> Callable[[Any], Any]:
    try:
        return importlib.import_module("compression.zstd").ZstdFile  # type: ignore[no-any-return]
    except ImportError:
        raise InvalidImage(
            f"{what}: it is compressed with zstd, which this Python cannot read (3.14 can)",
            remedy="Choose a base whose layers are gzip, or run with Python 3.14.",
        ) from None


def _zstd_errors() -> tuple[type[Exception], ...]:
    return (importlib.import_module("compression.zstd").ZstdError,)


class _Joined:
    """A few bytes that were read already, then the stream they came from."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """As a file reads, perhaps less than asked while the head lasts."""
        if self._head:
            if size is None or size < 0:
                head, self._head = self._head, b""
                return head + self._stream.read()
            head, self._head = self._head[:size], self._head[size:]
            return head
        return self._stream.read(BLOCK if size is None or size < 0 else size)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is not."""
        return False
