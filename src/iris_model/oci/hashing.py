"""The digest of bytes that come in blocks, reckoned beside whoever reads and writes them.

hashlib lets other threads run while it hashes. Reading, hashing and writing a layer one after the other takes a third longer
than hashing it alone; with a thread for the hash it takes as long as that.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Protocol

# Below this a thread is not worth its start.
WORTH_A_THREAD = 1 << 22
# How many blocks may wait for their turn: reading may not run ahead of hashing by more.
_WAITING = 8


class Hasher(Protocol):
    """What `hashlib` gives, as far as it is needed here."""

    def update(self, block: bytes, /) -> None:
        """Take one more block."""

    def hexdigest(self) -> str:
        """The digest of all blocks; nothing may come after it."""


@contextmanager
def hashing(algorithm: str, size: int) -> Iterator[Hasher]:
    """A hasher for about `size` bytes. Its thread, if there is one, ends with the `with`."""
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
