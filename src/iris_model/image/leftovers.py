"""Remove partial files of killed builds, which can be hundreds of megabytes large.

A file is first written next to its final path, with a name that starts with a dot. Another build may be writing it now,
perhaps on another machine, so only files that did not change for a day are removed.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_OLD_SECONDS = 24 * 3600
# Patterns of such names: below the project's `.iris-model`, and below the cache.
_IN_WORK = (
    *(".image.*", "functions/.*", "image/.*", "image/blobs/sha256/.*"),
    *("layers/blobs/.*", "layers/blobs/sha256/.*"),
)
_IN_CACHE = ("blobs/.*", "blobs/sha256/.*")


def remove_leftovers(work: Path, cache: Path) -> None:
    """Remove old partial files in a project's work directory and in the cache. Errors are ignored."""
    before = time.time() - _OLD_SECONDS
    for path in (*_matching(work, _IN_WORK), *_matching(cache, _IN_CACHE)):
        with suppress(OSError):
            if path.lstat().st_mtime < before:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _matching(directory: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        with suppress(OSError):
            yield from list(directory.glob(pattern))
