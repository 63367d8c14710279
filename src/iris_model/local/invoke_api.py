"""The Invoke API: `POST /2015-03-31/functions/{name}/invocations`, as boto3, the AWS CLI and curl speak it.

A request becomes an `Invocation`; an `Outcome` becomes a response. Signatures are not checked: the service listens on
loopback, and any credentials do.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from aiohttp import web

from iris_model.local import service_errors
from iris_model.local.body import BodyTooLarge, read_body
from iris_model.local.function import LocalFunction
from iris_model.local.function_names import LATEST, parse_function_name
from iris_model.local.invocation import Invocation, make_request_id, make_trace_id
from iris_model.local.pool import Throttled
from iris_model.local.service_errors import ServiceError

PATH = "/2015-03-31/functions/{name}/invocations"
# The name under which the emulator in every AWS base image serves its function, so that one curl line does for both.
ALIAS = "function"

_INVOCATION_TYPES = ("Event", "DryRun", "RequestResponse")
_LOG_TYPES = ("None", "Tail")
_MAX_CLIENT_CONTEXT_BYTES = 3583


class InvokeApi:
    """The functions of the service behind the Invoke API."""

    def __init__(self, functions: Mapping[str, LocalFunction]) -> None:
        self._functions = functions

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        request_id = make_request_id()
        try:
            response = await self._invoke(request, request_id)
        except ServiceError as error:
            response = web.Response(status=error.status, body=error.encode(), content_type="application/json")
            response.headers["x-amzn-ErrorType"] = error.name
        response.headers["x-amzn-RequestId"] = request_id
        return response

    async def _invoke(self, request: web.Request, request_id: str) -> web.Response:
        invocation_type = _choose(request, "X-Amz-Invocation-Type", "invocationType", _INVOCATION_TYPES, 2)
        log_type = _choose(request, "X-Amz-Log-Type", "logType", _LOG_TYPES, 0)
        function, arn = self._find(request.match_info["name"], request.query.get("Qualifier"))
        payload = await _read_payload(request, invocation_type)
        invocation = Invocation(
            payload=payload,
            function_arn=arn,
            request_id=request_id,
            trace_id=request.headers.get("X-Amzn-Trace-Id") or make_trace_id(),
            client_context=_decode_client_context(request.headers.get("X-Amz-Client-Context", "")),
            tenant_id=request.headers.get("X-Amz-Tenant-Id", ""),
        )
        if invocation_type == "DryRun":
            return web.Response(status=204)
        if invocation_type == "Event":
            function.enqueue(invocation)
            return web.Response(status=202)
        try:
            outcome = await function.invoke(invocation)
        except Throttled as throttled:
            raise service_errors.throttled(throttled.reason) from None
        headers = {
            "Content-Type": "application/json",
            "X-Amz-Executed-Version": LATEST,
            "X-Amzn-Trace-Id": invocation.trace_id,
        }
        if outcome.function_error is not None:
            headers["X-Amz-Function-Error"] = outcome.function_error
        if log_type == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(outcome.log_tail).decode()
        return web.Response(body=outcome.payload, headers=headers)

    def _find(self, text: str, qualifier: str | None) -> tuple[LocalFunction, str]:
        """The function, and the ARN it was invoked by."""
        reference = parse_function_name(text)
        qualifier = qualifier or reference.qualifier
        function = self._functions.get(reference.name)
        if function is None and reference.name == ALIAS and len(self._functions) == 1:
            function = next(iter(self._functions.values()))
        if function is None:
            some = next(iter(self._functions.values())).settings
            region, account = reference.region or some.region, reference.account or some.account_id
            arn = f"arn:aws:lambda:{region}:{account}:function:{reference.name}"
            raise service_errors.function_not_found(f"{arn}:{qualifier}" if qualifier else arn)
        arn = function.settings.arn if qualifier is None else f"{function.settings.arn}:{qualifier}"
        settings = function.settings
        elsewhere = (reference.region or settings.region, reference.account or settings.account_id) != (
            settings.region,
            settings.account_id,
        )
        # Nothing is ever published here, so $LATEST is the only version.
        if elsewhere or qualifier not in (None, LATEST):
            raise service_errors.function_not_found(arn)
        return function, arn


def _choose(request: web.Request, header: str, parameter: str, allowed: tuple[str, ...], default: int) -> str:
    value = request.headers.get(header) or allowed[default]
    if value not in allowed:
        raise service_errors.invalid_parameter(value, parameter, f"enum value set: [{', '.join(allowed)}]")
    return value


async def _read_payload(request: web.Request, invocation_type: str) -> bytes:
    try:
        payload = await read_body(request, service_errors.MAX_REQUEST_BYTES)
    except BodyTooLarge:
        raise service_errors.request_too_large() from None
    return check_payload(payload, invocation_type)


def check_payload(payload: bytes, invocation_type: str) -> bytes:
    """The event as the function gets it, or the `ServiceError` that the caller gets instead."""
    limit = service_errors.MAX_SYNC_PAYLOAD_BYTES
    if invocation_type == "Event":
        limit = service_errors.MAX_EVENT_PAYLOAD_BYTES
    if len(payload) > limit:
        raise service_errors.payload_too_large(len(payload), invocation_type, limit)
    if not payload:
        return b"{}"  # no payload is an empty event
    check_json(payload)
    return payload


def check_json(payload: bytes) -> None:
    """Raise InvalidRequestContentException unless the payload is JSON, strictly: no NaN, no bytes that are not UTF-8."""
    try:
        # Numbers stay text: their value is the function's business, and a million digits would take their time.
        json.loads(payload.decode(), parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        byte = payload[error.start]
        raise service_errors.invalid_json(f"Invalid UTF-8 byte 0x{byte:02x} at {error.start}") from None
    except json.JSONDecodeError as error:
        raise service_errors.invalid_json(_describe(error)) from None
    except RecursionError:
        raise service_errors.invalid_json("the document is nested too deep") from None


def _refuse_constant(name: str) -> None:
    raise service_errors.invalid_json(f"Non-standard token '{name}'")


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
    # It travels on as a header; line breaks between JSON tokens mean nothing, inside strings JSON forbids them.
    return text.replace("\r", " ").replace("\n", " ")
