"""Rows for the Invoke API and the calls around it. The column of AWS is that of its documentation, its service model, and
answers that others have captured; the emulator's was observed."""

from __future__ import annotations

import base64
import json

from tests.behaviour.table import INVOKE, Answer, Case, Send

SECTION = "Invoke API"
NOT_FOUND = Answer(404, "404 page not found")


def invoke(body: bytes = b"{}", path: str = INVOKE, **headers: str) -> Send:
    """An invocation; header names with underscores for hyphens."""
    return Send("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})


CONTEXT = base64.b64encode(json.dumps({"custom": {"garden": "Kew"}}).encode()).decode()
DESCRIBE = b'{"do": "describe"}'
LARGEST = b'"' + b"x" * (6_291_456 - 2) + b'"'
ARN = "arn%3Aaws%3Alambda%3Aus-east-1%3A012345678912%3Afunction%3A{name}"

INVOKE_CASES = [
    Case(
        "a success is JSON", SECTION, Answer(200, "setosa", headers=("content-type: application/json",)), "doc",
        invoke(b'["setosa"]'), emulator=Answer(200, "setosa", headers=("content-type: text/plain",)),
    ),
    Case(
        "executed version", SECTION, Answer(200, headers=("x-amz-executed-version: $LATEST",)), "model",
        emulator=Answer(200, headers=("!x-amz-executed-version",)),
    ),
    Case("request id of the caller", SECTION, Answer(200, headers=("x-amzn-requestid",)), "model", emulator=Answer(200)),
    Case(
        "no payload", SECTION, Answer(200, "{}", function_error=False), "doc", invoke(b""),
        emulator=Answer(200, "Runtime.UnmarshalError"),
    ),
    Case(
        "payload that is not JSON", SECTION,
        Answer(400, "Could not parse request body into json", headers=("x-amzn-errortype: InvalidRequestContentException",)),
        "cap", invoke(b"{setosa}"), emulator=Answer(200, "Runtime.UnmarshalError"),
    ),
    Case(
        "NaN in the payload", SECTION,
        Answer(400, "Could not parse request body", headers=("x-amzn-errortype: InvalidRequestContentException",)),
        "model", invoke(b"[NaN]"), emulator=Answer(200, "Runtime.UnmarshalError"),
    ),
    Case(
        "largest payload", SECTION, Answer(200, function_error=False), "doc", invoke(LARGEST), emulator=Answer(200),
    ),
    Case(
        "one byte more", SECTION,
        Answer(413, "6291457 byte payload is too large", headers=("x-amzn-errortype: RequestTooLargeException",)), "cap",
        invoke(LARGEST + b" "), emulator=Answer(200),
    ),
    Case(
        "full ARN", SECTION, Answer(200, "{}"), "model", invoke(path=INVOKE.replace("{name}", ARN)), emulator=NOT_FOUND,
    ),
    Case(
        "qualifier $LATEST", SECTION, Answer(200, "{}"), "model", invoke(path=INVOKE + "?Qualifier=%24LATEST"),
        emulator=Answer(200, "{}"),
    ),
    Case(
        "a version that was never published", SECTION,
        Answer(404, "Function not found", headers=("x-amzn-errortype: ResourceNotFoundException",)), "cap",
        invoke(path=INVOKE + "?Qualifier=7"), emulator=Answer(200, "{}"),
    ),
    Case(
        "unknown function", SECTION,
        Answer(404, "Function not found: arn:aws:lambda:", headers=("x-amzn-errortype: ResourceNotFoundException",)), "cap",
        invoke(path=INVOKE.replace("{name}", "nobody")), emulator=NOT_FOUND,
    ),
    Case(
        "invocation type Event", SECTION, Answer(202, lacks="setosa"), "doc",
        invoke(b'["setosa"]', X_Amz_Invocation_Type="Event"), emulator=Answer(200, "setosa"),
        note="the emulator is always synchronous",
    ),
    Case(
        "Event payload of more than 1 MB", SECTION, Answer(413, "limit 1048576 bytes"), "doc",
        invoke(b'"' + b"x" * 1_048_576 + b'"', X_Amz_Invocation_Type="Event"), emulator=Answer(200),
    ),
    Case(
        "invocation type DryRun", SECTION, Answer(204, lacks="setosa"), "doc",
        invoke(b'["setosa"]', X_Amz_Invocation_Type="DryRun"), emulator=Answer(200, "setosa"),
    ),
    Case(
        "invocation type that does not exist", SECTION,
        Answer(400, "invocationType", headers=("x-amzn-errortype: ValidationException",)), "model",
        invoke(X_Amz_Invocation_Type="Sometimes"), emulator=Answer(200, "{}"),
    ),
    Case(
        "log tail", SECTION, Answer(200, headers=("x-amz-log-result",)), "doc", invoke(X_Amz_Log_Type="Tail"),
        emulator=Answer(200, headers=("!x-amz-log-result",)),
    ),
    Case(
        "client context", SECTION, Answer(200, "Kew"), "doc", invoke(DESCRIBE, X_Amz_Client_Context=CONTEXT),
        emulator=Answer(200, "Kew"),
    ),
    Case(
        "client context that is not JSON", SECTION, Answer(400, "Client context must be a valid Base64-encoded JSON object"),
        "cap", invoke(DESCRIBE, X_Amz_Client_Context="e2dhcmRlbg=="), emulator=Answer(200, "Runtime.LambdaContextUnmarshalError"),
    ),
    Case(
        "reserved concurrency used up", SECTION,
        Answer(429, "ReservedFunctionConcurrentInvocationLimitExceeded", headers=("x-amzn-errortype: TooManyRequestsException",)),
        "cap", settings={"reserved_concurrency": 0}, note="the emulator has no limits, and takes one request at a time",
    ),
    Case(
        "GetFunction", SECTION, Answer(200, '"State":"Active"'), "model",
        Send("GET", "/2015-03-31/functions/{name}", b""), emulator=NOT_FOUND,
    ),
    Case(
        "ListFunctions", SECTION, Answer(200, '"Functions":['), "model", Send("GET", "/2015-03-31/functions/", b""),
        emulator=NOT_FOUND,
    ),
    Case(
        "GetPolicy of a function without one", SECTION, Answer(404, "The resource you requested does not exist."), "cap",
        Send("GET", "/2015-03-31/functions/{name}/policy", b""), emulator=NOT_FOUND,
    ),
    Case(
        "InvokeWithResponseStream", SECTION, Answer(200, "an event stream"), "model",
        Send("POST", "/2021-11-15/functions/{name}/response-streaming-invocations"), emulator=NOT_FOUND,
        ours=Answer(501, "does not support InvokeWithResponseStream"), note="Python functions do not stream",
    ),
    Case(
        "InvokeAsync, deprecated", SECTION, Answer(202, '"Status":202'), "model",
        Send("POST", "/2014-11-13/functions/{name}/invoke-async/"), emulator=NOT_FOUND,
    ),
    Case(
        "DeleteFunction", SECTION, Answer(204), "model", Send("DELETE", "/2015-03-31/functions/{name}", b""),
        ours=Answer(501, "does not support DELETE"), emulator=NOT_FOUND, note="nothing is changed through the API here",
    ),
]  # fmt: skip
