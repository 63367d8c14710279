"""An execution environment: a process, its Runtime API, its log; one invocation at a time.

Its life cycle, as in Lambda:

- The init phase takes up to 10 s, which are not counted against the timeout. The first REPORT has its true duration.
- If the init fails, it is repeated inside the invocation, within the function's timeout (a "suppressed init"). The
  caller gets only the result of that attempt.
- After a timeout or a crash, the environment stays, and the next invocation replaces its process.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.confinements.confine import confine
from iris_model.local.confinements.confinement import RuntimeApiPlace
from iris_model.local.machine.descriptors import explain_exhaustion
from iris_model.local.machine.host import Host
from iris_model.local.machine.memory import MIB, MemoryReading
from iris_model.local.machine.process import RuntimeProcess
from iris_model.local.sandboxes import failures
from iris_model.local.sandboxes.failures import Failure
from iris_model.local.sandboxes.invocation import Invocation, Outcome
from iris_model.local.sandboxes.runtime_api import RuntimeApi
from iris_model.local.sandboxes.runtime_session import Answer, Delivery, OnAnswer, RuntimeSession
from iris_model.local.telemetry.logs import LogBook, SandboxLog
from iris_model.local.telemetry.reports import InitReport, InvocationReport, RuntimeVersion, make_log_format

# The time for the runtime to write its log and exit after it has reported a failed init.
_INIT_EXIT_SECONDS = 1.0
# The init of provisioned concurrency may take this long, or as long as the function's timeout if that is longer.
_PROVISIONED_INIT_SECONDS = 130.0
# The files of a sandbox are counted at most this often.
_COUNT_SECONDS = 1.0


class Sandbox:
    """An execution environment. Call `open`, then `initialize`, then `invoke` any number of times, then `close`."""

    def __init__(
        self, settings: FunctionSettings, *, host: Host, log_book: LogBook, initialization_type: str = "on-demand"
    ) -> None:
        """`initialization_type`: `provisioned-concurrency` for one that is created in advance."""
        self._settings = settings
        self._host = host
        self._log = SandboxLog(log_book, settings.name)
        self._format = make_log_format(
            settings.log_format,
            system_log_level=settings.system_log_level,
            old_failure_lines=settings.old_failure_lines,
        )
        self._runtime_api = RuntimeApi()
        self._name = secrets.token_hex(16)
        self._log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{self._name}"
        self._is_provisioned = initialization_type == "provisioned-concurrency"
        self._confinement = confine(settings, host=host, name=self._name, initialization_type=initialization_type)
        self._place: RuntimeApiPlace | None = None
        self._session: RuntimeSession | None = None
        self._process: RuntimeProcess | None = None
        self._step: asyncio.Future[None] | None = None  # the current step: open the confinement, or start the process
        self._closed = False
        self._init_duration_ms: float | None = None
        self._used_bytes = 0
        self._peak_bytes = 0
        self._killed_for_memory = False
        self._counting: asyncio.Task[None] | None = None
        self._counted = 0.0  # the time of the last count of its files
        self._started = 0.0  # the time when the process was started
        self.init_failure: Failure | None = None

    @property
    def is_provisioned(self) -> bool:
        """Whether it was created in advance, and is not removed when idle."""
        return self._is_provisioned

    @property
    def is_intact(self) -> bool:
        """Whether it can serve another invocation."""
        return self._confinement.is_intact

    async def open(self) -> None:
        """Open the confinement, and listen for the runtime."""
        await self._take_step(self._open())

    async def _open(self) -> None:
        self._place = await self._confinement.open()
        await self._runtime_api.open(self._place)

    async def _take_step(self, step: Coroutine[Any, Any, None]) -> None:
        """Run a step to its end, even if the waiting task is cancelled, so that `close` knows what to close."""
        self._step = asyncio.ensure_future(step)
        await asyncio.shield(self._step)

    async def close(self) -> None:
        """End the process with SIGKILL, and remove the sandbox.

        Lambda sends SIGTERM only if an extension is registered, and there are no extensions here. Source:
        aws/aws-lambda-extensions issue 63.
        """
        self._closed = True
        self._host.stop_watching(self)
        if self._step is not None:
            await asyncio.gather(self._step, return_exceptions=True)
        try:
            if self._process is not None:
                await self._process.kill()
            await self._runtime_api.close()
        finally:
            await self._confinement.close()

    async def initialize(self) -> None:
        """Run the init phase and log a failure. The invocation repeats a failed init, and reports that result."""
        limit = self._settings.init_timeout_seconds
        if self._is_provisioned:
            limit = max(limit, _PROVISIONED_INIT_SECONDS, self._settings.timeout_seconds)
        self.init_failure = await self._start_runtime("init", limit)
        if self.init_failure is None:
            self._init_duration_ms = (time.perf_counter() - self._started) * 1000

    async def invoke(self, invocation: Invocation, on_answer: OnAnswer | None = None) -> Outcome:
        """Run one invocation to its end. `on_answer` is called with the response when the runtime posts it."""
        timeout = self._settings.timeout_seconds
        started = time.perf_counter()
        deadline_ms = int((time.time() + timeout) * 1000)
        init_duration_ms, self._init_duration_ms = self._init_duration_ms, None

        failure: Failure | None = None
        if self._process is None or not self._process.is_running:
            failure = await self._start_runtime("invoke", timeout)
        self._log.write_platform(self._format.start(invocation.request_id, "$LATEST"))
        answer = Answer(b"")
        if failure is None:
            remaining = timeout - (time.perf_counter() - started)
            answer = await self._run(Delivery(invocation, deadline_ms), remaining, on_answer)
            failure = answer.failure
        duration_ms = _milliseconds_since(started)
        answered_at = self._session.answered_at if self._session is not None else None
        if failure is not None and failure.status == "timeout":
            duration_ms = timeout * 1000  # as on AWS: the configured time, not the time until the kill

        await self._settle(failure)
        report = InvocationReport(
            request_id=invocation.request_id,
            status=failure.status if failure else "success",
            duration_ms=duration_ms,
            memory_size_mib=self._settings.memory_mib,
            max_memory_used_mib=self._max_memory_used_mib(),
            init_duration_ms=init_duration_ms,
            error_type=failure.error_type if failure else None,
            produced_bytes=len(answer.payload),
            response_ms=None if answered_at is None else (answered_at - started) * 1000,
        )
        payload = failure.payload(invocation.request_id) if failure else answer.payload
        if failure is not None:
            message = failure.message.replace("{request_id}", invocation.request_id)
            self._log.write_platform(self._format.failure(report, message))
        for line in self._format.end(report):
            self._log.write_platform(line)
        self._killed_for_memory = False
        return Outcome(
            payload=payload,
            function_error="Unhandled" if failure else None,  # AWS almost never sends Handled now
            report=report,
            log_tail=self._log.take_tail(),
        )

    async def _start_runtime(self, phase: str, limit_seconds: float) -> Failure | None:
        """Start a process and wait until it asks for its first event. Return None, or the failure after logging it."""
        initialization_type = "provisioned-concurrency" if self._is_provisioned else "on-demand"
        self._log.write_platform(self._format.init_start(_runtime_version(self._settings), initialization_type))
        started = time.perf_counter()
        failure = await self._attempt_start(limit_seconds)
        if failure is not None:
            await self._stop_process()
        else:
            self._confinement.throttle(True)
        report = InitReport(
            phase=phase,
            status="success" if failure is None else "timeout" if failure.status == "timeout" else "error",
            duration_ms=_milliseconds_since(started),
            error_type=None if failure is None or failure.status == "timeout" else failure.error_type,
            initialization_type=initialization_type,
        )
        for line in self._format.init_done(report):
            self._log.write_platform(line)
        return failure

    async def _attempt_start(self, limit_seconds: float) -> Failure | None:
        if self._closed:
            return failures.exited(-signal.SIGKILL)
        session = self._session = self._runtime_api.start_session()
        self._confinement.throttle(False)
        self._used_bytes = 0
        self._started = time.perf_counter()
        try:
            await self._take_step(self._start_process())
        except OSError as error:
            if explain_exhaustion(error):
                raise
            if error.filename:
                self._log.write_platform(f"The sandbox cannot start {error.filename}: {error.strerror}")
            return failures.invalid_entrypoint(error)
        process = self._process
        assert process is not None
        await self._wait(session.initialized, process.exited, limit_seconds=limit_seconds)
        if session.initialized.done():
            failure = session.initialized.result()
            if failure is not None:
                await asyncio.wait({process.exited}, timeout=_INIT_EXIT_SECONDS)
            return failure
        if process.exited.done():
            return self._exit_failure(process.exited.result())
        return failures.timed_out(self._settings.timeout_seconds)

    async def _start_process(self) -> None:
        assert self._place is not None
        self._process = await self._confinement.start(self._place, self._log_stream, self._log.write_output)

    async def _run(self, delivery: Delivery, limit_seconds: float, on_answer: OnAnswer | None) -> Answer:
        assert self._session is not None
        assert self._process is not None
        finished = self._session.deliver(delivery, on_answer)
        exited = self._process.exited

        def interrupt(_: object = None) -> None:
            if not finished.done():
                finished.set_result(None)

        # Like `_wait`, but with one future less, because every invocation runs this code.
        timer = asyncio.get_running_loop().call_later(max(0.0, limit_seconds), interrupt)
        exited.add_done_callback(interrupt)
        self._host.start_watching(self)
        try:
            answer = await finished
        finally:
            self._host.stop_watching(self)
            timer.cancel()
            exited.remove_done_callback(interrupt)
        if answer is not None:
            return answer
        if exited.done():
            posted = self._session.answer
            if posted is not None and posted.failure is not None:
                return posted  # if the runtime reports a failure and exits, that failure is the reason
            return Answer(b"", self._exit_failure(exited.result()))
        return Answer(b"", failures.timed_out(self._settings.timeout_seconds))

    async def _wait(self, finished: asyncio.Future[Any], exited: asyncio.Future[int], *, limit_seconds: float) -> None:
        """Wait for the first of the two futures or the time limit, and check the memory in the meantime."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()

        def wake(_: object = None) -> None:
            if not waiter.done():
                waiter.set_result(None)

        timer = loop.call_later(max(0.0, limit_seconds), wake)
        finished.add_done_callback(wake)
        exited.add_done_callback(wake)
        self._host.start_watching(self)
        try:
            await waiter
        finally:
            self._host.stop_watching(self)
            timer.cancel()
            finished.remove_done_callback(wake)
            exited.remove_done_callback(wake)

    def watch(self) -> None:
        """Check the memory of all its processes, and kill it if that exceeds the limit. Sometimes count its files."""
        process = self._process
        if process is None or not process.is_running:
            return
        if process.memory is not None:
            self._note(process.memory.read_tree())
        if self._used_bytes > self._settings.memory_mib * MIB or self._confinement.was_killed_for_memory():
            self._killed_for_memory = True
            process.signal(signal.SIGKILL)
        if self._may_count_files():
            self._counting = asyncio.ensure_future(self._count_files())

    def _note(self, reading: MemoryReading | None) -> None:
        if reading is not None:
            self._used_bytes = reading.used
            self._peak_bytes = max(self._peak_bytes, reading.peak)

    def _measure(self) -> None:
        process = self._process
        if process is not None and process.is_running and process.memory is not None:
            self._note(process.memory.read())

    def _may_count_files(self) -> bool:
        return time.monotonic() - self._counted >= _COUNT_SECONDS and self._host.may_count_files()

    async def _count_files(self) -> None:
        self._counted = time.monotonic()
        # In a thread, because a function may have a hundred thousand files.
        if (warning := await asyncio.to_thread(self._confinement.find_warning)) is not None:
            self._log.write_platform(warning)

    def _exit_failure(self, returncode: int) -> Failure:
        if self._confinement.was_killed_for_memory():
            self._killed_for_memory = True
        return failures.out_of_memory() if self._killed_for_memory else failures.exited(returncode)

    async def _settle(self, failure: Failure | None) -> None:
        """Update the log and the metrics, and end the process if its state is unknown after the failure."""
        if failure is None or failure.status == "error":
            self._measure()
            if self._may_count_files():
                await self._count_files()
            if self._process is not None:
                await self._process.settle_output()
        else:
            await self._stop_process()

    async def _stop_process(self) -> None:
        if self._process is not None:
            self._measure()
            await self._process.kill()
            self._process = None

    def _max_memory_used_mib(self) -> int:
        if self._killed_for_memory:
            return self._settings.memory_mib
        return -(-self._peak_bytes // MIB)


def _runtime_version(settings: FunctionSettings) -> RuntimeVersion:
    return RuntimeVersion(f"{settings.runtime}.local", settings.region)


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
