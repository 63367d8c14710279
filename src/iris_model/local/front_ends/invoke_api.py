"""The Invoke API: `POST /2015-03-31/functions/{name}/invocations`, for boto3, the AWS CLI and curl.

A request becomes an `Invocation`, and an `Outcome` becomes a response. Signatures are not checked: the service listens
on loopback, and accepts any credentials.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from iris_model.contract.lambda_limits import MOST_REQUEST_BYTES
from iris_model.local.front_ends.api_messages import ApiRequest, ApiResponse, OnResponse
from iris_model.local.functions import service_errors
from iris_model.local.functions.function import LocalFunction
from iris_model.local.functions.function_names import LATEST
from iris_model.local.functions.function_table import FunctionTable
from iris_model.local.functions.service_errors import ServiceError
from iris_model.local.sandboxes.concurrency import Throttled
from iris_model.local.sandboxes.invocation import Invocation, make_request_id, make_trace_id
from iris_model.local.sandboxes.runtime_session import Answer
from iris_model.local.wire.body import BodyTooLarge, read_body

PATH = "/2015-03-31/functions/{name}/invocations"
ASYNC_PATH = "/2014-11-13/functions/{name}/invoke-async/"

_INVOCATION_TYPES = ("Event", "DryRun", "RequestResponse")
_LOG_TYPES = ("None", "Tail")
_MAX_CLIENT_CONTEXT_BYTES = 3583


@dataclass(frozen=True, slots=True)
class _Call:
    function: LocalFunction
    invocation: Invocation
    invocation_type: str
    wants_tail: bool


class InvokeApi:
    """The functions of the service behind the Invoke API."""

    def __init__(self, functions: FunctionTable) -> None:
        self._functions = functions
        self._running: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call that came through aiohttp."""
        answered: asyncio.Future[ApiResponse] = asyncio.get_running_loop().create_future()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            body = await read_body(request, service_errors.MAX_REQUEST_BYTES)
        except BodyTooLarge:
            response = encode_error(service_errors.request_too_large(), make_request_id())
        else:
            call = ApiRequest(request.match_info["name"], request.query.get("Qualifier"), headers, body)
            self.start(call, lambda response: None if answered.done() else answered.set_result(response))
            response = await answered
        return to_web(response)

    async def handle_async(self, request: web.Request) -> web.StreamResponse:
        """Answer InvokeAsync, which is deprecated but works on Lambda: an Event invocation with a smaller limit."""
        request_id = make_request_id()
        try:
            try:
                body = await read_body(request, service_errors.MAX_REQUEST_BYTES)
            except BodyTooLarge:
                raise service_errors.request_too_large("InvokeAsync") from None
            function, arn = self._functions.find(request.match_info["name"])
            payload = check_payload(body, "Event", service_errors.MAX_INVOKE_ASYNC_BYTES)
            function.enqueue(Invocation(payload=payload, function_arn=arn, request_id=request_id))
        except ServiceError as error:
            return to_web(encode_error(error, request_id))
        return to_web(ApiResponse(202, b'{"Status":202}', {"x-amzn-RequestId": request_id}))

    def start(self, request: ApiRequest, answer: OnResponse) -> None:
        """Start one call. `answer` is called once with the response, now or later."""
        request_id = make_request_id()
        try:
            call = self._parse(request, request_id)
        except ServiceError as error:
            answer(encode_error(error, request_id))
            return
        if call.invocation_type == "DryRun":
            answer(ApiResponse(204, headers={"x-amzn-RequestId": request_id}, content_type=""))
        elif call.invocation_type == "Event":
            call.function.enqueue(call.invocation)
            answer(ApiResponse(202, headers={"x-amzn-RequestId": request_id}, content_type=""))
        else:
            task = asyncio.ensure_future(self._run(call, answer))
            self._running.add(task)

    async def _run(self, call: _Call, answer: OnResponse) -> None:
        invocation = call.invocation
        answered = False

        def on_answer(posted: Answer) -> None:
            nonlocal answered
            answered = True
            failure = posted.failure
            payload = posted.payload if failure is None else failure.payload(invocation.request_id)
            answer(_encode_outcome(invocation, payload, "Unhandled" if failure else None))

        try:
            # The log tail includes END and REPORT, so a client that requests it must wait for them.
            outcome = await call.function.invoke(invocation, None if call.wants_tail else on_answer)
        except Throttled as throttled:
            answer(encode_error(service_errors.throttled(throttled.reason), invocation.request_id))
        except Exception:
            # An unexpected error must not leave the caller without a response.
            if not answered:
                answer(encode_error(service_errors.service_failed(), invocation.request_id))
            raise
        else:
            if not answered:
                tail = outcome.log_tail if call.wants_tail else None
                answer(_encode_outcome(invocation, outcome.payload, outcome.function_error, tail))
        finally:
            task = asyncio.current_task()
            if task is not None:
                self._running.discard(task)

    def _parse(self, request: ApiRequest, request_id: str) -> _Call:
        headers = request.headers
        invocation_type = _choose(headers, "x-amz-invocation-type", "invocationType", _INVOCATION_TYPES, 2)
        log_type = _choose(headers, "x-amz-log-type", "logType", _LOG_TYPES, 0)
        function, arn = self._functions.find(request.name, request.qualifier)
        invocation = Invocation(
            payload=check_payload(request.body, invocation_type),
            function_arn=arn,
            request_id=request_id,
            trace_id=headers.get("x-amzn-trace-id") or make_trace_id(),
            client_context=_decode_client_context(headers.get("x-amz-client-context", "")),
            tenant_id=headers.get("x-amz-tenant-id", ""),
        )
        return _Call(function, invocation, invocation_type, log_type == "Tail")


