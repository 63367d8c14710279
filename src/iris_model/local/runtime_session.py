"""The Runtime API as a state machine: one process of one sandbox, from its start to its end. No sockets here.

```
 STARTED ──next──► READY ──deliver──► RUNNING ──response, error──► RESPONDED ──next──► READY ...
    └──init error──► INIT_ERROR
```

Two rules. Everything that decides whether a call is legal lives in this file. And an invocation ends when the runtime
polls for the *next* one, not when it answers: that is what AWS measures as Duration, and a runtime that answers and then
dies, or sleeps past the deadline, has failed the invocation. The caller, though, has its answer by then: AWS sends it on
as soon as the runtime has posted it, which is what custom runtimes that work on after their answer live by. The emulator
keeps it back until the end.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from iris_model.local import failures
from iris_model.local.failures import MAX_RESPONSE_BYTES, Failure
from iris_model.local.invocation import Invocation, make_request_id


class RuntimeState(enum.Enum):
    """The words of the emulator's refusals, so that they read alike."""

    STARTED = "Started"
    READY = "Ready"
    RUNNING = "Running"
    RESPONDED = "ResponseSent"
    INIT_ERROR = "InitError"


class Refusal(Exception):
    """The Runtime API says no: status, and the two members of the body."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


@dataclass(frozen=True)
class Delivery:
    """An invocation handed to the runtime. The id is new for each attempt; awslambdaric 4 echoes it."""

    invocation: Invocation
    deadline_ms: int
    invocation_id: str = field(default_factory=make_request_id)


@dataclass(frozen=True)
class Answer:
    """What the runtime posted: a response, or the failure that stands in its place."""

    payload: bytes
    failure: Failure | None = None


OnDelivery = Callable[[Delivery], None]
OnAnswer = Callable[[Answer], None]


class RuntimeSession:
    """The conversation with one runtime process."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.state = RuntimeState.STARTED
        # Ends the init: None when the runtime asked for its first event, a Failure when it reported one.
        self.initialized: asyncio.Future[Failure | None] = loop.create_future()
        self.answer: Answer | None = None
        self.answered_at: float | None = None  # by time.perf_counter
        self._delivery: Delivery | None = None
        self._on_answer: OnAnswer | None = None
        self._finished: asyncio.Future[Answer | None] | None = None
        self._polls: list[OnDelivery] = []

    def deliver(self, delivery: Delivery, on_answer: OnAnswer | None = None) -> asyncio.Future[Answer | None]:
        """Hand an invocation to the waiting runtime. The future is done when the runtime has answered and polls again.

        Whoever waits for it may end it with None. `on_answer` is told what the runtime posted as soon as it posts it.
        """
        if self.state is not RuntimeState.READY:
            raise RuntimeError(f"an invocation was delivered to a runtime that is {self.state.value}")
        self.state = RuntimeState.RUNNING
        self.answer = None
        self.answered_at = None
        self._delivery = delivery
        self._on_answer = on_answer
        self._finished = asyncio.get_running_loop().create_future()
        # Two polls may wait at once (a runtime that reconnected): both get it, so that losing one loses nothing.
        polls, self._polls = self._polls, []
        for on_delivery in polls:
            on_delivery(delivery)
        return self._finished

    def poll(self, on_delivery: OnDelivery) -> None:
        """`GET /runtime/invocation/next`: `on_delivery` gets the event, however long that takes."""
        if self.state is RuntimeState.RUNNING:
            # A runtime that lost the event on the way may ask again; the emulator repeats it, too.
            assert self._delivery is not None
            on_delivery(self._delivery)
            return
        if self.state is RuntimeState.INIT_ERROR:
            raise self._forbidden(RuntimeState.READY)
        if self.state is RuntimeState.STARTED:
            self.initialized.set_result(None)
        elif self.state is RuntimeState.RESPONDED:
            assert self.answer is not None
            assert self._finished is not None
            if not self._finished.done():
                self._finished.set_result(self.answer)
        self.state = RuntimeState.READY
        self._polls.append(on_delivery)

    def forget(self, on_delivery: OnDelivery) -> None:
        """A poll ended with its connection: who waited is gone."""
        if on_delivery in self._polls:
            self._polls.remove(on_delivery)

    def respond(self, request_id: str, payload: bytes, *, too_large: bool = False) -> None:
        """`POST .../response`. `too_large`: the body was longer than Lambda carries, so `payload` is not all of it."""
        self._check_request_id(request_id)
        self._finish("InvocationResponse")
        if too_large:
            self._answer(Answer(b"", failures.response_too_large()))
            raise Refusal(
                413,
                "RequestEntityTooLarge",
                f"Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
            )
        self._answer(Answer(payload))

    def fail(self, request_id: str, error_type: str, document: bytes) -> None:
        """`POST .../error`: the handler failed."""
        self._check_request_id(request_id)
        self._finish("InvocationErrorResponse")
        self._answer(Answer(document, failures.reported(error_type, document, category="Function")))

    def fail_init(self, error_type: str, document: bytes) -> None:
        """`POST /runtime/init/error`: the runtime could not load the handler, and will exit."""
        if self.state is not RuntimeState.STARTED:
            raise self._forbidden(RuntimeState.INIT_ERROR)
        self.state = RuntimeState.INIT_ERROR
        self.initialized.set_result(failures.reported(error_type, document, category="Runtime"))

    def _answer(self, answer: Answer) -> None:
        self.answer = answer
        self.answered_at = time.perf_counter()
        on_answer, self._on_answer = self._on_answer, None
        if on_answer is not None:
            on_answer(answer)

    def _check_request_id(self, request_id: str) -> None:
        if self._delivery is None or request_id != self._delivery.invocation.request_id:
            raise Refusal(400, "InvalidRequestID", "Invalid request ID")

    def _finish(self, target: str) -> None:
        if self.state is not RuntimeState.RUNNING:
            raise self._forbidden(target)
        self.state = RuntimeState.RESPONDED

    def _forbidden(self, target: RuntimeState | str) -> Refusal:
        name = target.value if isinstance(target, RuntimeState) else target
        return Refusal(
            403,
            "InvalidStateTransition",
            f"State transition from {self.state.value} to {name} failed for runtime. "
            "Error: State transition is not allowed",
        )
