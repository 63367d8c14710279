"""A directory of blobs by digest, as OCI layouts have it: `blobs/sha256/<hex>`. Also what a cache of layers is.

Goes in: streams. Comes out: `FileBlob`s. Nothing is in the store that was not written to its end; many processes may write
at once, since a blob of a digest is the same whoever writes it.
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
    """The blobs under a directory, which is made when the first one comes."""

    directory: Path

    def path_of(self, digest: Digest) -> Path:
        """Where the blob lies, or would lie."""
        return self.directory / "blobs" / digest.algorithm / digest.hex

    def find(self, digest: Digest, size: int | None = None) -> FileBlob | None:
        """The blob, if it is here; one of another size than `size` is as good as none."""
        path = self.path_of(digest)
        with suppress(OSError):
            found = path.stat().st_size
            if path.is_file() and size in (None, found):
                return FileBlob(path, digest, found)
        return None

    def find_verified(self, digest: Digest, size: int | None = None) -> FileBlob | None:
        """The same, read to the end first; a damaged one is removed, so that it is fetched again."""
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
        """Copy a blob into the store, verified on the way; nothing is copied that is here."""
        there = self.find(blob.digest, blob.size)
        if there is not None:
            return there
        with verified(blob, what or f"blob {blob.digest}") as blocks:
            return self.add_blocks(blocks, blob.digest, blob.size)

    def add_blocks(self, blocks: Iterable[bytes], digest: Digest, size: int) -> FileBlob:
        """Write blocks that somebody verifies while they pass."""
        path = self.path_of(digest)
        with atomic_file(path) as file:
            for block in blocks:
                file.write(block)
        return FileBlob(path, digest, size)

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        """Write a blob whose digest is known only at the end: `writer.blob` after the `with`."""
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
    """Writes to a file, and knows the digest of what it wrote."""

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
        """Digest and size of all that was written."""
        return Digest("sha256", self._hasher.hexdigest()), self._size
