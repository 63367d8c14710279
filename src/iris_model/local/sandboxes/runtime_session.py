"""The Runtime API as a state machine, without sockets: one process of one sandbox, from its start to its end.

```
 STARTED ──next──► READY ──deliver──► RUNNING ──response, error──► RESPONDED ──next──► READY ...
    └──init error──► INIT_ERROR
```

There are two rules. First, this file contains all code that decides whether a call is legal. Second, an invocation ends
when the runtime polls for the *next* one, not when it answers. AWS measures Duration this way. If a runtime answers and
then dies, or sleeps past the deadline, the invocation has failed. The caller already has the answer by then: AWS sends
it as soon as the runtime posts it, and custom runtimes that continue to work after their answer depend on this. The
emulator sends it only at the end.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from iris_model.contract.lambda_limits import MOST_RESPONSE_BYTES
from iris_model.local.sandboxes import failures
from iris_model.local.sandboxes.failures import Failure
from iris_model.local.sandboxes.invocation import Invocation, make_request_id


class RuntimeState(enum.Enum):
    """The states. Their names are those in the emulator's error messages, so that our messages are equal."""

    STARTED = "Started"
    READY = "Ready"
    RUNNING = "Running"
    RESPONDED = "ResponseSent"
    INIT_ERROR = "InitError"


class Refusal(Exception):
    """The Runtime API refuses a call: status, and the two members of the body."""

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
    """What the runtime posted: a response, or a failure instead of it."""

    payload: bytes
    failure: Failure | None = None


OnDelivery = Callable[[Delivery], None]
OnAnswer = Callable[[Answer], None]


class RuntimeSession:
    """The session of one runtime process."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.state = RuntimeState.STARTED
        # The result of the init: None when the runtime asks for its first event, a Failure when it reports one.
        self.initialized: asyncio.Future[Failure | None] = loop.create_future()
        self.answer: Answer | None = None
        self.answered_at: float | None = None  # by time.perf_counter
        self._delivery: Delivery | None = None
        self._on_answer: OnAnswer | None = None
        self._finished: asyncio.Future[Answer | None] | None = None
        self._polls: list[OnDelivery] = []

    def deliver(self, delivery: Delivery, on_answer: OnAnswer | None = None) -> asyncio.Future[Answer | None]:
        """Hand an invocation to the waiting runtime. The future is done when the runtime has answered and polls again.

        The waiting task may end it with None. `on_answer` is called with the response when the runtime posts it.
        """
        if self.state is not RuntimeState.READY:
            raise RuntimeError(f"an invocation was delivered to a runtime that is {self.state.value}")
        self.state = RuntimeState.RUNNING
        self.answer = None
        self.answered_at = None
        self._delivery = delivery
        self._on_answer = on_answer
        self._finished = asyncio.get_running_loop().create_future()
        # After a reconnect, two polls may wait at once. Both get the event, so that it arrives if one poll is lost.
        polls, self._polls = self._polls, []
        for on_delivery in polls:
            on_delivery(delivery)
        return self._finished

    def poll(self, on_delivery: OnDelivery) -> None:
        """Handle `GET /runtime/invocation/next`: call `on_delivery` with the event, without a time limit."""
        if self.state is RuntimeState.RUNNING:
            # A runtime that lost the event may poll again. The emulator also repeats it.
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
        """Forget a poll whose connection ended."""
        if on_delivery in self._polls:
            self._polls.remove(on_delivery)

    def respond(self, request_id: str, payload: bytes, *, too_large: bool = False) -> None:
        """Handle `POST .../response`. `too_large`: the body exceeds Lambda's limit, so `payload` is not complete."""
        self._check_request_id(request_id)
        self._finish("InvocationResponse")
        if too_large:
            self._answer(Answer(b"", failures.response_too_large()))
            raise _too_large()
        self._answer(Answer(payload))

    def fail(self, request_id: str, error_type: str, document: bytes, *, too_large: bool = False) -> None:
        """Handle `POST .../error`: the handler failed. `too_large`: as in `respond`."""
        self._check_request_id(request_id)
        self._finish("InvocationErrorResponse")
        if too_large:
            self._answer(Answer(b"", failures.response_too_large()))
            raise _too_large()
        self._answer(Answer(document, failures.reported(error_type, document, category="Function")))

    def fail_init(self, error_type: str, document: bytes, *, too_large: bool = False) -> None:
        """Handle `POST .../init/error`: the runtime cannot load the handler and exits. `too_large`: as in `respond`."""
        if self.state is not RuntimeState.STARTED:
            raise self._forbidden(RuntimeState.INIT_ERROR)
        self.state = RuntimeState.INIT_ERROR
        if too_large:
            self.initialized.set_result(failures.response_too_large())
            raise _too_large()
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


def _too_large() -> Refusal:
    message = f"Exceeded maximum allowed payload size ({MOST_RESPONSE_BYTES} bytes)."
    return Refusal(413, "RequestEntityTooLarge", message)
