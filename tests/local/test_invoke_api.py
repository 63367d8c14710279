"""The Invoke API, called by third-party clients."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import Settings, make_settings
from tests.support.aws_cli import find_aws_cli
from tests.support.local_service import RunningService, running

ARN = "arn:aws:lambda:us-east-1:012345678912:function:behave"


def test_boto3_gets_payload_version_and_request_id(service: RunningService) -> None:
    answer = service.client().invoke(FunctionName="behave", Payload=b'{"do": "describe"}')
    told = json.loads(answer["Payload"].read())
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert answer["ResponseMetadata"]["RequestId"] == told["request_id"]
    assert uuid.UUID(told["request_id"]).version == 4
    assert told["arn"] == ARN
    assert told["memory"] == "128"
    assert 9_000 < told["remaining"] <= 10_000


def test_boto3_sees_a_function_error_and_the_tail(service: RunningService) -> None:
    answer = service.client().invoke(FunctionName="behave", Payload=b'{"do": "fail"}', LogType="Tail")
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    document = json.loads(answer["Payload"].read())
    assert (document["errorType"], document["errorMessage"]) == ("Misbehaviour", "as requested")
    tail = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {request_id} Version: $LATEST\n" in tail
    assert "[ERROR] Misbehaviour: as requested" in tail
    assert f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: " in tail


def test_client_context_reaches_the_handler(service: RunningService) -> None:
    context = base64.b64encode(b'{"custom": {"who": "me"}}').decode()
    answer = service.client().invoke(FunctionName="behave", Payload=b'{"do": "describe"}', ClientContext=context)
    assert json.loads(answer["Payload"].read())["custom"] == {"who": "me"}


@pytest.mark.parametrize(
    "name",
    [
        "function",
        "behave",
        "behave:$LATEST",
        "012345678912:function:behave",
        ARN,
        f"{ARN}:$LATEST",
    ],
)
def test_names_and_arns(service: RunningService, name: str) -> None:
    reply = service.invoke([1], name=quote(name, safe=""))
    assert (reply.status, reply.json()) == (200, [1])


def test_the_function_gets_its_qualified_arn(service: RunningService) -> None:
    answer = service.client().invoke(FunctionName="behave", Qualifier="$LATEST", Payload=b'{"do": "describe"}')
    assert json.loads(answer["Payload"].read())["arn"] == f"{ARN}:$LATEST"


@pytest.mark.parametrize("name", ["nope", "behave:3", "arn:aws:lambda:eu-west-1:012345678912:function:behave"])
def test_unknown_function_or_version(service: RunningService, name: str) -> None:
    with pytest.raises(ClientError) as raised:
        service.client().invoke(FunctionName=name, Payload=b"1")
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert "Function not found: arn:aws:lambda:" in raised.value.response["Error"]["Message"]


@pytest.mark.parametrize("payload", [b"x", b"{'a': 1}", b"[1,]", b"NaN", b"[1] 2", b'"\xff"', b'{"a"', b"[" * 100_000])
def test_invalid_json_never_reaches_the_function(service: RunningService, payload: bytes) -> None:
    before = len(service.lines)
    with pytest.raises(ClientError) as raised:
        service.client().invoke(FunctionName="behave", Payload=payload)
    assert raised.value.response["Error"]["Code"] == "InvalidRequestContentException"
    assert raised.value.response["Error"]["Message"].startswith("Could not parse request body into json: ")
    assert len(service.lines) == before


def test_no_payload_is_an_empty_event(service: RunningService) -> None:
    assert service.client().invoke(FunctionName="behave")["Payload"].read() == b"{}"


@pytest.mark.parametrize(
    "context", ["!", base64.b64encode(b"[1]").decode(), base64.b64encode(b"{}" + b" " * 2700).decode()]
)
def test_client_context_must_be_an_object_of_bounded_size(service: RunningService, context: str) -> None:
    with pytest.raises(ClientError, match="Client context must be a valid Base64-encoded JSON object") as raised:
        service.client().invoke(FunctionName="behave", Payload=b"1", ClientContext=context)
    assert raised.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_unknown_invocation_type(service: RunningService) -> None:
    with pytest.raises(ClientError, match="invocationType") as raised:
        service.client().invoke(FunctionName="behave", InvocationType="Sometimes")
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_dry_run_runs_nothing(service: RunningService) -> None:
    before = len(service.lines)
    assert service.client().invoke(FunctionName="behave", InvocationType="DryRun", Payload=b"1")["StatusCode"] == 204
    assert len(service.lines) == before


def test_largest_payload_passes_and_one_byte_more_does_not(service: RunningService) -> None:
    largest = b'"' + b"x" * (6_291_456 - 2) + b'"'
    reply = service.request("POST", "/2015-03-31/functions/function/invocations", largest)
    assert (reply.status, reply.body == largest) == (200, True)
    with pytest.raises(ClientError) as raised:
        service.client().invoke(FunctionName="behave", Payload=largest + b" ")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert raised.value.response["Error"]["Code"] == "RequestTooLargeException"
    assert raised.value.response["Error"]["Message"] == (
        "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"
    )


def test_event_payload_has_a_smaller_limit(service: RunningService) -> None:
    with pytest.raises(ClientError, match="limit 1048576 bytes"):
        service.client().invoke(FunctionName="behave", InvocationType="Event", Payload=b'"' + b"x" * 1_048_576 + b'"')


def test_event_is_retried_twice_under_one_request_id_then_lost(settings: Settings) -> None:
    with running(settings(), retry_delays_seconds=(0.01, 0.01)) as service:
        answer = service.client().invoke(FunctionName="behave", InvocationType="Event", Payload=b'{"do": "fail"}')
        assert answer["StatusCode"] == 202
        assert answer["Payload"].read() == b""
        request_id = answer["ResponseMetadata"]["RequestId"]
        _wait_for(service, f"Event {request_id} is lost")
        assert sum(line == f"START RequestId: {request_id} Version: $LATEST" for line in service.lines) == 3


def test_reserved_concurrency_throttles_with_its_reason() -> None:
    with running(make_settings(reserved_concurrency=0)) as service:
        with pytest.raises(ClientError) as raised:
            service.client().invoke(FunctionName="behave", Payload=b"1")
        assert raised.value.response["Error"]["Code"] == "TooManyRequestsException"
        assert raised.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert raised.value.response["Error"]["Message"] == "Rate Exceeded."
        # The HTTP API hides why.
        reply = service.request("POST", "/default/do", b"1")
        assert (reply.status, reply.body) == (500, b'{"message":"Internal Server Error"}')


def test_account_concurrency_has_a_reason_of_its_own() -> None:
    with running(make_settings(), account_concurrency=0) as service, pytest.raises(ClientError) as raised:
        service.client().invoke(FunctionName="behave", Payload=b"1")
    assert raised.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"


def test_several_functions_by_name_and_no_alias() -> None:
    functions = [make_settings(name="one"), make_settings(name="two", route="/two")]
    with running(functions) as service:
        for name in ("one", "two"):
            answer = service.client().invoke(FunctionName=name, Payload=b'{"do": "describe"}')
            assert json.loads(answer["Payload"].read())["name"] == name
        assert service.invoke([], name="function").status == 404


def test_aws_cli(service: RunningService, tmp_path: Path) -> None:
    aws, environment = find_aws_cli(tmp_path)
    command = [str(aws), "lambda", "invoke", "--endpoint-url", service.url, "--function-name", "behave"]
    command += ["--cli-binary-format", "raw-in-base64-out"] if _is_version_2(aws) else []
    command += ["--payload", '{"do": "fail"}', "--log-type", "Tail", str(tmp_path / "out.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["StatusCode"], told["FunctionError"], told["ExecutedVersion"]) == (200, "Unhandled", "$LATEST")
    assert "REPORT RequestId: " in base64.b64decode(told["LogResult"]).decode()
    assert json.loads((tmp_path / "out.json").read_bytes())["errorType"] == "Misbehaviour"


def test_curl_line_of_the_readme(service: RunningService) -> None:
    # curl -d sends a form; the Invoke API does not look at the type.
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = service.request("POST", "/2015-03-31/functions/function/invocations", b"[5.7,2.8,4.5,1.3]", headers)
    assert (reply.status, reply.json()) == (200, [5.7, 2.8, 4.5, 1.3])
    assert reply.header("content-type") == "application/json"
    assert re.fullmatch(r"[0-9a-f-]{36}", reply.header("x-amzn-requestid") or "")


def test_wrong_method(service: RunningService) -> None:
    assert service.request("GET", "/2015-03-31/functions/function/invocations").status in (404, 405)


def _is_version_2(aws: Path) -> bool:
    return "aws-cli/2" in subprocess.run([aws, "--version"], capture_output=True, text=True, timeout=60).stdout


def _wait_for(service: RunningService, text: str) -> None:
    import time

    limit = time.monotonic() + 10
    while not any(text in line for line in service.lines):
        assert time.monotonic() < limit, service.lines
        time.sleep(0.01)
