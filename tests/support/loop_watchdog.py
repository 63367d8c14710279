"""Finds calls that block an event loop: a callback that waits, or uses the processor, for too long.

It samples the thread of the loop from another thread. A machine that is merely busy does not count: then the thread is
runnable and moves on as soon as it gets the processor. What counts is a thread that waits in the kernel, or computes, in
one callback while the loop has something else to do.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType

LIMIT_SECONDS = 0.1
_SAMPLE_SECONDS = 0.01


class LoopWatchdog:
    """Watch the loop of the calling thread from now until `stop`; `blocked` has a stack for each blocked call."""

    def __init__(self) -> None:
        self.blocked: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._ident = threading.get_ident()
        self._native = threading.get_native_id()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            answered = threading.Event()
            try:
                self._loop.call_soon_threadsafe(answered.set)
            except RuntimeError:
                return  # the loop is closed
            self._wait(answered)

    def _wait(self, answered: threading.Event) -> None:
        """Return when the loop has answered; note the call that keeps it from answering."""
        place, still_samples, noted = None, 0, False
        processor_seconds = self._processor_seconds()
        while not answered.wait(_SAMPLE_SECONDS):
            if self._stopped.is_set() or self._loop.is_closed():
                return
            frame = sys._current_frames().get(self._ident)
            if frame is None:
                return
            if _starts_a_thread(frame):
                return  # a new thread signals its start as soon as a busy machine gives it the processor
            now = (id(frame), frame.f_lasti)
            still_samples = still_samples + 1 if now == place and self._state() in "SD" else 0
            place = now
            computed = self._processor_seconds() - processor_seconds
            if not noted and (still_samples * _SAMPLE_SECONDS >= LIMIT_SECONDS or computed >= LIMIT_SECONDS):
                noted = True
                kind = "waits" if still_samples else f"computes for {computed:.2f} s"
                self.blocked.append(f"the loop {kind} in\n" + "".join(traceback.format_stack(frame)[-6:]))

    def _state(self) -> str:
        return self._stat()[0]

    def _processor_seconds(self) -> float:
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / 100 if len(fields) > 12 else 0.0

    def _stat(self) -> list[str]:
        try:
            text = Path(f"/proc/self/task/{self._native}/stat").read_text()
        except OSError:
            return ["?"]  # no Linux, or the thread is gone
        return text.rpartition(")")[2].split()


def _starts_a_thread(frame: FrameType | None) -> bool:
    """Whether the frame is in `threading.Thread.start`, at most three calls deep."""
    for _ in range(4):
        if frame is None:
            return False
        if frame.f_code is threading.Thread.start.__code__:
            return True
        frame = frame.f_back
    return False
