"""Make every call to AWS: service, operation and parameters; returns the answer or raises DeploymentError.

Temporary failures are retried with growing pauses: throttling, faults of the service, broken connections, and a
resource that is currently being changed. Every call is read-only or can be repeated.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from iris_model.aws.client.explain import explain_failure
from iris_model.aws.client.failed_call import Failure

Answer = dict[str, Any]

OnStep = Callable[[str], None]
"""Called with a description of each step."""

ATTEMPTS = 6
_ATTEMPTS_BEFORE_ANY_ANSWER = 2
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 20.0


class Transport(Protocol):
    """Sends calls to AWS, or replaces it in tests. Raises Failure."""

    region: str
    profile: str
    origin: str
    """The owner of the credentials, as a phrase for messages: `of profile dev`."""

    def __call__(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """Make one call."""


class Aws:
    """The AWS clients of one account and region."""

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
        """The owner of the credentials, as a phrase for messages."""
        self._has_answered = False

    def call(
        self, service: str, operation: str, resource: str, *, absent: tuple[str, ...] = (), **parameters: Any
    ) -> Answer:
        """Make a call. `resource` is for messages. A failure with a code in `absent` returns an empty answer.

        Raises DeploymentError.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._transport(service, operation, parameters)
                self._has_answered = True
                return answer
            except Failure as failure:
                self._has_answered |= not failure.is_of_the_way
                if _names(failure, absent):
                    return {}
                # If no call has succeeded yet, a retry does not help: the network or the address is wrong.
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
        """Yield the items below `key` of every page; none after a failure with a code in `absent`."""
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


# service -> (name of the token in the request, and in the answer)
_PAGE_NAMES = {
    "cloudformation": ("NextToken", "NextToken"),
    "cloudwatch": ("NextToken", "NextToken"),
    "ecr": ("nextToken", "nextToken"),
    "lambda": ("Marker", "NextMarker"),
    "logs": ("nextToken", "nextToken"),
    "pricing": ("NextToken", "NextToken"),
    "s3": ("ContinuationToken", "NextContinuationToken"),
    "schemas": ("NextToken", "NextToken"),
}


def _names(failure: Failure, absent: tuple[str, ...]) -> bool:
    # CloudFormation has one code for all validation errors, and only its message shows that a stack does not exist.
    return any(
        failure.code == code and (not words or words in failure.message)
        for code, _, words in (entry.partition(":") for entry in absent)
    )


def _pause(attempt: int) -> float:
    longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 - distributes retries over time
