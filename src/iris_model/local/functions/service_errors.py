"""The errors of the Lambda service, which client libraries raise as exceptions.

The error of a function is different: status 200 with X-Amz-Function-Error. The spelling of the bodies in the cloud is
inconsistent (`Message` or `message`, with `Type` or without). Each body here is as captured.
"""

from __future__ import annotations

import json

MAX_EVENT_PAYLOAD_BYTES = 1_048_576
MAX_INVOKE_ASYNC_BYTES = 262_144
# Lambda's front end refuses larger bodies before Lambda reads them: 50 MiB after base64.
MAX_REQUEST_BYTES = 69_905_067


class ServiceError(Exception):
    """An error of the service. `name`: the value of x-amzn-ErrorType, and the name of boto3's exception."""

    def __init__(self, status: int, name: str, body: dict[str, str], headers: dict[str, str] | None = None) -> None:
        super().__init__(body.get("message") or body.get("Message") or name)
        self.status = status
        self.name = name
        self.body = body
        self.headers = headers or {}

    def encode(self) -> bytes:
        """Return the JSON body."""
        return json.dumps(self.body, separators=(",", ":")).encode()


def function_not_found(arn: str) -> ServiceError:
    """Return the error for a function or a version that does not exist."""
    return ServiceError(404, "ResourceNotFoundException", {"Type": "User", "Message": f"Function not found: {arn}"})


def throttled(reason: str) -> ServiceError:
    """Return the error for a reached concurrency limit."""
    body = {"Reason": reason, "Type": "User", "message": "Rate Exceeded."}
    return ServiceError(429, "TooManyRequestsException", body, {"Retry-After": "1"})


def payload_too_large(size: int, invocation_type: str, limit: int) -> ServiceError:
    """Return the error for an event that is larger than Lambda's limit."""
    message = f"{size} byte payload is too large for the {invocation_type} invocation type (limit {limit} bytes)"
    return ServiceError(413, "RequestTooLargeException", {"Message": message})


def request_too_large(operation: str = "InvokeFunction") -> ServiceError:
    """Return the error for a body that is larger than the service's limit."""
    message = f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the {operation} operation"
    return ServiceError(413, "RequestEntityTooLargeException", {"Message": message})


def invalid_json(reason: str) -> ServiceError:
    """Return the error for an event that is not JSON, which invokes no function. Only `reason` has our own wording."""
    message = f"Could not parse request body into json: Could not parse payload into json: {reason}"
    return ServiceError(400, "InvalidRequestContentException", {"Type": "User", "message": message})


def invalid_client_context() -> ServiceError:
    """Return the error for an X-Amz-Client-Context that is not base64 of a JSON object."""
    message = "Client context must be a valid Base64-encoded JSON object."
    return ServiceError(400, "InvalidRequestContentException", {"Type": "User", "message": message})


def invalid_parameter(value: str, parameter: str, constraint: str) -> ServiceError:
    """Return the error for a parameter that AWS's service model refuses."""
    message = (
        f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: "
        f"Member must satisfy {constraint}"
    )
    return ServiceError(400, "ValidationException", {"message": message})


def service_failed() -> ServiceError:
    """Return the error for a service that is stopping or has failed."""
    return ServiceError(
        500, "ServiceException", {"Type": "Service", "Message": "Service encountered an internal error."}
    )


def conflicting_qualifiers(named: str, asked: str) -> ServiceError:
    """Return the error for different qualifiers in the name and the parameter."""
    message = (
        f"The derived qualifier from the function name does not match the specified qualifier: {named!r} is in the name, "
        f"{asked!r} in the parameter."
    )
    return ServiceError(400, "InvalidParameterValueException", {"Type": "User", "message": message})


def resource_not_found(message: str) -> ServiceError:
    """Return the error for a resource, other than a function, that does not exist."""
    return ServiceError(404, "ResourceNotFoundException", {"Type": "User", "Message": message})


def unsupported(operation: str, remedy: str) -> ServiceError:
    """Return the error for a call that the local Lambda does not support. Lambda has no such error."""
    message = f"The local Lambda does not support {operation}. {remedy}"
    return ServiceError(501, "UnsupportedOperationException", {"Type": "User", "Message": message})
