"""The number of concurrent invocations and its limits: the account's, and each function's share."""

from __future__ import annotations

from dataclasses import dataclass

# The default limit of an account in a region. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ACCOUNT_CONCURRENCY = 1000


class Throttled(Exception):
    """No sandbox may be added. `reason` is that of Lambda's TooManyRequestsException."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Concurrency:
    """The running invocations of all functions of the service, to which the account's limit applies.

    `reserved` is the sum of the functions' reserved concurrency. The other functions share the rest.
    """

    limit: int = ACCOUNT_CONCURRENCY
    in_flight: int = 0
    reserved: int = 0


class Gate:
    """The limit of one function. It outlives versions, so that a reload does not allow more invocations than before."""

    def __init__(self, account: Concurrency, reserved: int | None) -> None:
        self._account = account
        self._reserved = reserved
        self.in_flight = 0
        account.reserved += reserved or 0

    def enter(self) -> None:
        """Begin an invocation, or raise Throttled: Lambda never queues a synchronous call."""
        if self._reserved is not None:
            if self.in_flight >= self._reserved:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        elif self._account.in_flight >= self._account.limit - self._account.reserved:
            raise Throttled("ConcurrentInvocationLimitExceeded")
        else:
            self._account.in_flight += 1  # counts functions without reserved concurrency
        self.in_flight += 1

    def leave(self) -> None:
        """End an invocation."""
        self.in_flight -= 1
        if self._reserved is None:
            self._account.in_flight -= 1

    def change(self, reserved: int | None) -> None:
        """Change the limit; running invocations continue."""
        if (self._reserved is None) != (reserved is None):
            self._account.in_flight += self.in_flight if reserved is None else -self.in_flight
        self._account.reserved += (reserved or 0) - (self._reserved or 0)
        self._reserved = reserved
