"""Blobs: bytes with a digest and a size, which can be opened repeatedly and are never read into memory at once.

`verified` checks the bytes: a reader that reaches the end has either the promised bytes or gets InvalidImage.
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
    """Bytes that can be read from any offset, repeatedly."""

    @property
    def digest(self) -> Digest:
        """The digest of the bytes."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def open(self, offset: int = 0) -> BinaryIO:
        """Open the bytes from `offset` on; the caller closes."""


@dataclass(frozen=True)
class BytesBlob:
    """A blob in memory."""

    data: bytes = field(repr=False)
    digest: Digest

    @classmethod
    def of(cls, data: bytes) -> BytesBlob:
        """Return a blob of these bytes, with their digest."""
        return cls(data, Digest.of(data))

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def open(self, offset: int = 0) -> BinaryIO:
        """Open the bytes from `offset` on."""
        stream = io.BytesIO(self.data)
        stream.seek(offset)
        return stream


@dataclass(frozen=True)
class FileBlob:
    """A blob that is a file or part of one, such as a member of an uncompressed tar file."""

    path: Path
    digest: Digest
    size: int
    start: int = 0

    def open(self, offset: int = 0) -> BinaryIO:
        """Open the bytes from `offset` on."""
        try:
            file = self.path.open("rb", buffering=0)
        except OSError as failure:
            raise StorageError(
                f"{self.path}: cannot be read: {failure.strerror}",
                remedy="Build the image again, or fix the permissions.",
            ) from None
        file.seek(self.start + offset)
        return io.BufferedReader(_Stretch(file, self.size - offset), BLOCK)


class _Stretch(io.RawIOBase):
    """At most `length` bytes of an open file; closes the file."""

    def __init__(self, file: io.FileIO, length: int) -> None:
        self._file = file
        self._left = max(length, 0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into `buffer`."""
        count = self._file.readinto(memoryview(buffer)[: self._left]) or 0
        self._left -= count
        return count

    def close(self) -> None:
        """Close the stretch and its file."""
        self._file.close()
        super().close()


@contextmanager
def verified(blob: Blob, what: str) -> Iterator[Iterator[bytes]]:
    """Yield the blob in blocks, the last one only after verifying size and digest. Raises InvalidImage."""
    with blob.open() as stream:
        yield verify_blocks(iter(lambda: stream.read(BLOCK), b""), blob.digest, blob.size, what)


def verify_blocks(blocks: Iterator[bytes], digest: Digest, size: int, what: str) -> Iterator[bytes]:
    """Pass blocks on, the last one only after verifying size and digest. Raises InvalidImage."""
    count, held = 0, b""
    with hashing(digest.algorithm, size) as hasher:
        for block in blocks:
            count += len(block)
            if count > size:
                raise InvalidImage(f"{what}: received more than the expected {size} bytes", remedy=_DAMAGED)
            hasher.update(block)
            if held:
                yield held
            held = block
        if count < size:
            raise InvalidImage(f"{what}: received only {count} of {size} bytes", remedy=_DAMAGED)
        found = hasher.hexdigest()
    if found != digest.hex:
        raise InvalidImage(f"{what}: the digest is {digest.algorithm}:{found}, expected {digest}", remedy=_DAMAGED)
    if held:
        yield held


def read_verified(blob: Blob, what: str, *, limit: int) -> bytes:
    """Return the whole verified blob, of at most `limit` bytes: for configs and other JSON."""
    if blob.size > limit:
        raise InvalidImage(
            f"{what}: it has {blob.size} bytes, expected at most {limit}",
            remedy="Check that it is an image, and not another artifact.",
        )
    with verified(blob, what) as blocks:
        return b"".join(blocks)


_DAMAGED = "Download or build the image again: this copy is damaged."
