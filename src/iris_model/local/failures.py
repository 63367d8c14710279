"""How an invocation can fail without the handler saying so, and the document the caller gets for each.

The texts are those of AWS (issue trackers and documentation have them verbatim), which differ from the emulator's in how
they travel: always status 200 with X-Amz-Function-Error, never 502, and a timeout is JSON.
"""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass

MAX_RESPONSE_BYTES = 6_291_556  # 6 MiB and 100 bytes

# What the platform records as the type of an error; every other text becomes Unknown of its category.
_RECORDED_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


@dataclass(frozen=True)
class Failure:
    """A failed init or invocation. `document` is set when the runtime itself has said what the caller is to read."""

    status: str  # error: the runtime reported it; failure: the process is gone; timeout
    error_type: str
    message: str = ""
    document: bytes | None = None

    def payload(self, request_id: str) -> bytes:
        """The error document for the caller."""
        if self.document is not None:
            return self.document
        message = self.message.replace("{request_id}", request_id)
        return json.dumps({"errorType": self.error_type, "errorMessage": message}, separators=(",", ":")).encode()


def timed_out(timeout_seconds: float) -> Failure:
    """The deadline passed. The number is the configured timeout, not the measured time."""
    return Failure(
        "timeout",
        "Sandbox.Timedout",
        f"RequestId: {{request_id}} Error: Task timed out after {timeout_seconds:.2f} seconds",
    )


def exited(returncode: int) -> Failure:
    """The process ended by itself, or a signal ended it (negative, as `subprocess` counts)."""
    if returncode == 0:
        reason = "Runtime exited without providing a reason"
    elif returncode > 0:
        reason = f"Runtime exited with error: exit status {returncode}"
    else:
        name = signal.strsignal(-returncode) or str(-returncode)
        reason = f"Runtime exited with error: signal: {name.lower()}"
    return Failure("failure", "Runtime.ExitError", f"RequestId: {{request_id}} Error: {reason}")


def out_of_memory() -> Failure:
    """The sandbox needed more than its memory size, so it was killed."""
    return Failure(
        "failure",
        "Runtime.OutOfMemory",
        "RequestId: {request_id} Error: Runtime exited with error: signal: killed",
    )


def response_too_large() -> Failure:
    """The handler returned more than Lambda carries."""
    return Failure(
        "error",
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
    )


def invalid_entrypoint(error: OSError) -> Failure:
    """The process could not be started at all."""
    reason = (error.strerror or str(error)).lower()
    return Failure("failure", "Runtime.InvalidEntrypoint", f"RequestId: {{request_id}} Error: {reason}")


def reported(error_type: str, document: bytes, *, category: str) -> Failure:
    """The runtime posted an error document. `category` is Runtime during init and Function afterwards."""
    recorded = error_type if _RECORDED_TYPE.fullmatch(error_type) else f"{category}.Unknown"
    return Failure("error", recorded, document=document)
