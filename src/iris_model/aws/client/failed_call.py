"""A failed call to AWS: its code, and whether a retry may succeed."""

from __future__ import annotations

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
    """A failed call, with the message of AWS. Users never see it: `explain` converts it."""

    def __init__(self, service: str, operation: str, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{service}:{operation}: {code}: {message}")
        self.service, self.operation, self.code, self.message, self.status = service, operation, code, message, status

    @property
    def is_transient(self) -> bool:
        """Whether a retry may succeed."""
        return self.code in TRANSIENT or self.code in CONFLICT or self.status >= 500 or self.status == 429

    @property
    def is_of_the_way(self) -> bool:
        """Whether AWS was not reached."""
        return self.code in ("ConnectionFailed", "ProxyConnectionError", "SSLError")
