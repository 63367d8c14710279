"""The log of the service: every line of every sandbox, the newest kept, each passed on to who listens.

`SandboxLog` cuts the output of one sandbox into lines and remembers the tail that X-Amz-Log-Result wants. `LogBook` is
the common end of all of them.
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
    """The newest lines of all functions, within a bound of lines and of bytes."""

    def __init__(self, on_line: Callable[[str], None] | None = None) -> None:
        self._lines: deque[LogLine] = deque()
        self._size = 0
        self._sequence = 0
        self._on_line = on_line
        self._waiting: set[asyncio.Future[None]] = set()

    def append(self, function: str, source: str, text: str) -> None:
        """Keep a line, forget the oldest, tell the listener."""
        self._sequence += 1
        self._lines.append(LogLine(self._sequence, int(time.time() * 1000), function, source, text))
        self._size += len(text)
        while len(self._lines) > _KEPT_LINES or (self._size > _KEPT_BYTES and len(self._lines) > 1):
            self._size -= len(self._lines.popleft().text)
        if self._on_line is not None:
            self._on_line(text)
        self.end_waiting()

    async def wait_for_line(self, seconds: float) -> None:
        """Return when a line comes, or after `seconds`."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait({waiting}, timeout=seconds)
        finally:
            self._waiting.discard(waiting)

    def end_waiting(self) -> None:
        """Let everybody go who waits: there is a line, or the service ends."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def after(self, sequence: int) -> list[dict[str, Any]]:
        """The kept lines that are newer than `sequence`, as JSON values."""
        return [asdict(line) for line in list(self._lines) if line.sequence > sequence]


class LineBatch:
    """Passes lines on a few at a time: under load, a write for each would cost more than all else that is logged."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        """`on_text` gets one or more lines, without the last line break."""
        self._on_text = on_text
        self._lines: list[str] = []

    def __call__(self, line: str) -> None:
        """One more line; it is passed on within a moment."""
        if not self._lines:
            asyncio.get_running_loop().call_later(_BATCH_SECONDS, self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        """Pass on what there is."""
        lines, self._lines = self._lines, []
        if lines:
            self._on_text("\n".join(lines))


class SandboxLog:
    """Where one sandbox writes."""

    def __init__(self, book: LogBook, function: str) -> None:
        self._book = book
        self._function = function
        self._partial = bytearray()
        self._tail = bytearray()

    def write_output(self, data: bytes) -> None:
        """Output of the function, cut wherever the pipe happened to cut it."""
        self._keep_tail(data)
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._partial += line
            self._emit_all()
        self._partial += rest
        while len(self._partial) >= _MAX_LINE_BYTES:
            self._emit(_MAX_LINE_BYTES)

    def write_platform(self, line: str | None) -> None:
        """A line of the platform. A line that the function left unfinished ends here."""
        if line is None:
            return
        if self._partial:
            self._keep_tail(b"\n")
            self._emit_all()
        self._keep_tail(line.encode() + b"\n")
        self._book.append(self._function, "platform", line)

    def take_tail(self) -> bytes:
        """The last 4 KB since this was asked last, which is the log of one invocation, its init included."""
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
        # A runtime writes the line breaks of a traceback as \r, so that it stays one event.
        text = self._partial[:size].decode("utf-8", "replace").rstrip("\r").replace("\r", "\n")
        del self._partial[:size]
        self._book.append(self._function, "function", text)
