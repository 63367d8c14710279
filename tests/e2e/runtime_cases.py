"""The table on which our runtime and awslambdaric must agree: what a function does, and what its caller sees.

Both forms of the test read it: under the emulator on this machine, and in containers.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.observation import Observation

TIMEOUT_SECONDS = 1
"""The function timeout of the cases that exceed it."""

JSON_LOGS = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}


@dataclass(frozen=True)
class Case:
    """One invocation. `error_type` is the one of lambda-contract 1.5 and 3.4, so that two equal mistakes do not pass."""

    name: str
    handler: str
    payload: bytes = b'{"species": "setosa"}'
    error_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    contains: str = ""
    """Text that the answer must have, where no error type says enough."""
    logged: str = ""
    """Text that the log must have."""


def assert_expected(case: Case, seen: Observation) -> None:
    """The table's own column: what Lambda's documents say of the case."""
    if case.error_type:
        assert seen.body["errorType"] == case.error_type
    assert case.contains in seen.body_text
    assert case.logged in seen.log_text


def _encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


CLIENT_CONTEXT = {
    "custom": {"garden": "Kew"},
    "env": {"locale": "en-GB"},
    "client": {"installation_id": "i", "app_title": "Iris", "app_version_name": "1", "app_package_name": "p"},
}

ANSWERS = [
    Case("an object", "behaviours.echo", contains="setosa"),
    Case("a list", "behaviours.echo", b"[5.7, 2.8, 4.5, 1.3]", contains="5.7"),
    Case("text", "behaviours.echo", b'"iris"', contains="iris"),
    Case("a number", "behaviours.echo", b"1e2", contains="100"),
    Case("null", "behaviours.echo", b"null", contains="null"),
    Case("true", "behaviours.echo", b"true", contains="true"),
    Case("an empty object", "behaviours.echo", b"{}", contains="{}"),
    Case("duplicate keys: the last wins", "behaviours.echo", b'{"a": 1, "a": 2}', contains="2"),
    Case("an integer beyond 64 bits", "behaviours.echo", b"123456789012345678901234567890", contains="1234567890123"),
    Case("escaped and raw unicode", "behaviours.echo", '["虹", "\\u8679", "\\ud83c\\udf38"]'.encode()),
    Case("unicode answers", "behaviours.text", contains="versicolor"),
    Case("numbers of all sizes", "behaviours.numbers", contains="1e+300"),
    Case("decimals", "behaviours.decimals", contains="0.10"),
    Case("keys that are not text", "behaviours.keys", contains="float"),
    Case("bytes", "behaviours.raw_bytes"),
    Case("no answer", "behaviours.nothing", contains="null"),
    Case("NaN and infinities", "behaviours.not_a_number", contains="NaN"),
    Case("a handler in a package, dotted", "nested.app.handler", contains="nested.app"),
    Case("a handler in a package, by path", "nested/app.handler", contains="nested.app"),
    Case("context fields", "behaviours.context_fields", contains="012345678912"),
    Case(
        "client context",
        "behaviours.client_context",
        headers={"X-Amz-Client-Context": _encoded(CLIENT_CONTEXT)},
        contains="Kew",
    ),
    # This emulator sends no trace header, not even the caller's; with the header: tests/runtime.
    Case("no trace id", "behaviours.trace", contains="no trace id"),
    Case(
        "a trace id of before is taken away",
        "behaviours.trace",
        environment={"_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793"},
        contains="no trace id",
    ),
    Case("environment", "behaviours.environment", contains="test_function"),
]

ERRORS = [
    Case("the event is not JSON", "behaviours.echo", b"{setosa}", error_type="Runtime.UnmarshalError"),
    Case("the event is empty", "behaviours.echo", b"", error_type="Runtime.UnmarshalError"),
    Case("the event has more after its end", "behaviours.echo", b"[1] [2]", error_type="Runtime.UnmarshalError"),
    Case("an unserialisable answer", "behaviours.unserialisable", error_type="Runtime.MarshalError"),
    Case("a set", "behaviours.a_set", error_type="Runtime.MarshalError"),
    Case("a circular answer", "behaviours.circular", error_type="Runtime.MarshalError"),
    Case("raises", "behaviours.raises", error_type="ValueError"),
    Case("raises its own exception", "behaviours.raises_own", error_type="Wilted"),
    Case("raises from another exception", "behaviours.raises_chain", error_type="RuntimeError"),
    Case("a bare raise", "behaviours.raises_nothing", error_type="RuntimeError"),
    Case("raises without a message", "behaviours.raises_empty", error_type="AssertionError"),
    Case("raises in unicode", "behaviours.raises_unicode", error_type="ValueError"),
    Case("raises deep down", "behaviours.raises_deep", error_type="LookupError"),
    Case("recurses for ever", "behaviours.recursion", error_type="RecursionError"),
    Case("raises a group", "behaviours.raises_group", error_type="ExceptionGroup"),
    Case("a stray StopIteration", "behaviours.stops_iteration", error_type="StopIteration"),
    Case("a handler of one argument", "behaviours.takes_too_few", error_type="TypeError"),
    Case("a handler that is not callable", "behaviours.signal", error_type="TypeError"),
    Case("sys.exit(1)", "behaviours.exits", error_type="Runtime.ExitError", contains="exit status 1"),
    Case("sys.exit(0)", "behaviours.exits_well", error_type="Runtime.ExitError"),
    Case("os._exit(3)", "behaviours.exits_at_once", error_type="Runtime.ExitError", contains="exit status 3"),
    Case("SIGKILL", "behaviours.is_killed", error_type="Runtime.ExitError", contains="signal: killed"),
    Case("KeyboardInterrupt", "behaviours.is_interrupted", error_type="Runtime.ExitError"),
    Case(
        "timeout",
        "behaviours.sleeps",
        environment={"AWS_LAMBDA_FUNCTION_TIMEOUT": str(TIMEOUT_SECONDS)},
        contains="Task timed out after 1.00 seconds",
    ),
    Case(
        "client context that is not JSON",
        "behaviours.client_context",
        headers={"X-Amz-Client-Context": base64.b64encode(b"{garden").decode()},
        error_type="Runtime.LambdaContextUnmarshalError",
    ),
]

INIT_ERRORS = [
    Case("missing handler", "behaviours.nope", error_type="Runtime.HandlerNotFound"),
    Case("missing module", "nomod.handler", error_type="Runtime.ImportModuleError"),
    Case("missing package", "no/such/mod.handler", error_type="Runtime.ImportModuleError"),
    Case("a module that imports what is not there", "broken_import.handler", error_type="Runtime.ImportModuleError"),
    Case("syntax error", "broken_syntax.handler", error_type="Runtime.UserCodeSyntaxError"),
    Case("malformed handler name", "badname", error_type="Runtime.MalformedHandlerName"),
    Case("built-in module conflict", "sys.exit", error_type="Runtime.BuiltInModuleConflict"),
    Case("fails while imported", "broken_init.handler", error_type="OSError"),
    Case("exits while imported", "exits_at_import.handler"),  # the emulator answers 502 with nothing in it
]

LOGS = [
    Case("print", "behaviours.prints", logged="printed: первая строка"),
    Case("print, JSON format", "behaviours.prints", environment=JSON_LOGS, logged="printed: первая строка"),
    Case("logging", "behaviours.logs", logged="[WARNING]\t"),
    Case("logging at INFO from the code", "behaviours.logs", b'{"level": "INFO"}', logged="[INFO]\t"),
    Case(
        "logging at INFO from the environment",
        "behaviours.logs",
        environment={"AWS_LAMBDA_LOG_LEVEL": "INFO"},
        logged="[INFO]\t",
    ),
    Case("logging, JSON format", "behaviours.logs", environment=JSON_LOGS, logged='"level": "WARNING"'),
    Case(
        "logging at DEBUG, JSON format",
        "behaviours.logs",
        environment={**JSON_LOGS, "AWS_LAMBDA_LOG_LEVEL": "DEBUG"},
        logged='"level": "DEBUG"',
    ),
    Case(
        "TRACE is DEBUG",
        "behaviours.logs",
        environment={**JSON_LOGS, "AWS_LAMBDA_LOG_LEVEL": "TRACE"},
        logged='"level": "DEBUG"',
    ),
    Case(
        "a level nobody knows",
        "behaviours.logs",
        environment={"AWS_LAMBDA_LOG_LEVEL": "LOUD"},
        logged="[WARNING]\t",
    ),
    Case("context.log", "behaviours.logs_by_context", logged="by the context"),
    Case("a message that is JSON", "behaviours.logs_own_json", environment=JSON_LOGS, logged="already"),
    Case("an error, JSON format", "behaviours.raises", environment=JSON_LOGS, error_type="ValueError"),
    Case("an init error, JSON format", "nomod.handler", environment=JSON_LOGS, error_type="Runtime.ImportModuleError"),
]

CASES = [*ANSWERS, *ERRORS, *INIT_ERRORS, *LOGS]
