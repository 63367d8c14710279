"""Blobs: bytes with a digest and a size, wherever they lie, opened as often as needed and never held whole.

A blob is a promise about bytes; `verified` is where it is kept: who reads to the end through it has either the promised bytes
or an `InvalidImage`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from iris_model.errors import InvalidImage, StorageError
from iris_model.oci.digests import BLOCK, Digest
from iris_model.oci.hashing import hashing


class Blob(Protocol):
    """Bytes that can be read, from any place and more than once."""

    @property
    def digest(self) -> Digest:
        """What the bytes hash to."""

    @property
    def size(self) -> int:
        """How many they are."""

    def open(self, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on; the caller closes."""


@dataclass(frozen=True)
class BytesBlob:
    """A blob in memory."""

    data: bytes = field(repr=False)
    digest: Digest

    @classmethod
    def of(cls, data: bytes) -> BytesBlob:
        """Name bytes by their digest."""
        return cls(data, Digest.of(data))

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    def open(self, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        stream = io.BytesIO(self.data)
        stream.seek(offset)
        return stream


@dataclass(frozen=True)
class FileBlob:
    """A blob that is a file, or a stretch of one: a member of an uncompressed tar file is just that."""

    path: Path
    digest: Digest
    size: int
    start: int = 0

    def open(self, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        try:
            file = self.path.open("rb", buffering=0)
        except OSError as failure:
            raise StorageError(
                f"{self.path}: cannot be read: {failure.strerror}",
                remedy="Make the image again, or mend the permissions.",
            ) from None
        file.seek(self.start + offset)
        return io.BufferedReader(_Stretch(file, self.size - offset), BLOCK)


class _Stretch(io.RawIOBase):
    """At most `length` bytes of a file from where it stands; closes the file."""

    def __init__(self, file: io.FileIO, length: int) -> None:
        self._file = file
        self._left = max(length, 0)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what is left."""
        count = self._file.readinto(memoryview(buffer)[: self._left]) or 0
        self._left -= count
        return count

    def close(self) -> None:
        """Close the file with it."""
        self._file.close()
        super().close()


@contextmanager
def verified(blob: Blob, what: str) -> Iterator[Iterator[bytes]]:
    """The blob in blocks. Its last block comes only after size and digest were found right."""
    with blob.open() as stream:
        yield verify_blocks(iter(lambda: stream.read(BLOCK), b""), blob.digest, blob.size, what)


def verify_blocks(blocks: Iterator[bytes], digest: Digest, size: int, what: str) -> Iterator[bytes]:
    """Pass blocks on while counting and hashing; hold the last one back until all is known to be right."""
    count, held = 0, b""
    with hashing(digest.algorithm, size) as hasher:
        for block in blocks:
            count += len(block)
            if count > size:
                raise InvalidImage(f"{what}: more than the promised {size} bytes came", remedy=_DAMAGED)
            hasher.update(block)
            if held:
                yield held
            held = block
        if count < size:
            raise InvalidImage(f"{what}: only {count} of {size} bytes came", remedy=_DAMAGED)
        found = hasher.hexdigest()
    if found != digest.hex:
        raise InvalidImage(
            f"{what}: the bytes have the digest {digest.algorithm}:{found}, expected {digest}", remedy=_DAMAGED
        )
    if held:
        yield held


def read_verified(blob: Blob, what: str, *, limit: int) -> bytes:
    """The whole blob, which must be no larger than `limit`: for configs and other JSON."""
    if blob.size > limit:
        raise InvalidImage(
            f"{what}: it has {blob.size} bytes, expected at most {limit}", remedy="This is no image of ours."
        )
    with verified(blob, what) as blocks:
        return b"".join(blocks)


_DAMAGED = "The copy is damaged: fetch or make the image again."
