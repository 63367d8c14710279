"""Lambda's own log lines, by format, level and age, compared with captured ones."""

from __future__ import annotations

import json

import pytest

from iris_model.local.telemetry.reports import (
    InitReport,
    InvocationReport,
    JsonFormat,
    RuntimeVersion,
    TextFormat,
    make_log_format,
)

ID = "6f7f0961-0000"
SUCCESS = InvocationReport(ID, "success", 26.73, 128, 75, 111.23, produced_bytes=9, response_ms=20.5)
TIMEOUT = InvocationReport(ID, "timeout", 3000.0, 128, 75, error_type="Sandbox.Timedout")
EXIT = InvocationReport(ID, "failure", 12.0, 128, 75, error_type="Runtime.ExitError")
TIMEOUT_MESSAGE = f"RequestId: {ID} Error: Task timed out after 3.00 seconds"


def test_new_failure_tails() -> None:
    assert TextFormat().end(TIMEOUT)[-1].endswith("Max Memory Used: 75 MB\tStatus: timeout\t")
    assert TextFormat().end(EXIT)[-1].endswith("\tStatus: error\tError Type: Runtime.ExitError\t")
    assert TextFormat().failure(TIMEOUT, TIMEOUT_MESSAGE) is None


def test_old_failure_tails() -> None:
    old = TextFormat(old_failure_lines=True)
    line = old.failure(TIMEOUT, TIMEOUT_MESSAGE)
    assert line is not None
    time, _, rest = line.partition(" ")
    assert (len(time), time[-1], rest) == (24, "Z", f"{ID} Task timed out after 3.00 seconds")
    assert "Status" not in old.end(TIMEOUT)[-1]
    assert old.end(EXIT)[2:] == [
        f"RequestId: {ID} Error: Runtime exited without providing a reason",
        "Runtime.ExitError",
    ]


def test_init_report() -> None:
    failed = InitReport("init", "error", 1234.5, "Runtime.ImportModuleError")
    assert TextFormat().init_done(failed) == [
        "INIT_REPORT Init Duration: 1234.50 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError"
    ]
    assert TextFormat().init_done(InitReport("init", "success", 1.0)) == []
    provisioned = InitReport("init", "success", 1.0, initialization_type="provisioned-concurrency")
    assert len(TextFormat().init_done(provisioned)) == 1


@pytest.mark.parametrize(
    ("level", "of_success", "of_timeout"),
    [
        (
            "DEBUG",
            ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"],
            ["runtimeDone", "report"],
        ),
        ("INFO", ["initStart", "start", "report"], ["runtimeDone", "report"]),
        ("WARN", [], ["runtimeDone", "report"]),
    ],
)
def test_system_log_level(level: str, of_success: list[str], of_timeout: list[str]) -> None:
    chosen = make_log_format("JSON", system_log_level=level)
    lines = [
        chosen.init_start(RuntimeVersion("python", "us-east-1")),
        *chosen.init_done(InitReport("init", "success", 5.0)),
        chosen.start(ID, "$LATEST"),
        *chosen.end(SUCCESS),
    ]
    assert [json.loads(line)["type"].removeprefix("platform.") for line in lines if line] == of_success
    assert [json.loads(line)["type"].removeprefix("platform.") for line in chosen.end(TIMEOUT)] == of_timeout


def test_runtime_done_says_where_the_time_went() -> None:
    done, report = (json.loads(line)["record"] for line in JsonFormat("DEBUG").end(SUCCESS))
    assert done["metrics"] == {"durationMs": 26.73, "producedBytes": 9}
    assert {span["name"]: span["durationMs"] for span in done["spans"]} == {
        "responseLatency": 20.5,
        "responseDuration": 0.0,
        "runtimeOverhead": 6.23,
    }
    assert report["metrics"] == {
        "durationMs": 26.73,
        "billedDurationMs": 138,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 75,
        "initDurationMs": 111.23,
    }
    timeout, _ = (json.loads(line)["record"] for line in JsonFormat().end(TIMEOUT))
    assert (timeout["status"], timeout["spans"], "errorType" in timeout) == ("timeout", [], False)
