"""How many invocations run at once, and how many may: the account's limit, and each function's share of it."""

from __future__ import annotations

from dataclasses import dataclass

# What a region grants an account, all functions together. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ACCOUNT_CONCURRENCY = 1000


class Throttled(Exception):
    """No sandbox may be added. `reason` is the one of Lambda's TooManyRequestsException."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Concurrency:
    """Invocations under way, of all functions of the service: the account's limit spans them.

    `reserved` is the sum of what functions have reserved: the others share the rest.
    """

    limit: int = ACCOUNT_CONCURRENCY
    in_flight: int = 0
    reserved: int = 0


class Gate:
    """The limit of one function. It outlives the function's version, so that a reload lets in no more than before."""

    def __init__(self, account: Concurrency, reserved: int | None) -> None:
        self._account = account
        self._reserved = reserved
        self.in_flight = 0
        account.reserved += reserved or 0

    def enter(self) -> None:
        """Begin an invocation, or raise `Throttled`: Lambda never queues a synchronous call."""
        if self._reserved is not None:
            if self.in_flight >= self._reserved:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        elif self._account.in_flight >= self._account.limit - self._account.reserved:
            raise Throttled("ConcurrentInvocationLimitExceeded")
        else:
            self._account.in_flight += 1  # of the functions that share what is not reserved
        self.in_flight += 1

    def leave(self) -> None:
        """End an invocation."""
        self.in_flight -= 1
        if self._reserved is None:
            self._account.in_flight -= 1

    def change(self, reserved: int | None) -> None:
        """Another limit from now on; what is under way stays under way."""
        if (self._reserved is None) != (reserved is None):
            self._account.in_flight += self.in_flight if reserved is None else -self.in_flight
        self._account.reserved += (reserved or 0) - (self._reserved or 0)
        self._reserved = reserved
