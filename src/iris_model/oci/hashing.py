"""Compute the digest of blocks in a thread, in parallel with reading and writing.

hashlib releases the interpreter lock. Reading, hashing and writing a layer in sequence takes a third longer than
hashing alone; with a thread for the hash it takes no longer.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Protocol

# For fewer bytes, starting a thread takes longer than hashing.
WORTH_A_THREAD = 1 << 22
# The maximum number of blocks that wait to be hashed. Reading then pauses.
_WAITING = 8


class Hasher(Protocol):
    """The part of `hashlib`'s interface that is needed."""

    def update(self, block: bytes, /) -> None:
        """Add one block."""

    def hexdigest(self) -> str:
        """Return the digest of all blocks; no block may be added afterwards."""


@contextmanager
def hashing(algorithm: str, size: int) -> Iterator[Hasher]:
    """Yield a hasher for about `size` bytes. Its thread, if there is one, ends with the `with`."""
    if size < WORTH_A_THREAD:
        yield hashlib.new(algorithm)
        return
    hasher = _ThreadHasher(algorithm)
    try:
        yield hasher
    finally:
        hasher.close()


class _ThreadHasher:
    def __init__(self, algorithm: str) -> None:
        self._hasher = hashlib.new(algorithm)
        self._blocks: Queue[bytes | None] = Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="hashing", daemon=True)
        self._thread.start()

    def update(self, block: bytes, /) -> None:
        self._blocks.put(block)

    def hexdigest(self) -> str:
        self.close()
        return self._hasher.hexdigest()

    def close(self) -> None:
        if self._thread.is_alive():
            self._blocks.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (block := self._blocks.get()) is not None:
            self._hasher.update(block)
