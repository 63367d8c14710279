"""The loop of a sandbox: find the handler, then serve invocations until the platform ends the process.

`run` never returns. The process exits with 1 if the handler cannot be imported.
"""

import os
import sys

from .client import LambdaRuntimeClient
from .context import LambdaContext
from .handlers import Fault, find_handler
from .logs import configure_when_imported, sink
from .marshal import decode_event, encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .handlers import Handler


def run(handler_name: str, address: str) -> None:
    """Serve invocations forever. `address` is `host:port` of the Runtime API."""
    client = LambdaRuntimeClient(address)
    # awslambdaric sets its module here, and monitoring libraries look here for the functions that they replace.
    sys.modules["__main__"].bootstrap = sys.modules[__name__]  # type: ignore[attr-defined]
    configure_when_imported()
    try:
        handler = find_handler(handler_name)
    except Exception as error:
        from .failures import log_failure

        failure = log_failure(error)
        client.post_init_error(failure.body(), failure.error_type)
        sys.exit(1)
    _flush()
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        from .snapshot import wait_for_restore

        wait_for_restore(client)
    while True:
        serve_next(client, handler)


def serve_next(client: LambdaRuntimeClient, handler: "Handler") -> None:
    """Take one invocation from the Runtime API, run the handler and post its result."""
    headers, body = client.wait_next_invocation()
    trace_id = headers.get("lambda-runtime-trace-id")
    log = sink()
    log.request_id = headers.get("lambda-runtime-aws-request-id", "")
    log.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    if trace_id is not None:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    # Looked up at every call: a monitoring library may have replaced it to wrap the handler.
    handle_event_request(client, handler, headers, body)


def handle_event_request(client: LambdaRuntimeClient, handler: "Handler", headers: dict[str, str], body: bytes) -> None:
    """Run the handler with one event and post its result or its error."""
    request_id = headers.get("lambda-runtime-aws-request-id", "")
    invocation_id = headers.get("lambda-runtime-invocation-id")
    try:
        result, content_type = _invoke(handler, headers, body, request_id)
    except Exception as error:
        from .failures import Failure

        failure = Failure(error, request_id)
        sink().write_error(failure.document)
        _flush()
        client.post_invocation_error(
            request_id, failure.body(), failure.error_type, failure.xray_cause(), invocation_id
        )
        return
    _flush()
    client.post_invocation_result(request_id, result, content_type, invocation_id)


def _invoke(handler: "Handler", headers: dict[str, str], body: bytes, request_id: str) -> tuple[bytes, str]:
    context = LambdaContext(
        request_id,
        int(headers.get("lambda-runtime-deadline-ms", "0")),
        headers.get("lambda-runtime-invoked-function-arn"),
        _json_header(headers, "lambda-runtime-client-context", "Client Context"),
        _json_header(headers, "lambda-runtime-cognito-identity", "Cognito Identity"),
        headers.get("lambda-runtime-aws-tenant-id"),
    )
    event: object = body
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


def _json_header(headers: dict[str, str], name: str, title: str) -> "dict[str, object] | None":
    text = headers.get(name)
    if not text:
        return None
    try:
        # Header values are decoded as latin-1; the platform sends UTF-8.
        value: dict[str, object] = decode_event(text.encode("latin-1"))
        return value
    except ValueError as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", f"Unable to parse {title} JSON: {error}") from None


def _flush() -> None:
    """Flush standard output: the process may be frozen as soon as it has answered."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # the handler closed it
