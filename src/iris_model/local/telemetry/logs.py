"""The log of the service: the newest lines of all sandboxes. Each line is passed on to a listener.

`SandboxLog` splits the output of one sandbox into lines and keeps the tail for X-Amz-Log-Result. `LogBook` collects the
lines of all.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

TAIL_BYTES = 4096
# A log event of CloudWatch holds 256 KiB; a longer line becomes several events.
_MAX_LINE_BYTES = 256 * 1024
_BATCH_SECONDS = 0.02
_KEPT_LINES = 2000
_KEPT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class LogLine:
    """One line. `sequence` counts from 1 for the whole service; `source` is `platform` or `function`."""

    sequence: int
    time_ms: int
    function: str
    source: str
    text: str


class LogBook:
    """The newest lines of all functions, limited in lines and bytes."""

    def __init__(self, on_line: Callable[[str], None] | None = None) -> None:
        self._lines: deque[LogLine] = deque()
        self._size = 0
        self._sequence = 0
        self._on_line = on_line
        self._waiting: set[asyncio.Future[None]] = set()

    def append(self, function: str, source: str, text: str) -> None:
        """Add a line, drop the oldest, call the listener."""
        self._sequence += 1
        self._lines.append(LogLine(self._sequence, int(time.time() * 1000), function, source, text))
        self._size += len(text)
        while len(self._lines) > _KEPT_LINES or (self._size > _KEPT_BYTES and len(self._lines) > 1):
            self._size -= len(self._lines.popleft().text)
        if self._on_line is not None:
            self._on_line(text)
        self.end_waiting()

    async def wait_for_line(self, seconds: float) -> None:
        """Return when a line is added, or after `seconds`."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait({waiting}, timeout=seconds)
        finally:
            self._waiting.discard(waiting)

    def end_waiting(self) -> None:
        """Wake all waiting readers, because there is a new line or the service ends."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def after(self, sequence: int) -> list[dict[str, Any]]:
        """Return the lines newer than `sequence`, as JSON values."""
        return [asdict(line) for line in list(self._lines) if line.sequence > sequence]


class LineBatch:
    """Passes lines on in batches: under load, one write per line would take more time than all other logging."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        """`on_text` gets one or more lines, without the last line break."""
        self._on_text = on_text
        self._lines: list[str] = []

    def __call__(self, line: str) -> None:
        """Add a line. It is passed on within a moment."""
        if not self._lines:
            asyncio.get_running_loop().call_later(_BATCH_SECONDS, self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        """Pass on the waiting lines."""
        lines, self._lines = self._lines, []
        if lines:
            self._on_text("\n".join(lines))


class SandboxLog:
    """The log of one sandbox."""

    def __init__(self, book: LogBook, function: str) -> None:
        self._book = book
        self._function = function
        self._partial = bytearray()
        self._tail = bytearray()

    def write_output(self, data: bytes) -> None:
        """Add output of the function, in pieces of any size."""
        self._keep_tail(data)
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._partial += line
            self._emit_all()
        self._partial += rest
        while len(self._partial) >= _MAX_LINE_BYTES:
            self._emit(_MAX_LINE_BYTES)

    def write_platform(self, line: str | None) -> None:
        """Add a line of the platform. It ends an unfinished line of the function."""
        if line is None:
            return
        if self._partial:
            self._keep_tail(b"\n")
            self._emit_all()
        self._keep_tail(line.encode() + b"\n")
        self._book.append(self._function, "platform", line)

    def take_tail(self) -> bytes:
        """Return the last 4 KB since the last call: the log of one invocation, including its init."""
        tail = bytes(self._tail[-TAIL_BYTES:])
        self._tail.clear()
        return tail

    def _keep_tail(self, data: bytes) -> None:
        self._tail += data[-TAIL_BYTES:]
        if len(self._tail) > 16 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]

    def _emit_all(self) -> None:
        while len(self._partial) > _MAX_LINE_BYTES:
            self._emit(_MAX_LINE_BYTES)
        self._emit(len(self._partial))

    def _emit(self, size: int) -> None:
        # A runtime writes the line breaks of a traceback as \r, so that the traceback stays one event.
        text = self._partial[:size].decode("utf-8", "replace").rstrip("\r").replace("\r", "\n")
        del self._partial[:size]
        self._book.append(self._function, "function", text)
