"""The sandboxes of one version of a function: one per concurrent invocation, reused while warm, removed when idle.

Provisioned sandboxes are created in advance and are not removed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.machine.descriptors import check_room, explain_exhaustion
from iris_model.local.machine.host import Host
from iris_model.local.sandboxes.concurrency import Gate, Throttled
from iris_model.local.sandboxes.failures import Failure
from iris_model.local.sandboxes.invocation import Invocation, Outcome
from iris_model.local.sandboxes.runtime_session import Answer, OnAnswer
from iris_model.local.sandboxes.sandbox import Sandbox
from iris_model.local.telemetry.logs import LogBook

_SETTLING_SECONDS = 0.05
_CLOSING_SECONDS = 0.5


@dataclass(frozen=True)
class _Idle:
    sandbox: Sandbox
    since: float


class SandboxPool:
    """Gives each invocation its own sandbox."""

    def __init__(self, settings: FunctionSettings, *, host: Host, log_book: LogBook, gate: Gate) -> None:
        self._settings = settings
        self._host = host
        self._log_book = log_book
        self._gate = gate
        self._idle: deque[_Idle] = deque()  # newest last; the newest is used first, so that the oldest can be removed
        self._all: set[Sandbox] = set()
        self._pending = 0
        self._settling = 0  # running invocations that have been answered
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._wanting: deque[asyncio.Future[Sandbox]] = deque()  # invocations that wait to start a sandbox
        self._reaper: asyncio.TimerHandle | None = None
        self._closings: set[asyncio.Task[None]] = set()
        self._closed = False  # accepts no sandbox back
        self._ended = False  # starts nothing

    @property
    def sandbox_count(self) -> int:
        """The number of sandboxes, busy or idle."""
        return len(self._all)

    @property
    def settling_count(self) -> int:
        """The number of invocations that have been answered but have not ended."""
        return self._settling

    async def open(self) -> None:
        """Start the provisioned sandboxes. If the init of one fails, it stays, and each invocation repeats the init."""
        count = self._settings.sandbox.provisioned_concurrency
        await asyncio.gather(*(self._add("provisioned-concurrency") for _ in range(count)))

    async def prepare(self) -> Failure | None:
        """Start one sandbox, which then waits warm. Return the failure if its init fails, and remove it."""
        sandbox = await self._make("on-demand")
        if sandbox.init_failure is not None:
            self._discard(sandbox)
        else:
            self._release(sandbox)
        return sandbox.init_failure

    async def invoke(self, invocation: Invocation, on_answer: OnAnswer | None = None) -> Outcome:
        """Run the invocation in a sandbox, or raise Throttled at once.

        `on_answer` is called with the response when the runtime posts it, before the invocation ends.
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
                # The invocation was interrupted, so the state of the process is unknown, and it is not reused.
                self._discard(sandbox)
                raise
            self._release(sandbox)
            return outcome
        except OSError as error:
            # Throttle the caller, as Lambda does without capacity. A function error would name the wrong cause.
            if not (reason := explain_exhaustion(error)):
                raise
            self._log_book.append(self._settings.name, "platform", reason)
            raise Throttled("ConcurrentInvocationLimitExceeded") from None
        finally:
            self._gate.leave()
            if is_settling:
                self._settling -= 1
                if self._waiting:
                    _wake(self._waiting.popleft())

    async def drain(self) -> None:
        """Finish running invocations, close idle sandboxes now, and return when none is left."""
        self._closed = True  # sandboxes released from now on are closed
        self._cancel_reaper()
        while self._idle:
            self._discard(self._idle.popleft().sandbox)
        while self._pending or self._all or self._closings:
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """End all sandboxes at once. Invocations that were answered may end first, so that their REPORT is written."""
        self._closed = self._ended = True
        limit = time.monotonic() + _CLOSING_SECONDS
        while self._settling and time.monotonic() < limit:
            await self._wait_for_settling()
        self._cancel_reaper()
        for sandbox in list(self._all):
            self._discard(sandbox)
        self._idle.clear()
        await asyncio.gather(*self._closings)

    async def _wait_for_settling(self) -> None:
        """Wait a moment for a sandbox that has answered and will ask for its next event.

        In the cloud the network delays the caller, so the sandbox is ready before the next request arrives. Without
        this wait, a single client with consecutive requests would get a second sandbox here.
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
        """Return a warm sandbox, or a new one after its init.

        In the cloud every sandbox has its own CPU share. Here, parallel inits would slow each other down, and would be
        reported as slow inits or time out. So at most one init for each processor runs at once. The invocation that has
        waited longest gets the next init, or the next free sandbox, whichever is first.
        """
        if (idle := self._take_idle()) is not None:
            return idle
        slots = self._host.init_slots
        if slots.locked():
            freed: asyncio.Future[Sandbox] = asyncio.get_running_loop().create_future()
            turn: asyncio.Future[Any] = asyncio.ensure_future(slots.acquire())
            self._wanting.append(freed)
            try:
                waited: set[asyncio.Future[Any]] = {freed, turn}
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                if freed.done():
                    self._release(freed.result())
                self._give_up(turn)
                raise
            finally:
                if not freed.done():
                    self._wanting.remove(freed)
            if freed.done():
                self._give_up(turn)
                return freed.result()
        else:
            await slots.acquire()
        try:
            return await self._start("on-demand")
        finally:
            slots.release()

    def _give_up(self, turn: asyncio.Future[Any]) -> None:
        """Leave the queue for an init. If this turn was already granted, the next invocation gets it."""
        if turn.done():
            self._host.init_slots.release()
        else:
            turn.cancel()

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
        if self._ended:
            raise Throttled("ConcurrentInvocationLimitExceeded")
        check_room()
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
        if self._wanting:
            self._wanting.popleft().set_result(sandbox)
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
