"""The API calls of consoles, SDKs and waiters other than Invoke, made by boto3 and the AWS CLI."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import make_settings
from tests.support.aws_cli import find_aws_cli
from tests.support.local_service import RunningService, running

ARN = "arn:aws:lambda:us-east-1:012345678912:function:"


@pytest.fixture(scope="module")
def three() -> Iterator[RunningService]:
    """Three functions of which none is ever started, and a URL for each."""
    functions = [
        make_settings(name="b", route="/b", reserved_concurrency=7, environment={"LEVEL": "info"}),
        make_settings(name="a", route="/a", timeout_seconds=1.5, memory_mib=256),
        make_settings(name="c", route="/c", log_format="JSON", system_log_level="WARN"),
    ]
    with running(functions, function_url_port=0) as service:
        yield service


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    """Name and status of a refusal."""
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("waiter", ["function_exists", "function_active", "function_active_v2", "function_updated_v2"])
def test_waiters_end_at_once(three: RunningService, waiter: str) -> None:
    three.client().get_waiter(waiter).wait(FunctionName="a", WaiterConfig={"Delay": 1, "MaxAttempts": 1})


def test_get_function_and_configuration_agree(three: RunningService) -> None:
    client = three.client()
    function = client.get_function(FunctionName=f"{ARN}b")
    configuration = client.get_function_configuration(FunctionName="b", Qualifier="$LATEST")
    for each in (function, configuration):
        each.pop("ResponseMetadata")
    assert function["Configuration"] == configuration
    assert function["Concurrency"] == {"ReservedConcurrentExecutions": 7}
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert (configuration["Handler"], configuration["MemorySize"], configuration["Timeout"]) == ("app.handler", 128, 3)
    assert configuration["Environment"] == {"Variables": {"LEVEL": "info"}}
    assert configuration["FunctionArn"] == f"{ARN}b"
    assert configuration["CodeSize"] > 0
    assert "Concurrency" not in client.get_function(FunctionName="a")
    # Whole seconds are all that the field can say.
    assert client.get_function_configuration(FunctionName="a")["Timeout"] == 2
    logging = client.get_function_configuration(FunctionName="c")["LoggingConfig"]
    assert (logging["LogFormat"], logging["SystemLogLevel"], logging["ApplicationLogLevel"]) == ("JSON", "WARN", "INFO")
    assert set(configuration["LoggingConfig"]) == {"LogFormat", "LogGroup"}


def test_list_functions_in_pages(three: RunningService) -> None:
    pages = list(three.client().get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    assert [[each["FunctionName"] for each in page["Functions"]] for page in pages] == [["a", "b"], ["c"]]
    with pytest.raises(ClientError, match="maxItems"):
        three.client().list_functions(MaxItems=0)
    with pytest.raises(ClientError, match="marker"):
        three.client().list_functions(Marker="?")


def test_missing_functions_and_versions_are_reported(three: RunningService) -> None:
    client = three.client()
    for call in (
        lambda: client.get_function(FunctionName="nope"),
        lambda: client.get_function(FunctionName="a", Qualifier="7"),
        lambda: client.get_alias(FunctionName="a", Name="live"),
        lambda: client.get_policy(FunctionName="a"),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert code_of(refused) == ("ResourceNotFoundException", 404)
    assert client.list_aliases(FunctionName="a")["Aliases"] == []
    assert client.list_event_source_mappings()["EventSourceMappings"] == []
    (version,) = client.list_versions_by_function(FunctionName="a")["Versions"]
    assert (version["Version"], version["FunctionArn"]) == ("$LATEST", f"{ARN}a:$LATEST")


def test_limits_and_urls(three: RunningService) -> None:
    client = three.client()
    assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 993
    assert client.get_account_settings()["AccountUsage"]["FunctionCount"] == 3
    assert client.get_function_concurrency(FunctionName="b")["ReservedConcurrentExecutions"] == 7
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="a")
    addresses = {client.get_function_url_config(FunctionName=name)["FunctionUrl"] for name in "abc"}
    assert len(addresses) == 3


def test_calls_that_change_something_are_refused(three: RunningService) -> None:
    client = three.client()
    for call in (
        lambda: client.delete_function(FunctionName="a"),
        lambda: client.update_function_configuration(FunctionName="a", MemorySize=512),
        lambda: client.publish_version(FunctionName="a"),
        lambda: client.put_function_concurrency(FunctionName="a", ReservedConcurrentExecutions=1),
        lambda: client.invoke_with_response_stream(FunctionName="a", Payload=b"1"),
    ):
        with pytest.raises(ClientError, match="The local Lambda does not support") as refused:
            call()
        assert code_of(refused) == ("UnsupportedOperationException", 501)


def test_conflicting_qualifiers(three: RunningService) -> None:
    with pytest.raises(ClientError, match="does not match the specified qualifier") as refused:
        three.client().invoke(FunctionName="a:$LATEST", Qualifier="live", Payload=b"1")
    assert code_of(refused) == ("InvalidParameterValueException", 400)


def test_invoke_async_of_old(service: RunningService) -> None:
    answer = service.client().invoke_async(FunctionName="behave", InvokeArgs=b'{"do": "describe"}')
    assert answer["Status"] == 202
    with pytest.raises(ClientError, match="limit 262144 bytes") as refused:
        service.client().invoke_async(FunctionName="behave", InvokeArgs=b'"' + b"x" * 262_144 + b'"')
    assert code_of(refused) == ("RequestTooLargeException", 413)


def test_aws_cli_lists_and_waits(three: RunningService, tmp_path: Path) -> None:
    aws, environment = find_aws_cli(tmp_path)

    def run(*words: str) -> str:
        command = [str(aws), "lambda", *words, "--endpoint-url", three.url]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert [each["FunctionName"] for each in json.loads(run("list-functions"))["Functions"]] == ["a", "b", "c"]
    run("wait", "function-active-v2", "--function-name", "c")
