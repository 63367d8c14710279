"""Write files and directories atomically: a reader sees the old or the new ones, never a partial one.

Disk errors (full, read-only, not allowed) become a `StorageError` with a hint.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from iris_model.errors import StorageError

try:
    import fcntl
except ImportError:  # Windows: a concurrent writer gets an error
    fcntl = None  # type: ignore[assignment]

_REMEDIES = {
    errno.ENOSPC: "Free some space, or write to another disk.",
    errno.EDQUOT: "The disk quota is exceeded: free some space, or write to another disk.",
    errno.EFBIG: "The file is too large for the file system: write to another disk.",
    errno.EACCES: "Choose a writable directory, or fix its permissions.",
    errno.EPERM: "Choose a writable directory, or fix its permissions.",
    errno.EROFS: "The file system is read-only: choose another path.",
    errno.ENOENT: "Create the directory, or correct the path.",
    errno.ENOTDIR: "A part of the path is a file: choose another path.",
    errno.EISDIR: "It is a directory: choose a file path.",
    errno.EEXIST: "The path exists: choose another path, or remove it.",
    errno.ENOTEMPTY: "The path exists: choose another path, or remove it.",
}


@contextmanager
def storage_errors(path: Path, action: str = "written") -> Iterator[None]:
    """Convert an `OSError` to a `StorageError` about `path`."""
    try:
        yield
    except OSError as failure:
        raise StorageError(
            f"{path}: cannot be {action}: {failure.strerror or failure}",
            remedy=_REMEDIES.get(failure.errno or 0, "Look at the disk and the path."),
        ) from failure


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that replaces `path` at the end, and is removed on an error.

    The target of a link is replaced, not the link. A device or a pipe is refused.
    """
    with storage_errors(path):
        if path.is_symlink():
            path = path.resolve()
        if path.exists() and not path.is_file() and not path.is_dir():
            raise StorageError(
                f"{path}: it is a device or a pipe, expected a file or a new path", remedy="Choose another path."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        scratch = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            scratch.chmod(0o666 & ~_umask())
            scratch.replace(path)
        except BaseException:
            with suppress(OSError):
                scratch.unlink()
            raise


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield a directory that becomes `path` at the end. `path` must not exist, or be an empty directory."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            yield scratch
            scratch.chmod(0o777 & ~_umask())
            if path.is_dir():
                path.rmdir()
            scratch.rename(path)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise


@contextmanager
def one_at_a_time(directory: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Wait until no other process holds the lock of this directory, then hold it. Readers do not wait.

    The lock is the kernel's: it writes nothing, and a killed process leaves nothing behind. If locks are not supported,
    no process waits: the writer reports what cannot be written.
    """
    with ExitStack() as stack:
        if fcntl is not None:
            with suppress(OSError):
                descriptor = os.open(directory, os.O_RDONLY)
                stack.callback(os.close, descriptor)
                _lock(descriptor, on_wait)
        yield


def _lock(descriptor: int, on_wait: Callable[[], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _umask() -> int:
    """Return the umask of this process. It can only be read by setting it, except from /proc."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
