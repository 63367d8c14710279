"""The sandboxes of one function: one per concurrent invocation, reused warm, reaped when idle, down to none."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from iris_model.local.guardian import Guardian
from iris_model.local.invocation import Invocation, Outcome
from iris_model.local.logs import LogBook
from iris_model.local.runtime_session import Answer, OnAnswer
from iris_model.local.sandbox import Sandbox
from iris_model.local.settings import FunctionSettings

# What a region grants an account, all functions together. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ACCOUNT_CONCURRENCY = 1000
_SETTLING_SECONDS = 0.05
_CLOSING_SECONDS = 0.5


class Throttled(Exception):
    """No sandbox may be added. `reason` is the one of Lambda's TooManyRequestsException."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Concurrency:
    """Invocations under way, of all functions of the service: the account's limit spans them."""

    limit: int = ACCOUNT_CONCURRENCY
    in_flight: int = 0


@dataclass(frozen=True)
class _Idle:
    sandbox: Sandbox
    since: float


class SandboxPool:
    """Hands each invocation a sandbox of its own."""

    def __init__(
        self,
        settings: FunctionSettings,
        *,
        guardian: Guardian,
        log_book: LogBook,
        account: Concurrency,
        init_slots: asyncio.Semaphore,
    ) -> None:
        """`init_slots`: how many inits may run at once; see `_acquire`."""
        self._settings = settings
        self._guardian = guardian
        self._log_book = log_book
        self._account = account
        self._init_slots = init_slots
        self._idle: deque[_Idle] = deque()  # newest last; the newest is taken first, so that the oldest can be reaped
        self._all: set[Sandbox] = set()
        self._in_flight = 0
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

    async def invoke(self, invocation: Invocation, on_answer: OnAnswer | None = None) -> Outcome:
        """Run the invocation in a sandbox, or raise `Throttled` at once: Lambda never queues a synchronous call.

        `on_answer` is told what the runtime posts when it does, which is before the invocation ends.
        """
        if self._settling and not self._idle:
            await self._wait_for_settling()
        is_settling = False

        def answered(answer: Answer) -> None:
            nonlocal is_settling
            is_settling = True
            self._settling += 1
            if on_answer is not None:
                on_answer(answer)

        reserved = self._settings.reserved_concurrency
        if reserved is not None and self._in_flight >= reserved:
            raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        if self._account.in_flight >= self._account.limit:
            raise Throttled("ConcurrentInvocationLimitExceeded")
        self._in_flight += 1
        self._account.in_flight += 1
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
            self._in_flight -= 1
            self._account.in_flight -= 1
            if is_settling:
                self._settling -= 1
                if self._waiting:
                    _wake(self._waiting.popleft())

    async def close(self) -> None:
        """End every sandbox, all at the same time. What was answered may end first, so that its REPORT is written."""
        self._closed = True
        limit = time.monotonic() + _CLOSING_SECONDS
        while self._settling and time.monotonic() < limit:
            await self._wait_for_settling()
        if self._reaper is not None:
            self._reaper.cancel()
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
        if self._idle:
            return self._idle.pop().sandbox
        async with self._init_slots:
            if self._idle:
                return self._idle.pop().sandbox
            sandbox = Sandbox(self._settings, guardian=self._guardian, log_book=self._log_book)
            self._all.add(sandbox)
            try:
                await sandbox.open()
                await sandbox.initialize()
            except BaseException:
                self._discard(sandbox)
                raise
            return sandbox

    def _release(self, sandbox: Sandbox) -> None:
        if self._closed:
            self._discard(sandbox)
            return
        self._idle.append(_Idle(sandbox, time.monotonic()))
        if self._reaper is None:
            self._schedule_reaper(self._settings.idle_timeout_seconds)

    def _reap(self) -> None:
        self._reaper = None
        now = time.monotonic()
        while self._idle and now - self._idle[0].since >= self._settings.idle_timeout_seconds:
            self._discard(self._idle.popleft().sandbox)
        if self._idle:
            self._schedule_reaper(self._settings.idle_timeout_seconds - (now - self._idle[0].since))

    def _schedule_reaper(self, delay: float) -> None:
        self._reaper = asyncio.get_running_loop().call_later(delay, self._reap)

    def _discard(self, sandbox: Sandbox) -> None:
        if sandbox in self._all:
            self._all.discard(sandbox)
            closing = asyncio.ensure_future(sandbox.close())
            self._closings.add(closing)
            closing.add_done_callback(self._closings.discard)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
