"""Writing files and directories so that a reader sees the old ones or the new ones, never half of them.

What the disk says when it cannot (full, read-only, not allowed) becomes a `StorageError` with a way out.
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
except ImportError:  # Windows: who writes twice at once is told that something was in the way
    fcntl = None  # type: ignore[assignment]

_REMEDIES = {
    errno.ENOSPC: "Free some space, or write to another disk.",
    errno.EDQUOT: "Your quota is used up: free some space, or write to another disk.",
    errno.EFBIG: "The file system takes no file so large: write to another disk.",
    errno.EACCES: "Choose a directory that you may write to, or mend its permissions.",
    errno.EPERM: "Choose a directory that you may write to, or mend its permissions.",
    errno.EROFS: "The file system is read-only: write to another place.",
    errno.ENOENT: "Make the directory first, or mend the path.",
    errno.ENOTDIR: "A part of the path is a file: choose another path.",
    errno.EISDIR: "It is a directory: choose the path of a file.",
    errno.EEXIST: "Something is there already: choose another path, or remove it.",
    errno.ENOTEMPTY: "Something is there already: choose another path, or remove it.",
}


@contextmanager
def storage_errors(path: Path, action: str = "written") -> Iterator[None]:
    """Tell an `OSError` of the disk as a `StorageError` about `path`."""
    try:
        yield
    except OSError as failure:
        raise StorageError(
            f"{path}: cannot be {action}: {failure.strerror or failure}",
            remedy=_REMEDIES.get(failure.errno or 0, "Look at the disk and the path."),
        ) from failure


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which becomes `path` at the end, and is gone if there was an error. A link stays, and what it leads to
    is written; a device or a pipe, which a file would take the place of, is refused."""
    with storage_errors(path):
        if path.is_symlink():
            path = path.resolve()
        if path.exists() and not path.is_file() and not path.is_dir():
            raise StorageError(
                f"{path}: it is a device or a pipe, expected a file or nothing", remedy="Choose the path of a file."
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
    """A directory to fill, which becomes `path` at the end. There must be nothing at `path`, or an empty directory."""
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
    """Wait until no other process is in here with the same directory; who only reads is not held up.

    The lock is the kernel's: it writes nothing, and whoever is killed leaves nothing to be removed. Where none can be had,
    nobody waits: what cannot be written is told by who has something to write.
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
    """What new files of this process may not have. It can only be read by setting it, except where /proc tells."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
