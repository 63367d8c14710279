"""A directory of cached results: bytes by key.

An entry is a file with the digest of its content, then the content. An entry that is damaged, or that other users can
write, is ignored. If nothing can be written, nothing is cached. The directory may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 512 * 1024 * 1024
MOST_DAYS = 90


@dataclass(frozen=True)
class Entries:
    """The entries of one directory. `most_bytes` limits their total size; the least recently used are removed first."""

    directory: Path
    most_bytes: int = MOST_BYTES

    def has(self, key: str) -> bool:
        """Return whether an entry exists. Its digest is checked only when it is read."""
        return self._path_of(key).exists()

    def read(self, key: str) -> bytes | None:
        """Return the content of an entry; None if it is missing or damaged."""
        path = self._path_of(key)
        with contextlib.suppress(OSError, ValueError):
            with path.open("rb") as file:
                if not _is_private(os.fstat(file.fileno())):
                    return None
                digest, content = file.readline(65).strip().decode("ascii", "replace"), file.read()
            if hashlib.sha256(content).hexdigest() != digest:
                path.unlink()
                return None
            with contextlib.suppress(OSError):
                path.touch()  # the least recently used entries are removed first
            return content
        return None

    def keep(self, key: str, content: bytes) -> None:
        """Store an entry; does nothing if the directory is not writable."""
        with contextlib.suppress(OSError):
            self._write(self._path_of(key), hashlib.sha256(content).hexdigest().encode() + b"\n" + content)

    def _path_of(self, key: str) -> Path:
        return self.directory / f"{key}.entry"

    def _write(self, path: Path, content: bytes) -> None:
        if len(content) > self.most_bytes:
            return
        # Golden rows may contain the user's data, so only the user may read them.
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room(self.most_bytes - len(content))
        descriptor, scratch = tempfile.mkstemp(prefix=".", suffix=".entry", dir=self.directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(scratch).replace(path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise

    def _make_room(self, most_bytes: int) -> None:
        """Remove entries that have not been used for long, then the least recently used ones until the others fit."""
        entries = [(path, path.stat()) for path in self.directory.glob("*.entry")]
        entries.sort(key=lambda entry: entry[1].st_mtime, reverse=True)
        oldest = time.time() - MOST_DAYS * 86400
        total = 0
        for path, status in entries:
            total += status.st_size
            if total > most_bytes or status.st_mtime < oldest:
                path.unlink(missing_ok=True)


def _is_private(status: os.stat_result) -> bool:
    """Return whether only this user can have written it, so that other users cannot change answers."""
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
