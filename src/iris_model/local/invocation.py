"""The nouns of an invocation: what is asked of a function, and what came of it."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field

from iris_model.local.reports import Report


def make_request_id() -> str:
    """A request id as Lambda makes them: a random UUID."""
    return str(uuid.uuid4())


def make_trace_id() -> str:
    """An X-Ray tracing header that says "not sampled".

    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the function."""

    payload: bytes
    function_arn: str
    request_id: str = field(default_factory=make_request_id)
    trace_id: str = field(default_factory=make_trace_id)
    client_context: str = ""  # JSON text, already decoded from base64
    tenant_id: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to. `function_error` is the value of X-Amz-Function-Error, None after a success."""

    payload: bytes
    function_error: str | None
    report: Report
    log_tail: bytes  # the last 4 KB of what this invocation logged
