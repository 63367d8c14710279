"""A directory of blobs by digest, as in OCI layouts: `blobs/sha256/<hex>`. Also the cache of layers.

Only complete blobs are in the store. Several processes may write at once, because a digest always names the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from iris_model.errors import InvalidImage
from iris_model.oci.blobs import Blob, FileBlob, verified
from iris_model.oci.digests import Digest
from iris_model.oci.writing import atomic_file, storage_errors


@dataclass(frozen=True)
class BlobStore:
    """The blobs in a directory, which is created with the first one."""

    directory: Path

    def path_of(self, digest: Digest) -> Path:
        """Return the path of the blob, existing or not."""
        return self.directory / "blobs" / digest.algorithm / digest.hex

    def find(self, digest: Digest, size: int | None = None) -> FileBlob | None:
        """Return the blob, or None if it is absent or has another size."""
        path = self.path_of(digest)
        with suppress(OSError):
            found = path.stat().st_size
            if path.is_file() and size in (None, found):
                return FileBlob(path, digest, found)
        return None

    def find_verified(self, digest: Digest, size: int | None = None) -> FileBlob | None:
        """Return the blob after reading and verifying it. A damaged blob is removed, so that it is fetched again."""
        blob = self.find(digest, size)
        if blob is None:
            return None
        try:
            with verified(blob, str(blob.path)) as blocks:
                for _ in blocks:
                    pass
        except InvalidImage:
            with storage_errors(blob.path, "removed"):
                blob.path.unlink(missing_ok=True)
            return None
        return blob

    def add(self, blob: Blob, what: str = "") -> FileBlob:
        """Copy a blob into the store and verify it, unless the store has it."""
        there = self.find(blob.digest, blob.size)
        if there is not None:
            return there
        with verified(blob, what or f"blob {blob.digest}") as blocks:
            return self.add_blocks(blocks, blob.digest, blob.size)

    def add_blocks(self, blocks: Iterable[bytes], digest: Digest, size: int) -> FileBlob:
        """Write blocks that the caller verifies."""
        path = self.path_of(digest)
        with atomic_file(path) as file:
            for block in blocks:
                file.write(block)
        return FileBlob(path, digest, size)

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        """Yield a writer for a blob of unknown digest: `writer.blob` is set after the `with`."""
        place = self.directory / "blobs"
        with storage_errors(place):
            place.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=".blob.", dir=place)
            scratch = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    writer = BlobWriter(file)
                    yield writer
                digest, size = writer.finish()
                path = self.path_of(digest)
                path.parent.mkdir(exist_ok=True)
                scratch.chmod(0o644)
                scratch.replace(path)
                writer.blob = FileBlob(path, digest, size)
            except BaseException:
                with suppress(OSError):
                    scratch.unlink()
                raise


class BlobWriter:
    """Writes to a file, and computes the digest."""

    blob: FileBlob

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hasher = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        """Write and hash."""
        self._file.write(data)
        self._hasher.update(data)
        self._size += len(data)
        return len(data)

    def finish(self) -> tuple[Digest, int]:
        """Return digest and size of all that was written."""
        return Digest("sha256", self._hasher.hexdigest()), self._size
