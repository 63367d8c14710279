"""The Runtime API, probed from inside by a runtime that breaks its rules.

The expected answers are those of the official emulator for the same calls (run next to ours when this was written); the
one for a second response differs in the name of the state, since the emulator had moved on with the wrong mode before.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.local.conftest import make_settings
from tests.support.local_service import HANDLERS, running

INVALID_ID = (400, {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"})
OK = (202, {"status": "OK"})


def _forbidden(before: str, after: str) -> tuple[int, dict[str, str]]:
    message = f"State transition from {before} to {after} failed for runtime. Error: State transition is not allowed"
    return 403, {"errorMessage": message, "errorType": "InvalidStateTransition"}


def test_illegal_calls_get_the_answers_of_the_emulator(tmp_path: Path) -> None:
    entry = tmp_path / "iris_model" / "runtime" / "__main__.py"
    entry.parent.mkdir(parents=True)
    shutil.copy(HANDLERS / "probing_runtime.py", entry)
    with running(make_settings(directory=tmp_path)) as service:
        first = service.invoke({"n": 1})
        second = service.invoke({"n": 2})
        third = service.invoke({"n": 3})
        fourth = service.invoke({"n": 4})
    printed = [json.loads(line) for line in service.lines if line.startswith("[")]
    names = next(rest for case, *rest in printed if case == "headers")[0]
    told = {case: (status, _parse(text)) for case, status, text in printed if case != "headers"}
    assert told == {
        "response before next": INVALID_ID,
        "error before next": INVALID_ID,
        "ping": (200, "pong"),
        "unknown path": (404, "404 page not found"),
        "wrong method": (405, ""),
        "next again": (200, {"n": 1}),
        "wrong id": INVALID_ID,
        "init error while running": _forbidden("Running", "InitError"),
        "wrong mode": (
            400,
            {"errorMessage": "Invalid function response mode", "errorType": "InvalidFunctionResponseMode"},
        ),
        "response": OK,
        "response again": _forbidden("ResponseSent", "InvocationResponse"),
        "error after response": _forbidden("ResponseSent", "InvocationErrorResponse"),
        "large header": OK,
        "too large": (
            413,
            {
                "errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
                "errorType": "RequestEntityTooLarge",
            },
        ),
    }
    assert {
        "Lambda-Runtime-Aws-Request-Id",
        "Lambda-Runtime-Deadline-Ms",
        "Lambda-Runtime-Invocation-Id",
        "Lambda-Runtime-Invoked-Function-Arn",
        "Lambda-Runtime-Trace-Id",
    } <= set(names)
    assert "Lambda-Runtime-Client-Context" not in names
    assert (first.json(), first.header("x-amz-function-error")) == ({"a": 1}, None)
    assert (second.json(), second.header("x-amz-function-error")) == ({"errorType": "E"}, "Unhandled")
    assert third.json()["errorType"] == "Function.ResponseSizeTooLarge"
    # A runtime that answers and dies before it polls again has failed the invocation, but its caller has the answer.
    assert (fourth.json(), fourth.header("x-amz-function-error")) == ("too early", None)
    assert service.lines[-1].endswith("\tStatus: error\tError Type: Runtime.ExitError\t")
    assert any(line.endswith("Error: Runtime exited with error: exit status 4") for line in service.lines)


def test_a_browser_gets_nothing_from_the_runtime_api() -> None:
    with running(make_settings(handler="hostile.handler")) as service:
        assert service.invoke({"do": "ask_as_a_browser"}).json() == [403, 403, 403, 200]


def _parse(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
