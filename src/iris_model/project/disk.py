"""What the disk says when it cannot (full, read-only, not allowed), as one error about the file it says it of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iris_model.errors import StorageError

REMEDY = "Is there room on the disk, and may you write there? Nothing was left half written."


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Tell an `OSError` as a `StorageError`; `what` is named where the error names no file."""
    try:
        yield
    except OSError as failure:
        # Of a copy the second file is the one that could not be written.
        name = failure.filename2 or failure.filename or what
        raise StorageError(f"{name}: {failure.strerror or failure}", remedy=REMEDY) from failure


@contextmanager
def filling(directory: Path) -> Iterator[None]:
    """Fill a new or empty directory: well, or not at all."""
    existed = directory.exists()
    with disk_errors(str(directory)):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            yield
        except BaseException:
            for path in list(directory.iterdir()) if directory.is_dir() else ():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            if not existed and directory.is_dir():
                directory.rmdir()
            raise
