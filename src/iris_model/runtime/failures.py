"""Error documents for the caller of a failed invocation, and the cause that the platform sends to X-Ray.

Imported only after a failure.
"""

import os
import sys

from .handlers import Fault
from .logs import sink
from .marshal import encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from traceback import FrameSummary
    from types import TracebackType

    from .logs import ErrorDocument


def _own_code() -> str:
    """Return the directory of this package in stack frames.

    Shipped bytecode may show the directory where it was compiled.
    """
    return os.path.dirname(os.path.dirname(_own_code.__code__.co_filename)) + os.sep


# Frames of runtime and engine do not help the author of a handler that failed.
OWN_CODE = _own_code()


class Failure:
    """A failed init or invocation: `document` (errorMessage, errorType, requestId, stackTrace), and X-Ray's cause."""

    def __init__(self, error: BaseException, request_id: str = "") -> None:
        frames: list[FrameSummary] = []
        stack_trace: list[str] = []
        if isinstance(error, Fault):
            self.error_type, message = error.error_type, error.message
            stack_trace = error.trace or []
            cause_type = "LambdaValidationError"
        else:
            self.error_type = cause_type = type(error).__name__
            message = str(error)
            frames = _frames_of_user(error.__traceback__)
            if frames:
                from traceback import format_list

                # Without columns there are no ^^^^ lines. awslambdaric writes none either, and they make logs longer.
                stack_trace = format_list(
                    [(frame.filename, frame.lineno or 0, frame.name, frame.line) for frame in frames]
                )
        self.document: ErrorDocument = {
            "errorMessage": message,
            "errorType": self.error_type,
            "requestId": request_id,
            "stackTrace": stack_trace,
        }
        self._cause = {
            "working_directory": _working_directory(),
            "exceptions": [
                {
                    "message": message,
                    "type": cause_type,
                    "stack": [{"label": frame.name, "path": frame.filename, "line": frame.lineno} for frame in frames],
                }
            ],
            "paths": sorted({frame.filename for frame in frames}),
        }

    def body(self) -> bytes:
        """Return the error document as JSON."""
        return encode_json(self.document).encode("utf-8", "replace")

    def xray_cause(self) -> str:
        """Return the cause as one line of ASCII JSON, valid in a header."""
        from json import dumps

        return dumps(self._cause)


def log_failure(error: Exception) -> Failure:
    """Write the error of an init or a restore into the log, and return it for the platform."""
    failure = Failure(error)
    sink().write_error(failure.document)
    sys.stdout.flush()
    return failure


def _frames_of_user(traceback: "TracebackType | None") -> "list[FrameSummary]":
    if traceback is None:
        return []
    from traceback import extract_tb

    return [
        frame
        for frame in extract_tb(traceback)
        if not frame.filename.startswith((OWN_CODE, "<frozen importlib")) and frame.filename != "<frozen runpy>"
    ]


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""
