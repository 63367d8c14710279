"""What a sandbox writes: the reading end of a pipe, passed on as it comes. The bytes mean nothing here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_READ_BYTES = 65_536


class OutputPipe:
    """A pipe whose writing end a process gets. One for stdout and stderr, so that their order is kept."""

    def __init__(self, on_output: Callable[[bytes], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_output = on_output
        self._reading_end, self.writing_end = os.pipe()

    def listen(self) -> None:
        """The writing end is where it belongs: let go of it here, and read."""
        os.close(self.writing_end)
        os.set_blocking(self._reading_end, False)
        self._loop.add_reader(self._reading_end, self._read_once)

    def abandon(self) -> None:
        """Nobody took the writing end."""
        os.close(self.writing_end)
        os.close(self._reading_end)
        self._reading_end = -1

    def drain(self) -> None:
        """Pass on the output that is already in the pipe, without waiting for more."""
        # What was written before the runtime's last call is in the pipe by now, and the pipe holds 64 KiB. A child that
        # never stops writing must not keep us here, hence the bound.
        for _ in range(16):
            if self._reading_end < 0 or not self._read_once():
                return

    def close(self) -> None:
        """The process is gone: pass on what it left. A grandchild that still writes is told by EPIPE."""
        self.drain()
        if self._reading_end >= 0:
            self._loop.remove_reader(self._reading_end)
            os.close(self._reading_end)
            self._reading_end = -1

    def _read_once(self) -> bool:
        try:
            data = os.read(self._reading_end, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._reading_end)
            os.close(self._reading_end)
            self._reading_end = -1
            return False
        self._on_output(data)
        return True
