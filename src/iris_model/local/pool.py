"""The sandboxes of one version of a function: one per concurrent invocation, reused warm, reaped when idle, down to none.

Provisioned ones are made before they are needed, and stay.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from iris_model.local.concurrency import Gate
from iris_model.local.failures import Failure
from iris_model.local.host import Host
from iris_model.local.invocation import Invocation, Outcome
from iris_model.local.logs import LogBook
from iris_model.local.runtime_session import Answer, OnAnswer
from iris_model.local.sandbox import Sandbox
from iris_model.local.settings import FunctionSettings

_SETTLING_SECONDS = 0.05
_CLOSING_SECONDS = 0.5


@dataclass(frozen=True)
class _Idle:
    sandbox: Sandbox
    since: float


class SandboxPool:
    """Hands each invocation a sandbox of its own."""

    def __init__(self, settings: FunctionSettings, *, host: Host, log_book: LogBook, gate: Gate) -> None:
        self._settings = settings
        self._host = host
        self._log_book = log_book
        self._gate = gate
        self._idle: deque[_Idle] = deque()  # newest last; the newest is taken first, so that the oldest can be reaped
        self._all: set[Sandbox] = set()
        self._pending = 0
        self._settling = 0  # of those in flight, how many have been answered
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._reaper: asyncio.TimerHandle | None = None
        self._closings: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def sandbox_count(self) -> int:
        """Sandboxes that exist, busy or idle."""
        return len(self._all)

    @property
    def settling_count(self) -> int:
        """Invocations whose caller has the answer, and that have not ended yet."""
        return self._settling

    async def open(self) -> None:
        """Make the provisioned sandboxes ready. One whose init fails stays: each invocation then tries it again."""
        count = self._settings.sandbox.provisioned_concurrency
        await asyncio.gather(*(self._add("provisioned-concurrency") for _ in range(count)))

    async def prepare(self) -> Failure | None:
        """Initialise one sandbox, which then waits warm; or the failure, and there is none."""
        sandbox = await self._make("on-demand")
        if sandbox.init_failure is not None:
            self._discard(sandbox)
        else:
            self._release(sandbox)
        return sandbox.init_failure

    async def invoke(self, invocation: Invocation, on_answer: OnAnswer | None = None) -> Outcome:
        """Run the invocation in a sandbox, or raise `Throttled` at once.

        `on_answer` is told what the runtime posts when it does, which is before the invocation ends.
        """
        self._pending += 1
        try:
            return await self._invoke(invocation, on_answer)
        finally:
            self._pending -= 1

    async def _invoke(self, invocation: Invocation, on_answer: OnAnswer | None) -> Outcome:
        if self._settling and not self._idle:
            await self._wait_for_settling()
        is_settling = False

        def answered(answer: Answer) -> None:
            nonlocal is_settling
            is_settling = True
            self._settling += 1
            if on_answer is not None:
                on_answer(answer)

        self._gate.enter()
        try:
            sandbox = await self._acquire()
            try:
                outcome = await sandbox.invoke(invocation, answered)
            except BaseException:
                # Cancelled in the middle, so nobody knows what the process is doing: not for reuse.
                self._discard(sandbox)
                raise
            self._release(sandbox)
            return outcome
        finally:
            self._gate.leave()
            if is_settling:
                self._settling -= 1
                if self._waiting:
                    _wake(self._waiting.popleft())

    async def drain(self) -> None:
        """Take leave: what is under way ends as it would, what is idle is closed now, and then there is nothing."""
        self._closed = True  # who is released from now on is closed
        self._cancel_reaper()
        while self._idle:
            self._discard(self._idle.popleft().sandbox)
        while self._pending or self._all or self._closings:
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """End every sandbox, all at the same time. What was answered may end first, so that its REPORT is written."""
        self._closed = True
        limit = time.monotonic() + _CLOSING_SECONDS
        while self._settling and time.monotonic() < limit:
            await self._wait_for_settling()
        self._cancel_reaper()
        for sandbox in list(self._all):
            self._discard(sandbox)
        self._idle.clear()
        await asyncio.gather(*self._closings)

    async def _wait_for_settling(self) -> None:
        """Wait a moment for a sandbox that has answered and is about to ask for its next event.

        In the cloud the caller is a network away, and it has asked by the time the caller's next request arrives. Here,
        without the wait, one client that asks one question after the other would be given a second sandbox.
        """
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting.append(waiter)
        timer = loop.call_later(_SETTLING_SECONDS, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    async def _acquire(self) -> Sandbox:
        """A warm sandbox, else a new one, initialized.

        In the cloud every sandbox has its own share of a processor. Here, inits that run side by side would slow each
        other down and be reported, even timed out, as slow inits; so no more run at once than there are processors. Who
        waits for his turn takes a sandbox that became free meanwhile.
        """
        if (idle := self._take_idle()) is not None:
            return idle
        async with self._host.init_slots:
            if (idle := self._take_idle()) is not None:
                return idle
            return await self._start("on-demand")

    def _take_idle(self) -> Sandbox | None:
        while self._idle:
            sandbox = self._idle.pop().sandbox
            if sandbox.is_intact:
                return sandbox
            self._discard(sandbox)
        return None

    async def _make(self, initialization_type: str) -> Sandbox:
        async with self._host.init_slots:
            return await self._start(initialization_type)

    async def _add(self, initialization_type: str) -> None:
        self._release(await self._make(initialization_type))

    async def _start(self, initialization_type: str) -> Sandbox:
        sandbox = Sandbox(
            self._settings, host=self._host, log_book=self._log_book, initialization_type=initialization_type
        )
        self._all.add(sandbox)
        try:
            await sandbox.open()
            await sandbox.initialize()
        except BaseException:
            self._discard(sandbox)
            raise
        return sandbox

    def _release(self, sandbox: Sandbox) -> None:
        if self._closed or not sandbox.is_intact:
            self._discard(sandbox)
            return
        self._idle.append(_Idle(sandbox, time.monotonic()))
        if self._reaper is None and not sandbox.is_provisioned:
            self._schedule_reaper(self._settings.idle_timeout_seconds)

    def _reap(self) -> None:
        self._reaper = None
        now = time.monotonic()
        kept: list[_Idle] = []
        while self._idle and now - self._idle[0].since >= self._settings.idle_timeout_seconds:
            idle = self._idle.popleft()
            if idle.sandbox.is_provisioned:
                kept.append(idle)
            else:
                self._discard(idle.sandbox)
        self._idle.extendleft(reversed(kept))
        oldest = next((idle for idle in self._idle if not idle.sandbox.is_provisioned), None)
        if oldest is not None:
            self._schedule_reaper(self._settings.idle_timeout_seconds - (now - oldest.since))

    def _schedule_reaper(self, delay: float) -> None:
        self._reaper = asyncio.get_running_loop().call_later(delay, self._reap)

    def _cancel_reaper(self) -> None:
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None

    def _discard(self, sandbox: Sandbox) -> None:
        if sandbox in self._all:
            self._all.discard(sandbox)
            closing = asyncio.ensure_future(sandbox.close())
            self._closings.add(closing)
            closing.add_done_callback(self._closings.discard)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
