"""One child process: started, listened to, measured, killed. Knows nothing of invocations.

It is the leader of its own session, so that its children end with it. Its output is read from one pipe, in the order it
was written, whichever of stdout and stderr it went to.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from iris_model.local.guardian import Guardian

_READ_BYTES = 65_536


class ChildProcess:
    """A running child. `exited` resolves to its return code, after its last output was passed on."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        guardian: Guardian,
        on_output: Callable[[bytes], None],
    ) -> None:
        """Start it; OSError when the system refuses."""
        self._loop = asyncio.get_running_loop()
        self._on_output = on_output
        self._guardian = guardian
        self._output, writing_end = os.pipe()
        try:
            self._popen = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=writing_end,
                stderr=writing_end,
                start_new_session=True,
            )
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(writing_end)
        self.pid = self._popen.pid
        self.exited: asyncio.Future[int] = self._loop.create_future()
        guardian.watch(self.pid)
        os.set_blocking(self._output, False)
        self._loop.add_reader(self._output, self._read_once)
        self._watch_exit()

    @property
    def is_running(self) -> bool:
        """Whether the process has not been seen to end."""
        return not self.exited.done()

    def drain(self) -> None:
        """Pass on the output that is already in the pipe, without waiting for more."""
        # What was written before the runtime's last call is in the pipe by now, and the pipe holds 64 KiB. A child that
        # never stops writing must not keep us here, hence the bound.
        for _ in range(16):
            if self._output < 0 or not self._read_once():
                return

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole process group."""
        if self.is_running:
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
                pass

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await asyncio.shield(self.exited)

    async def terminate(self, grace_seconds: float) -> None:
        """SIGTERM; SIGKILL when the grace is over."""
        self.signal(signal.SIGTERM)
        await asyncio.wait({self.exited}, timeout=grace_seconds)
        await self.kill()

    def _watch_exit(self) -> None:
        if hasattr(os, "pidfd_open"):
            try:
                self._pidfd = os.pidfd_open(self.pid)
            except OSError:
                pass  # an old kernel, or a sandbox that forbids the call
            else:
                self._loop.add_reader(self._pidfd, self._on_pidfd)
                return
        threading.Thread(target=self._wait_in_thread, daemon=True).start()

    def _on_pidfd(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._on_exit()

    def _wait_in_thread(self) -> None:
        self._popen.wait()
        try:
            self._loop.call_soon_threadsafe(self._on_exit)
        except RuntimeError:
            pass  # the loop is closed: nobody is left to be told

    def _on_exit(self) -> None:
        # Children of the child, first: as long as the leader is not reaped, nobody else can have its number.
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        returncode = self._popen.wait()
        self._guardian.forget(self.pid)
        self.drain()
        if self._output >= 0:
            self._close_output()
        self.exited.set_result(returncode)

    def _read_once(self) -> bool:
        try:
            data = os.read(self._output, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._close_output()
            return False
        self._on_output(data)
        return True

    def _close_output(self) -> None:
        self._loop.remove_reader(self._output)
        os.close(self._output)
        self._output = -1
