"""The errors of the Lambda service itself: the ones that a client library raises as exceptions.

A function that fails is not among them: that is status 200 with X-Amz-Function-Error. The spelling of the bodies is
inconsistent in the cloud (`Message` or `message`, with `Type` or without), and SDKs cope; each is kept as captured.
"""

from __future__ import annotations

import json

MAX_SYNC_PAYLOAD_BYTES = 6_291_456
MAX_EVENT_PAYLOAD_BYTES = 1_048_576
MAX_INVOKE_ASYNC_BYTES = 262_144
# Beyond this the front of the service answers, before Lambda has read the body: 50 MiB after base64.
MAX_REQUEST_BYTES = 69_905_067


class ServiceError(Exception):
    """`name` is what x-amzn-ErrorType says and boto3 raises."""

    def __init__(self, status: int, name: str, body: dict[str, str], headers: dict[str, str] | None = None) -> None:
        super().__init__(body.get("message") or body.get("Message") or name)
        self.status = status
        self.name = name
        self.body = body
        self.headers = headers or {}

    def encode(self) -> bytes:
        """The JSON body."""
        return json.dumps(self.body, separators=(",", ":")).encode()


def function_not_found(arn: str) -> ServiceError:
    """No function of that name, or no such version."""
    return ServiceError(404, "ResourceNotFoundException", {"Type": "User", "Message": f"Function not found: {arn}"})


def throttled(reason: str) -> ServiceError:
    """The concurrency limit is reached."""
    body = {"Reason": reason, "Type": "User", "message": "Rate Exceeded."}
    return ServiceError(429, "TooManyRequestsException", body, {"Retry-After": "1"})


def payload_too_large(size: int, invocation_type: str, limit: int) -> ServiceError:
    """The event is larger than Lambda takes."""
    message = f"{size} byte payload is too large for the {invocation_type} invocation type (limit {limit} bytes)"
    return ServiceError(413, "RequestTooLargeException", {"Message": message})


def request_too_large(operation: str = "InvokeFunction") -> ServiceError:
    """The body is larger than the front of the service reads."""
    message = f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the {operation} operation"
    return ServiceError(413, "RequestEntityTooLargeException", {"Message": message})


def invalid_json(reason: str) -> ServiceError:
    """The event is not JSON; the function never sees it. Only the wording of `reason` is ours."""
    message = f"Could not parse request body into json: Could not parse payload into json: {reason}"
    return ServiceError(400, "InvalidRequestContentException", {"Type": "User", "message": message})


def invalid_client_context() -> ServiceError:
    """X-Amz-Client-Context is not base64 of a JSON object."""
    message = "Client context must be a valid Base64-encoded JSON object."
    return ServiceError(400, "InvalidRequestContentException", {"Type": "User", "message": message})


def invalid_parameter(value: str, parameter: str, constraint: str) -> ServiceError:
    """A parameter that the service's own model refuses."""
    message = (
        f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: "
        f"Member must satisfy {constraint}"
    )
    return ServiceError(400, "ValidationException", {"message": message})


def service_failed() -> ServiceError:
    """The service is going down, or broke."""
    return ServiceError(
        500, "ServiceException", {"Type": "Service", "Message": "Service encountered an internal error."}
    )


def conflicting_qualifiers(named: str, asked: str) -> ServiceError:
    """The name has one qualifier, the parameter another."""
    message = (
        f"The derived qualifier from the function name does not match the specified qualifier: {named!r} is in the name, "
        f"{asked!r} in the parameter."
    )
    return ServiceError(400, "InvalidParameterValueException", {"Type": "User", "message": message})


def resource_not_found(message: str) -> ServiceError:
    """Something other than a function does not exist."""
    return ServiceError(404, "ResourceNotFoundException", {"Type": "User", "Message": message})


def unsupported(operation: str, remedy: str) -> ServiceError:
    """A call that Lambda has and the local Lambda does not; no error of Lambda's own would say so."""
    message = f"The local Lambda does not support {operation}. {remedy}"
    return ServiceError(501, "UnsupportedOperationException", {"Type": "User", "Message": message})
