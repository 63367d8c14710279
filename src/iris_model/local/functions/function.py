"""A function of the service: its settings, sandboxes, and queue of asynchronous events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.machine.host import Host
from iris_model.local.sandboxes.concurrency import Concurrency, Gate, Throttled
from iris_model.local.sandboxes.failures import Failure
from iris_model.local.sandboxes.invocation import Invocation, Outcome
from iris_model.local.sandboxes.pool import SandboxPool
from iris_model.local.sandboxes.runtime_session import OnAnswer
from iris_model.local.telemetry.logs import LogBook
from iris_model.local.telemetry.metrics import FunctionMetrics

# Lambda waits one minute before it retries an event, and two minutes before the second retry. Then it drops the event,
# unless there is a dead-letter queue or a destination.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
RETRY_DELAYS_SECONDS = (60.0, 120.0)
# The answers to pings that keep a sandbox warm. The metrics do not count pings as requests.
_ANSWERS_TO_PINGS = (b'{"warm": true}', b'{"warm":true}')
_THROTTLED_DELAY_SECONDS = 1.0


class LocalFunction:
    """A function that front ends invoke."""

    def __init__(
        self,
        settings: FunctionSettings,
        *,
        host: Host,
        log_book: LogBook,
        account: Concurrency,
        retry_delays_seconds: Sequence[float] = RETRY_DELAYS_SECONDS,
    ) -> None:
        self.settings = settings
        self.metrics = FunctionMetrics()
        self.http_api_requests = 0  # the requests that API Gateway would bill
        self._host = host
        self._gate = Gate(account, settings.reserved_concurrency)
        self.pool = SandboxPool(settings, host=host, log_book=log_book, gate=self._gate)
        self._log_book = log_book
        self._retry_delays = tuple(retry_delays_seconds)
        self._events: set[asyncio.Task[None]] = set()
        self._retirements: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start the provisioned sandboxes."""
        await self.pool.open()

    def adopt(self, settings: FunctionSettings) -> None:
        """Use other settings from now on. Running invocations end with the old ones."""
        pool = SandboxPool(settings, host=self._host, log_book=self._log_book, gate=self._gate)
        self._switch(settings, pool)

    async def replace(self, settings: FunctionSettings) -> Failure | None:
        """Replace the version when the new one is warm. If its init fails, change nothing and return the failure."""
        pool = SandboxPool(settings, host=self._host, log_book=self._log_book, gate=self._gate)
        try:
            failure = await pool.prepare()
            if failure is None:
                await pool.open()
        except BaseException:
            await pool.close()
            raise
        if failure is not None:
            await pool.close()
            return failure
        self._switch(settings, pool)
        return None

    async def invoke(self, invocation: Invocation, on_answer: OnAnswer | None = None) -> Outcome:
        """Invoke synchronously. Return the outcome, or raise Throttled.

        `on_answer` gets the answer when the runtime posts it, before the invocation ends.
        """
        try:
            outcome = await self.pool.invoke(invocation, on_answer)
        except Throttled as throttled:
            self.metrics.throttles[throttled.reason] += 1
            raise
        if outcome.payload not in _ANSWERS_TO_PINGS:
            self.metrics.record(outcome.report)
        return outcome

    def enqueue(self, invocation: Invocation) -> None:
        """Invoke asynchronously: accept the event now, run it as soon as possible, and retry it if it fails."""
        task = asyncio.ensure_future(self._run_event(invocation))
        self._events.add(task)
        task.add_done_callback(self._events.discard)

    async def close(self) -> None:
        """Drop waiting events, and end the sandboxes."""
        for task in self._events:
            task.cancel()
        await asyncio.gather(*self._events, return_exceptions=True)
        for task in self._retirements:
            task.cancel()
        await asyncio.gather(*self._retirements, return_exceptions=True)
        await self.pool.close()

    async def _run_event(self, invocation: Invocation) -> None:
        for delay in (*self._retry_delays, None):
            outcome = await self._invoke_when_possible(invocation)
            if outcome.function_error is None:
                return
            if delay is not None:
                # The retry has the same request id, by which a handler can recognize it.
                await asyncio.sleep(delay)
        self.metrics.lost_events += 1
        self._log_book.append(
            self.settings.name,
            "platform",
            f"Event {invocation.request_id} is lost: {len(self._retry_delays) + 1} attempts failed, and there is no "
            f"dead-letter queue or destination on this machine",
        )

    async def _invoke_when_possible(self, invocation: Invocation) -> Outcome:
        # A throttled event stays in the queue (up to six hours in the cloud). That does not count as an attempt.
        while True:
            try:
                return await self.invoke(invocation)
            except Throttled:
                await asyncio.sleep(_THROTTLED_DELAY_SECONDS)

    def _switch(self, settings: FunctionSettings, pool: SandboxPool) -> None:
        old_settings, old_pool = self.settings, self.pool
        self.settings, self.pool = settings, pool
        self._gate.change(settings.reserved_concurrency)
        task = asyncio.ensure_future(self._retire(old_pool, old_settings))
        self._retirements.add(task)
        task.add_done_callback(self._retirements.discard)

    async def _retire(self, pool: SandboxPool, settings: FunctionSettings) -> None:
        """Let running invocations of the old version finish, then delete its copy."""
        try:
            await pool.drain()
        finally:
            await pool.close()
            if settings.directory.is_relative_to(self._host.scratch):
                self._host.remove_directory(settings.directory)
