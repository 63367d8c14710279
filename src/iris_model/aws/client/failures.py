"""Convert boto3's exceptions to a `Failure` with a code for `explain`; None for other exceptions.

Credentials come from programs and files that the user configured, so their failures are the user's errors.
"""

from __future__ import annotations

from typing import Any

from iris_model.aws.client.failed_call import Failure

NOT_AWS = "NotAws"
"""The code of a response that does not come from AWS, but from a proxy, a login page or another server."""

# Exceptions of botocore -> our codes; all others keep their names.
_CODES = {
    "ConnectTimeoutError": "ConnectionFailed",
    "ConnectionClosedError": "ConnectionClosed",
    "EndpointConnectionError": "ConnectionFailed",
    "HTTPClientError": "ConnectionClosed",
    "IncompleteReadError": "ConnectionClosed",
    "ParamValidationError": "ParameterValidation",
    "ReadTimeoutError": "ReadTimeout",
    "ResponseParserError": NOT_AWS,
    "ResponseStreamingError": "ConnectionClosed",
}


LOCAL_CODES = frozenset(
    {*_CODES.values(), "BrokenKey", "CredentialsFile", "CredentialsProgram", "InvalidEndpoint", "NoTerminal"}
)
"""The codes that no AWS service returns."""


def as_failure(error: Exception, service: str, operation: str) -> Failure | None:
    """Convert the exception of a call."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ClientError):
        return _refused(error, service, operation)
    if isinstance(error, BotoCoreError | ResponseParserError):
        return Failure(service, operation, _code_of(error), _words(error))
    return None


def as_credentials_failure(error: BaseException) -> Failure:
    """Convert an exception that was raised while credentials were searched in files, programs and services."""
    if isinstance(error, Exception) and (failure := as_failure(error, "", "")) is not None:
        return failure
    if isinstance(error, EOFError):
        return Failure("", "", "NoTerminal", "")
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return Failure("", "", "CredentialsFile", f"{name}{error.strerror or error}")
    said = f"its output is not JSON ({error})" if isinstance(error, ValueError) else str(error) or type(error).__name__
    return Failure("", "", "CredentialsProgram", said)


def _refused(error: Any, service: str, operation: str) -> Failure:
    details = error.response.get("Error", {})
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(details.get("Code") or "Unknown")
    message = details.get("Message") or error.response.get("message") or str(error)
    if code.isdecimal() or code == "Unknown":
        # botocore found no AWS error in the answer.
        return Failure(service, operation, NOT_AWS, f"it answered with HTTP status {status}", status)
    if error.operation_name != operation:
        # boto3 makes separate calls to get or renew credentials.
        service, operation = ("sts" if "Assume" in error.operation_name else "sso"), error.operation_name
    return Failure(service, operation, code, message, status)


def _code_of(error: Exception) -> str:
    if "Invalid header value" in str(error):
        return "BrokenKey"
    for kind in type(error).__mro__:
        if kind.__name__ in _CODES:
            return _CODES[kind.__name__]
        if kind.__module__.startswith("botocore"):
            return kind.__name__
    raise AssertionError("it is one of botocore")


def _words(error: Exception) -> str:
    # The parser quotes the whole page that it could not parse.
    return "its answer is not from AWS" if _code_of(error) == NOT_AWS else str(error)
