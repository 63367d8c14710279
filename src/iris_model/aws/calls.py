"""Every call to AWS goes through here: service, operation and parameters in, the answer out, or a `DeploymentError`.

What passes by itself is tried again with growing pauses: throttling, faults of the service, broken connections, and a
resource that somebody else is changing just now. Everything that is called is either a question or may be asked twice.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from iris_model.aws.explain import explain_failure

Answer = dict[str, Any]

OnStep = Callable[[str], None]
"""Told of each step, in words for people."""

ATTEMPTS = 6
_ATTEMPTS_BEFORE_ANY_ANSWER = 2
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 20.0

TRANSIENT = frozenset(
    {
        "ConnectionClosed", "ConnectionFailed", "InternalFailure", "InternalServiceError",
        "ReadTimeout", "RequestLimitExceeded", "RequestTimeout", "RequestTimeoutException",
        "ServerException", "ServiceException", "ServiceUnavailable", "ServiceUnavailableException", "SlowDown", "Throttling",
        "ThrottlingException", "ThrottledException", "TooManyRequestsException", "PriorRequestNotComplete",
    }
)  # fmt: skip
CONFLICT = frozenset(
    {
        "ConcurrentModificationException", "ConflictException", "OperationAbortedException", "OperationInProgressException",
        "ResourceConflictException", "ResourceInUseException", "TokenAlreadyExistsException",
    }
)  # fmt: skip


class Failure(Exception):
    """A call that did not succeed, as AWS says it. Never reaches a user: `explain` makes the message."""

    def __init__(self, service: str, operation: str, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{service}:{operation}: {code}: {message}")
        self.service, self.operation, self.code, self.message, self.status = service, operation, code, message, status

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed in a moment."""
        return self.code in TRANSIENT or self.code in CONFLICT or self.status >= 500 or self.status == 429

    @property
    def is_of_the_way(self) -> bool:
        """Whether nothing was reached."""
        return self.code in ("ConnectionFailed", "ProxyConnectionError", "SSLError")


class Transport(Protocol):
    """What reaches AWS, or stands for it in tests: raises `Failure`."""

    region: str
    profile: str
    origin: str
    """Whose the credentials are, after the word: `of profile dev`."""

    def __call__(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """Make one call."""


class Aws:
    """AWS as this room sees it."""

    def __init__(
        self,
        transport: Transport,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self.sleep = sleep
        self.clock = clock
        self.region = transport.region
        self.origin = transport.origin
        """Whose the credentials are."""
        self._has_answered = False

    def call(
        self, service: str, operation: str, resource: str, *, absent: tuple[str, ...] = (), **parameters: Any
    ) -> Answer:
        """Make a call about `resource`, as messages name it. A failure whose code is in `absent` gives an empty answer."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._transport(service, operation, parameters)
                self._has_answered = True
                return answer
            except Failure as failure:
                self._has_answered |= not failure.is_of_the_way
                if _names(failure, absent):
                    return {}
                # Where nothing has ever answered, waiting will not help: the network or the address is wrong.
                most = ATTEMPTS if self._has_answered else _ATTEMPTS_BEFORE_ANY_ANSWER
                if not failure.is_transient or attempt >= most:
                    raise explain_failure(failure, resource, self._transport) from None
                self.sleep(_pause(attempt))
        raise AssertionError("the loop returns or raises")

    def pages(
        self,
        service: str,
        operation: str,
        resource: str,
        key: str,
        *,
        absent: tuple[str, ...] = (),
        **parameters: Any,
    ) -> Iterator[Any]:
        """Yield the items below `key` of every page; none after a failure whose code is in `absent`."""
        names = _PAGE_NAMES[service]
        token: str | None = None
        while True:
            if token:
                parameters[names[0]] = token
            page = self.call(service, operation, resource, absent=absent, **parameters)
            yield from page.get(key, ())
            token = page.get(names[1])
            if not token:
                return


# service -> (name of the token in the question, and in the answer)
_PAGE_NAMES = {
    "cloudformation": ("NextToken", "NextToken"),
    "cloudwatch": ("NextToken", "NextToken"),
    "ecr": ("nextToken", "nextToken"),
    "lambda": ("Marker", "NextMarker"),
    "logs": ("nextToken", "nextToken"),
    "pricing": ("NextToken", "NextToken"),
    "schemas": ("NextToken", "NextToken"),
}


def _names(failure: Failure, absent: tuple[str, ...]) -> bool:
    # CloudFormation has one code for everything that is wrong, and tells only in words that a stack is not there.
    return any(
        failure.code == code and (not words or words in failure.message)
        for code, _, words in (entry.partition(":") for entry in absent)
    )


def _pause(attempt: int) -> float:
    longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 - to spread callers out, nobody guesses it
