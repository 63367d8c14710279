"""Write files completely or not at all, and compute their digests.

Disk errors (full, read-only, not allowed) become one error that names the file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iris_model.errors import StorageError

REMEDY = "Check the free space and the permissions. No partial file was left."


def digest_file(path: Path) -> str:
    """Return the sha256 of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Convert an `OSError` to a `StorageError`. `what` is the name in the message if the error names no file."""
    try:
        yield
    except OSError as failure:
        # If a copy fails, the second file is the one that could not be written.
        name = failure.filename2 or failure.filename or what
        raise StorageError(f"{name}: {failure.strerror or failure}", remedy=REMEDY) from failure


@contextmanager
def filling(directory: Path) -> Iterator[None]:
    """Fill a new or empty directory; remove everything on failure."""
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


def write_replacing(path: Path, data: bytes) -> None:
    """Write a file next to `path`, then rename it.

    After an interruption, or on a full disk, the old file is unchanged.
    """
    name = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException as failure:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        if not isinstance(failure, OSError):
            raise
        if isinstance(failure, IsADirectoryError):
            remedy = "Name a file in the directory."
        elif name is not None:
            remedy = "Free some space, or choose a file on another disk."
        else:
            remedy = "Choose a file in an existing directory where you have write permission."
        raise StorageError(
            f"{path} cannot be written: {failure.strerror or failure}",
            remedy=remedy,
        ) from None
