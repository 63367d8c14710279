"""The output of a sandbox: the reading end of a pipe."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_READ_BYTES = 65_536


class OutputPipe:
    """A pipe for stdout and stderr of a process together, so that their order is kept."""

    def __init__(self, on_output: Callable[[bytes], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_output = on_output
        self._reading_end, self.writing_end = os.pipe()
        # Non-blocking from the start, because this end is read as soon as the process ends, which may be at once.
        os.set_blocking(self._reading_end, False)

    def listen(self) -> None:
        """Close the writing end here and start reading. Call it right after the process got the writing end."""
        self._close_writing_end()
        self._loop.add_reader(self._reading_end, self._read_once)

    def abandon(self) -> None:
        """Close both ends, if no process was started."""
        self._close_writing_end()
        self._close_reading_end()

    def drain(self) -> None:
        """Pass on the output that is already in the pipe, without waiting for more."""
        # The pipe, which holds 64 KiB, contains the output before the runtime's last call. The loop is limited, because
        # a process may never stop writing.
        for _ in range(16):
            if self._reading_end < 0 or not self._read_once():
                return

    def close(self) -> None:
        """Pass on the output of an ended process, and close the pipe. A grandchild that still writes gets EPIPE."""
        # There is no end of file while a writing end is open, so close ours first.
        self._close_writing_end()
        self.drain()
        self._close_reading_end()

    def _close_writing_end(self) -> None:
        if self.writing_end >= 0:
            os.close(self.writing_end)
            self.writing_end = -1

    def _close_reading_end(self) -> None:
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
            self._close_reading_end()
            return False
        self._on_output(data)
        return True
