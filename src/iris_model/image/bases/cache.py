"""The cache of this user: base layers by digest, wheels by sha256, facts about bases.

It may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from iris_model.errors import StorageError
from iris_model.image.bases.base_files import BaseFacts
from iris_model.oci import Blob, BlobStore, Digest
from iris_model.project.caching.user_cache import CACHE_VARIABLE

# Increase this number when the facts change.
_FACTS_VERSION = 3


@dataclass(frozen=True)
class Cache:
    """The cache under one directory."""

    directory: Path

    @property
    def blobs(self) -> BlobStore:
        """Manifests, configs and layers of bases."""
        return BlobStore(self.directory)

    def check_writable(self) -> None:
        """Raise an error now, instead of during a download, if the cache is not writable."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if not os.access(self.directory, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
        except OSError as failure:
            raise StorageError(
                f"the cache {self.directory} cannot be written: {failure.strerror}; expected a writable directory",
                remedy=f"Fix its permissions, or use another directory: {CACHE_VARIABLE}=DIRECTORY",
            ) from None

    def facts(self, image: Digest) -> BaseFacts | None:
        """Return the cached facts of a base, or None."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            document = json.loads(self._facts_path(image).read_text(encoding="utf-8"))
            if document.pop("version") == _FACTS_VERSION:
                return BaseFacts.from_document(document)
        return None

    def keep_facts(self, image: Digest, facts: BaseFacts) -> None:
        """Store the facts of a base."""
        self._write(self._facts_path(image), {"version": _FACTS_VERSION, **facts.to_document()})

    def compressed(self, diff_id: Digest) -> Mapping[str, Any] | None:
        """Return the description of a diff_id's compressed blob, or None: `docker save` writes uncompressed layers."""
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.directory / "gzips" / diff_id.hex).read_text())
            return found
        return None

    def keep_compressed(self, diff_id: Digest, description: Mapping[str, Any]) -> None:
        """Store the description of the compressed blob of a diff_id."""
        self._write(self.directory / "gzips" / diff_id.hex, description)

    def wheel(self, sha256: str, file: str) -> Path | None:
        """Return a verified wheel, or None. Remove a damaged one."""
        path = self.directory / "wheels" / sha256 / file
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() == sha256:
                return path
        path.unlink(missing_ok=True)
        return None

    def keep_wheel(self, path: Path, sha256: str) -> Path:
        """Move a downloaded wheel into the cache."""
        target = self.directory / "wheels" / sha256 / path.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
        except OSError as failure:
            raise StorageError(
                f"{target}: cannot be written: {failure.strerror}", remedy=f"Free some space, or set {CACHE_VARIABLE}."
            ) from None
        return target

    def _facts_path(self, image: Digest) -> Path:
        return self.directory / "facts" / f"{image.hex}.json"

    def _write(self, path: Path, document: Mapping[str, Any]) -> None:
        # If the facts cannot be written, the next build reads the base again.
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_name(f"{path.name}.{os.getpid()}")
            scratch.write_text(json.dumps(document), encoding="utf-8")
            scratch.replace(path)


@dataclass(frozen=True)
class CachedBlob:
    """A blob that is downloaded into the cache when it is first opened."""

    remote: Blob
    store: BlobStore

    @property
    def digest(self) -> Digest:
        """The digest of the bytes."""
        return self.remote.digest

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.remote.size

    @property
    def is_here(self) -> bool:
        """Whether it can be opened without a download."""
        return self.store.find(self.digest, self.size) is not None

    def open(self, offset: int = 0) -> BinaryIO:
        """Open the bytes from `offset` on."""
        return self.store.add(self.remote, f"base layer {self.digest}").open(offset)
