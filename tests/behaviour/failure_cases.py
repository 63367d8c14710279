"""Rows for functions that fail, and for the log of an invocation."""

from __future__ import annotations

from tests.behaviour.invoke_cases import invoke
from tests.behaviour.table import Answer, Case

SECTION = "Functions that fail"
LOG = "Log"


def fails(contains: str) -> Answer:
    """As AWS reports every failure: 200, and the header."""
    return Answer(200, contains, function_error=True)


def bad_gateway(contains: str) -> Answer:
    """As the emulator reports many failures."""
    return Answer(502, contains, function_error=False)


FAILURE_CASES = [
    Case(
        "the handler raises", SECTION, fails('"errorType": "Misbehaviour"'), "doc", invoke(b'{"do": "fail"}'),
        emulator=Answer(200, "Misbehaviour", function_error=False),
    ),
    Case(
        "the result is not JSON", SECTION, fails("Runtime.MarshalError"), "doc", invoke(b'{"do": "unserializable"}'),
        emulator=Answer(200, "Runtime.MarshalError", function_error=False),
    ),
    Case(
        "exit status 3", SECTION, fails("Runtime exited with error: exit status 3"), "cap",
        invoke(b'{"do": "exit", "status": 3}'), emulator=bad_gateway("exit status 3"),
    ),
    Case(
        "exit status 0", SECTION, fails("Runtime exited without providing a reason"), "cap",
        invoke(b'{"do": "exit", "status": 0}'), emulator=bad_gateway("Runtime.ExitError"),
    ),
    Case(
        "killed by a signal", SECTION, fails("signal: killed"), "cap", invoke(b'{"do": "kill"}'),
        emulator=bad_gateway("signal: killed"),
    ),
    Case(
        "timeout", SECTION, fails('"errorType":"Sandbox.Timedout"'), "cap", invoke(b'{"do": "sleep", "seconds": 9}'),
        settings={"timeout_seconds": 1.0}, emulator=Answer(200, "Task timed out after 1.00 seconds", lacks="errorType"),
    ),
    Case(
        "more memory than configured", SECTION, fails("signal: killed"), "cap",
        invoke(b'{"do": "allocate", "mib": 400, "seconds": 2}'), emulator=Answer(200, "419430400", function_error=False),
        note="the emulator has no limit",
    ),
    Case(
        "response of more than 6 MB", SECTION, fails("Function.ResponseSizeTooLarge"), "run",
        invoke(b'{"do": "respond_large", "size": 6291600}'), emulator=bad_gateway("Function.ResponseSizeTooLarge"),
    ),
    Case(
        "no such handler", SECTION, fails("Runtime.HandlerNotFound"), "doc", handler="app.nobody",
        emulator=bad_gateway("Runtime.HandlerNotFound"),
    ),
    Case(
        "no such module", SECTION, fails("Runtime.ImportModuleError"), "doc", handler="nowhere.handler",
        emulator=bad_gateway("Runtime.ImportModuleError"),
    ),
    Case(
        "the module imports a missing module", SECTION, fails("No module named"), "doc", handler="missing_import.handler",
        emulator=bad_gateway("No module named"),
    ),
    Case(
        "syntax error", SECTION, fails("Runtime.UserCodeSyntaxError"), "doc", handler="wrong_syntax.handler",
        emulator=bad_gateway("Runtime.UserCodeSyntaxError"),
    ),
    Case(
        "handler without a dot", SECTION, fails("Runtime.MalformedHandlerName"), "doc", handler="badname",
        emulator=bad_gateway("Runtime.MalformedHandlerName"),
    ),
    Case(
        "the import raises", SECTION, fails("no such garden"), "doc", handler="raises_at_import.handler",
        emulator=bad_gateway("no such garden"),
    ),
    Case(
        "the import exits", SECTION, fails("Runtime.ExitError"), "cap", handler="exits_at_import.handler",
        emulator=Answer(502, lacks="errorType"),
    ),
    Case(
        "Init Duration is measured", LOG, Answer(200, log=r"^REPORT .*\tInit Duration: [1-9]\d+\.\d\d ms\t"), "doc",
        emulator=Answer(200, log=r"REPORT .*Init Duration: 0\.\d+ ms"),
    ),
    Case(
        "Max Memory Used is measured", LOG, Answer(200, log=r"Memory Size: 128 MB\tMax Memory Used: [1-9]\d MB"), "doc",
        emulator=Answer(200, log=r"Memory Size: 128 MB\s+Max Memory Used: 128 MB"),
    ),
    Case(
        "REPORT of a timeout", LOG, Answer(200, log=r"^REPORT .*Duration: 1000\.00 ms.*\tStatus: timeout\t$"), "cap",
        invoke(b'{"do": "sleep", "seconds": 9}'), settings={"timeout_seconds": 1.0},
        emulator=Answer(200, "Task timed out"),
    ),
    Case(
        "REPORT of a crash", LOG, Answer(200, log=r"^REPORT .*\tStatus: error\tError Type: Runtime\.ExitError\t$"), "cap",
        invoke(b'{"do": "exit", "status": 1}'), emulator=bad_gateway("Runtime.ExitError"),
    ),
]  # fmt: skip
