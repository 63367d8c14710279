"""The Runtime API as a state machine: one process of one sandbox, from its start to its end. No sockets here.

```
 STARTED ──next──► READY ──deliver──► RUNNING ──response, error──► RESPONDED ──next──► READY ...
    └──init error──► INIT_ERROR
```

Two rules. Everything that decides whether a call is legal lives in this file. And an invocation ends when the runtime
polls for the *next* one, not when it answers: that is what AWS measures as Duration, and the emulator does the same
(observed: a runtime that answers and then dies, or sleeps past the deadline, has failed the invocation).
"""

from __future__ import annotations

import asyncio
import enum
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


class RuntimeSession:
    """The conversation with one runtime process."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.state = RuntimeState.STARTED
        # Ends the init: None when the runtime asked for its first event, a Failure when it reported one.
        self.initialized: asyncio.Future[Failure | None] = loop.create_future()
        self.answer: Answer | None = None
        self._delivery: Delivery | None = None
        self._finished: asyncio.Future[Answer] | None = None
        self._delivered = loop.create_future()

    def deliver(self, delivery: Delivery) -> asyncio.Future[Answer]:
        """Hand an invocation to the waiting runtime. The future is done when the runtime has answered and polls again."""
        if self.state is not RuntimeState.READY:
            raise RuntimeError(f"an invocation was delivered to a runtime that is {self.state.value}")
        self.state = RuntimeState.RUNNING
        self.answer = None
        self._delivery = delivery
        self._finished = asyncio.get_running_loop().create_future()
        self._delivered.set_result(None)
        return self._finished

    async def next(self) -> Delivery:
        """`GET /runtime/invocation/next`: wait for an event, as long as it takes."""
        if self.state is RuntimeState.RUNNING:
            # A runtime that lost the event on the way may ask again; the emulator repeats it, too.
            assert self._delivery is not None
            return self._delivery
        if self.state is RuntimeState.INIT_ERROR:
            raise self._forbidden(RuntimeState.READY)
        if self.state is RuntimeState.STARTED:
            self.initialized.set_result(None)
        elif self.state is RuntimeState.RESPONDED:
            assert self.answer is not None
            assert self._finished is not None
            if not self._finished.done():
                self._finished.set_result(self.answer)
            self._delivered = asyncio.get_running_loop().create_future()
        self.state = RuntimeState.READY
        # Two polls may wait at once (a runtime that reconnected): shield, so that losing one loses nothing.
        await asyncio.shield(self._delivered)
        assert self._delivery is not None
        return self._delivery

    def respond(self, request_id: str, payload: bytes, *, too_large: bool = False) -> None:
        """`POST .../response`. `too_large`: the body was longer than Lambda carries, so `payload` is not all of it."""
        self._check_request_id(request_id)
        self._finish("InvocationResponse")
        if too_large:
            self.answer = Answer(b"", failures.response_too_large())
            raise Refusal(
                413,
                "RequestEntityTooLarge",
                f"Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
            )
        self.answer = Answer(payload)

    def fail(self, request_id: str, error_type: str, document: bytes) -> None:
        """`POST .../error`: the handler failed."""
        self._check_request_id(request_id)
        self._finish("InvocationErrorResponse")
        self.answer = Answer(document, failures.reported(error_type, document, category="Function"))

    def fail_init(self, error_type: str, document: bytes) -> None:
        """`POST /runtime/init/error`: the runtime could not load the handler, and will exit."""
        if self.state is not RuntimeState.STARTED:
            raise self._forbidden(RuntimeState.INIT_ERROR)
        self.state = RuntimeState.INIT_ERROR
        self.initialized.set_result(failures.reported(error_type, document, category="Runtime"))

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
