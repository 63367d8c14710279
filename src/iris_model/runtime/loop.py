"""The life of a sandbox: find the handler, then invocation after invocation until the platform ends the process.

In: a handler's name and the address of a Runtime API. It never returns; it exits with 1 when the handler cannot be had.
"""

import os
import sys

from .client import RuntimeClient
from .context import LambdaContext
from .handlers import Fault, find_handler
from .logs import configure_when_imported, sink
from .marshal import decode_event, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def run(handler_name: str, address: str) -> None:
    """Serve invocations for ever."""
    client = RuntimeClient(address)
    configure_when_imported()
    try:
        handler = find_handler(handler_name)
    except Exception as error:
        from .failures import Failure

        failure = Failure(error)
        sink().write_error(failure.document)
        sys.stdout.flush()
        client.fail_init(failure.body(), failure.error_type)
        sys.exit(1)
    _flush()
    while True:
        serve_next(client, handler)


def serve_next(client: RuntimeClient, handler: "Callable[[Any, Any], Any]") -> None:
    """Take one invocation from the Runtime API, run the handler and give back what came of it."""
    headers, body = client.next()
    request_id = headers.get("lambda-runtime-aws-request-id", "")
    invocation_id = headers.get("lambda-runtime-invocation-id")
    trace_id = headers.get("lambda-runtime-trace-id")
    log = sink()
    log.request_id = request_id
    log.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    if trace_id is not None:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        result, content_type = _invoke(handler, headers, body, request_id)
    except Exception as error:
        from .failures import Failure

        failure = Failure(error, request_id)
        log.write_error(failure.document)
        _flush()
        client.fail(request_id, failure.body(), failure.error_type, failure.xray_cause(), invocation_id)
        return
    _flush()
    client.respond(request_id, result, content_type, invocation_id)


def _invoke(
    handler: "Callable[[Any, Any], Any]", headers: dict[str, str], body: bytes, request_id: str
) -> tuple[bytes, str]:
    context = LambdaContext(
        request_id,
        int(headers.get("lambda-runtime-deadline-ms", "0")),
        headers.get("lambda-runtime-invoked-function-arn"),
        _json_header(headers, "lambda-runtime-client-context", "Client Context"),
        _json_header(headers, "lambda-runtime-cognito-identity", "Cognito Identity"),
        headers.get("lambda-runtime-aws-tenant-id"),
    )
    event: Any = body
    if headers.get("content-type", "application/json") == "application/json":
        try:
            event = decode_event(body)
        except (ValueError, RecursionError) as error:
            raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
    result = handler(event, context)
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return encode_json(result).encode("utf-8"), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def _json_header(headers: dict[str, str], name: str, title: str) -> "dict[str, Any] | None":
    text = headers.get(name)
    if not text:
        return None
    try:
        # Header values come as latin-1; what the platform put there is UTF-8.
        value: dict[str, Any] = decode_event(text.encode("latin-1"))
        return value
    except ValueError as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", f"Unable to parse {title} JSON: {error}") from None


def _flush() -> None:
    """What was printed belongs to this invocation: the process may be frozen as soon as it has answered."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # the handler closed it; its own business
