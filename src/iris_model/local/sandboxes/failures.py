"""The failures of an invocation without an answer from the handler, and the error document for each of them.

The texts are AWS's (published in issue trackers and documentation). Unlike the emulator's, the response always has the
status 200 with X-Amz-Function-Error, never 502, and a timeout is JSON.
"""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass

from iris_model.contract.lambda_limits import MOST_RESPONSE_BYTES

# Error types that the platform records. Every other type becomes `CATEGORY.Unknown`.
_RECORDED_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


@dataclass(frozen=True)
class Failure:
    """A failed init or invocation. `document` is set if the runtime posted an error document."""

    status: str  # error: the runtime reported it; failure: the process ended; timeout
    error_type: str
    message: str = ""
    document: bytes | None = None

    def payload(self, request_id: str) -> bytes:
        """Return the error document for the caller."""
        if self.document is not None:
            return self.document
        message = self.message.replace("{request_id}", request_id)
        return json.dumps({"errorType": self.error_type, "errorMessage": message}, separators=(",", ":")).encode()


def timed_out(timeout_seconds: float) -> Failure:
    """Return the failure for a passed deadline. Its text has the configured timeout, not the measured time."""
    return Failure(
        "timeout",
        "Sandbox.Timedout",
        f"RequestId: {{request_id}} Error: Task timed out after {timeout_seconds:.2f} seconds",
    )


def exited(returncode: int) -> Failure:
    """Return the failure for an exit, or for a signal (a negative code, as in `subprocess`)."""
    if returncode == 0:
        reason = "Runtime exited without providing a reason"
    elif returncode > 0:
        reason = f"Runtime exited with error: exit status {returncode}"
    else:
        name = signal.strsignal(-returncode) or str(-returncode)
        reason = f"Runtime exited with error: signal: {name.lower()}"
    return Failure("failure", "Runtime.ExitError", f"RequestId: {{request_id}} Error: {reason}")


def out_of_memory() -> Failure:
    """Return the failure for a sandbox that was killed because it exceeded its memory size."""
    return Failure(
        "failure",
        "Runtime.OutOfMemory",
        "RequestId: {request_id} Error: Runtime exited with error: signal: killed",
    )


def response_too_large() -> Failure:
    """Return the failure for a response that exceeds Lambda's limit."""
    return Failure(
        "error",
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MOST_RESPONSE_BYTES} bytes).",
    )


def invalid_entrypoint(error: OSError) -> Failure:
    """Return the failure for a process that could not be started."""
    reason = (error.strerror or str(error)).lower()
    return Failure("failure", "Runtime.InvalidEntrypoint", f"RequestId: {{request_id}} Error: {reason}")


def reported(error_type: str, document: bytes, *, category: str) -> Failure:
    """Return the failure for an error document of the runtime. `category`: Runtime during init, then Function."""
    recorded = error_type if _RECORDED_TYPE.fullmatch(error_type) else f"{category}.Unknown"
    return Failure("error", recorded, document=document)