def encode_error(error: ServiceError, request_id: str) -> ApiResponse:
    """Return the response for an error of the service."""
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.name, **error.headers}
    return ApiResponse(error.status, error.encode(), headers)


def to_web(response: ApiResponse) -> web.Response:
    """Return the response for aiohttp."""
    answer = web.Response(status=response.status, body=response.body, headers=response.headers)
    answer.headers.pop("Content-Type", None)  # some versions of aiohttp add one
    if response.content_type:
        answer.headers["Content-Type"] = response.content_type
    return answer


def _encode_outcome(
    invocation: Invocation, payload: bytes, function_error: str | None, tail: bytes | None = None
) -> ApiResponse:
    headers = {
        "x-amzn-RequestId": invocation.request_id,
        "X-Amz-Executed-Version": LATEST,
        "X-Amzn-Trace-Id": invocation.trace_id,
    }
    if function_error is not None:
        headers["X-Amz-Function-Error"] = function_error
    if tail is not None:
        headers["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
    return ApiResponse(200, payload, headers)


def _choose(headers: Mapping[str, str], header: str, parameter: str, allowed: tuple[str, ...], default: int) -> str:
    value = headers.get(header) or allowed[default]
    if value not in allowed:
        raise service_errors.invalid_parameter(value, parameter, f"enum value set: [{', '.join(allowed)}]")
    return value


def check_payload(payload: bytes, invocation_type: str, limit: int | None = None) -> bytes:
    """Return the event for the function. Raises ServiceError for an invalid payload."""
    if limit is None:
        is_event = invocation_type == "Event"
        limit = service_errors.MAX_EVENT_PAYLOAD_BYTES if is_event else MOST_REQUEST_BYTES
    if len(payload) > limit:
        raise service_errors.payload_too_large(len(payload), invocation_type, limit)
    if not payload:
        return b"{}"  # no payload is an empty event
    check_json(payload)
    return payload


def check_json(payload: bytes) -> None:
    """Raise InvalidRequestContentException unless the payload is strict JSON: no NaN, no invalid UTF-8."""
    try:
        _STRICT.decode(payload.decode())
    except UnicodeDecodeError as error:
        byte = payload[error.start]
        raise service_errors.invalid_json(f"Invalid UTF-8 byte 0x{byte:02x} at {error.start}") from None
    except json.JSONDecodeError as error:
        raise service_errors.invalid_json(_describe(error)) from None
    except RecursionError:
        raise service_errors.invalid_json("the document is nested too deep") from None


def _refuse_constant(name: str) -> None:
    raise service_errors.invalid_json(f"Non-standard token '{name}'")


# Numbers stay strings: the function parses them, and parsing a million digits takes long.
_STRICT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse_constant)


def _describe(error: json.JSONDecodeError) -> str:
    where = f"line: {error.lineno}, column: {error.colno}"
    rest = error.doc[error.pos :]
    if not rest.strip():
        return f"Unexpected end-of-input ({where})"
    if token := re.match(r"[A-Za-z_$][\w$]*", rest):
        return (
            f"Unrecognized token '{token[0][:64]}': was expecting (JSON String, Number, Array, Object or token 'null', "
            f"'true' or 'false') ({where})"
        )
    return f"Unexpected character ('{rest[0]}' (code {ord(rest[0])})): {error.msg} ({where})"


def _decode_client_context(value: str) -> str:
    if not value:
        return ""
    try:
        text = base64.b64decode(value, validate=True).decode()
        is_object = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object or len(value) > _MAX_CLIENT_CONTEXT_BYTES:
        raise service_errors.invalid_client_context()
    # The text becomes a header. Line breaks between JSON tokens have no meaning, and JSON strings contain none.
    return text.replace("\r", " ").replace("\n", " ")
