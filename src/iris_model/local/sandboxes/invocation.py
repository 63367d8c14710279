"""An invocation: the event for a function, and the result."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field

from iris_model.local.telemetry.reports import InvocationReport


def make_request_id() -> str:
    """Return a request id in Lambda's form: a random UUID."""
    return str(uuid.uuid4())


def make_trace_id() -> str:
    """Return an X-Ray tracing header that is marked as not sampled.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"


@dataclass(frozen=True)
class Invocation:
    """An event for the function, with its context."""

    payload: bytes
    function_arn: str
    request_id: str = field(default_factory=make_request_id)
    trace_id: str = field(default_factory=make_trace_id)
    client_context: str = ""  # JSON text, already decoded from base64
    tenant_id: str = ""


@dataclass(frozen=True)
class Outcome:
    """The result of an invocation. `function_error` is the value of X-Amz-Function-Error, None after a success."""

    payload: bytes
    function_error: str | None
    report: InvocationReport
    log_tail: bytes  # the last 4 KB of this invocation's log
