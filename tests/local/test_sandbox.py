"""Every end of an invocation is reported as AWS does it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from iris_model.errors import LocalError
from iris_model.local import invoke_once
from tests.local.conftest import Settings, make_settings
from tests.support.local_service import HANDLERS, Reply, RunningService, running

REPORT = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\tDuration: (?P<duration>[\d.]+) ms\tBilled Duration: (?P<billed>\d+) ms\t"
    r"Memory Size: (?P<size>\d+) MB\tMax Memory Used: (?P<used>\d+) MB"
    r"(\tInit Duration: (?P<init>[\d.]+) ms)?(\tStatus: (?P<status>\w+))?(\tError Type: (?P<type>[\w.]+))?\t"
)


def reports(service: RunningService) -> list[dict[str, Any]]:
    """Every REPORT line so far."""
    return [match.groupdict() for line in service.lines if (match := REPORT.fullmatch(line))]


def error_of(reply: Reply) -> tuple[str, str]:
    """The error document of a failed invocation, request id taken out."""
    assert reply.status == 200
    assert reply.header("x-amz-function-error") == "Unhandled"
    document = reply.json()
    return document["errorType"], document["errorMessage"].replace(reply.header("x-amzn-requestid") or "?", "<id>")


def wait_until(condition: Callable[[], object], seconds: float = 5) -> None:
    """Poll, for what happens in another process."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_warm_reuse_and_true_numbers(settings: Settings) -> None:
    started = time.monotonic()
    with running(settings(memory_mib=256)) as service:
        first = service.invoke({"do": "sleep", "seconds": 0.2}).json()
        wall_ms = (time.monotonic() - started) * 1000
        second = service.invoke({"do": "sleep", "seconds": 0}).json()
        resident = psutil.Process(first).memory_info().rss / 1024 / 1024
        service.invoke({"do": "allocate", "mib": 60})
    assert first == second
    cold, warm, large = reports(service)
    assert 200 <= float(cold["duration"]) < wall_ms
    assert 10 < float(cold["init"]) < wall_ms - 200
    total = float(cold["duration"]) + float(cold["init"])
    assert total <= int(cold["billed"]) < total + 1
    assert warm["init"] is None
    assert float(warm["duration"]) <= int(warm["billed"]) <= float(warm["duration"]) + 1
    assert abs(int(warm["used"]) - resident) <= 2
    assert int(large["used"]) >= int(warm["used"]) + 59
    assert [each["status"] for each in (cold, warm, large)] == [None] * 3


def test_platform_lines_come_in_order(settings: Settings) -> None:
    with running(settings()) as service:
        service.invoke({"do": "write", "text": "a\nb", "stderr": "c"})
    kinds = [line.split()[0] for line in service.lines]
    # The line that the function left unfinished ends where the platform speaks.
    assert kinds == ["INIT_START", "loading", "START", "a", "bc", "END", "REPORT"]


def test_each_concurrent_invocation_has_a_sandbox(settings: Settings) -> None:
    with running(settings(timeout_seconds=10)) as service, ThreadPoolExecutor(4) as clients:
        pids = list(clients.map(lambda _: service.invoke({"do": "sleep", "seconds": 1}).json(), range(4)))
        assert len(set(pids)) == 4
        assert service.lambda_ is not None
        assert service.lambda_.functions["behave"].pool.sandbox_count == 4
        warm = service.invoke({"do": "sleep", "seconds": 0}).json()
        assert warm in pids


def test_timeout(settings: Settings) -> None:
    with running(settings(timeout_seconds=0.5)) as service:
        first = service.invoke({"do": "sleep", "seconds": 0}).json()
        reply = service.invoke({"do": "sleep", "seconds": 60})
        assert error_of(reply) == ("Sandbox.Timedout", "RequestId: <id> Error: Task timed out after 0.50 seconds")
        assert not is_alive(first)
        assert service.invoke([1]).json() == [1]
    _, late, after = reports(service)
    assert (late["duration"], late["billed"], late["status"], late["type"]) == ("500.00", "500", "timeout", None)
    # The init of the replacement is repeated inside the invocation, so it has no Init Duration of its own.
    assert after["init"] is None
    assert float(after["duration"]) > 10


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"do": "exit", "status": 0}, "Runtime exited without providing a reason"),
        ({"do": "exit", "status": 3}, "Runtime exited with error: exit status 3"),
        ({"do": "kill"}, "Runtime exited with error: signal: killed"),
    ],
)
def test_crash(settings: Settings, event: dict[str, Any], reason: str) -> None:
    with running(settings()) as service:
        assert error_of(service.invoke(event)) == ("Runtime.ExitError", f"RequestId: <id> Error: {reason}")
        assert service.invoke([1]).json() == [1]
    crashed, _ = reports(service)
    assert (crashed["status"], crashed["type"]) == ("error", "Runtime.ExitError")


def test_killed_from_outside_while_idle(settings: Settings) -> None:
    with running(settings()) as service:
        pid = service.invoke({"do": "sleep", "seconds": 0}).json()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not psutil.pid_exists(pid))
        assert service.invoke({"do": "sleep", "seconds": 0}).json() != pid


def test_out_of_memory(settings: Settings) -> None:
    with running(settings(memory_mib=128, timeout_seconds=10)) as service:
        reply = service.invoke({"do": "allocate", "mib": 200, "seconds": 5})
        assert error_of(reply) == (
            "Runtime.OutOfMemory",
            "RequestId: <id> Error: Runtime exited with error: signal: killed",
        )
        assert service.invoke([1]).json() == [1]
    killed, _ = reports(service)
    assert (killed["used"], killed["size"], killed["type"]) == ("128", "128", "Runtime.OutOfMemory")
    assert int(killed["billed"]) < 5000


def test_response_of_the_largest_size_and_one_byte_more(settings: Settings) -> None:
    with running(settings(timeout_seconds=10, memory_mib=512)) as service:
        quotes = 2
        largest = service.invoke({"do": "respond_large", "size": 6_291_556 - quotes})
        assert (len(largest.body), largest.header("x-amz-function-error")) == (6_291_556, None)
        reply = service.invoke({"do": "respond_large", "size": 6_291_557 - quotes})
        assert error_of(reply) == (
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        )
        assert service.invoke([1]).json() == [1]


def test_result_that_is_not_serializable(settings: Settings) -> None:
    with running(settings()) as service:
        kind, message = error_of(service.invoke({"do": "unserializable"}))
    assert kind == "Runtime.MarshalError"
    assert message.startswith("Unable to marshal response: Object of type lock is not JSON serializable")


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("app.nope", "Runtime.HandlerNotFound", "Handler 'nope' missing on module 'app'"),
        (
            "missing_import.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'missing_import': No module named 'a_module_that_nobody_has'",
        ),
        ("app", "Runtime.MalformedHandlerName", "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
        (
            "exits_at_import.handler",
            "Runtime.ExitError",
            "RequestId: <id> Error: Runtime exited with error: exit status 7",
        ),
    ],
)
def test_init_that_fails_is_tried_again_inside_the_invocation(
    settings: Settings, handler: str, kind: str, message: str
) -> None:
    with running(settings(handler=handler)) as service:
        assert error_of(service.invoke([1])) == (kind, message)
    phases = [line.split("\t")[1:] for line in service.lines if line.startswith("INIT_REPORT Init Duration: ")]
    assert phases == [[f"Phase: {phase}", "Status: error", f"Error Type: {kind}"] for phase in ("init", "invoke")]
    (report,) = reports(service)
    assert (report["init"], report["status"], report["type"]) == (None, "error", kind)


def test_slow_init_is_repeated_under_the_timeout_of_the_function(settings: Settings, tmp_path: Path) -> None:
    slow = {"SLOW_INIT_SECONDS": "60", "SLOW_INIT_MARK": str(tmp_path / "mark")}
    with running(settings(handler="slow_init.handler", init_timeout_seconds=0.5, environment=slow)) as service:
        assert service.invoke([1]).json() == "ready"
    assert any(
        re.fullmatch(r"INIT_REPORT Init Duration: ([5-9]\d\d|\d{4})\.\d\d ms\tPhase: init\tStatus: timeout", line)
        for line in service.lines
    )
    assert reports(service)[0]["init"] is None

    always = {"SLOW_INIT_SECONDS": "60"}
    with running(
        settings(handler="slow_init.handler", init_timeout_seconds=0.1, timeout_seconds=0.2, environment=always)
    ) as service:
        assert error_of(service.invoke([1]))[0] == "Sandbox.Timedout"


def test_entry_point_that_cannot_be_started(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_bytes(b"\x7fELF this is no program")
    broken.chmod(0o755)
    with running(make_settings(python=str(broken))) as service:
        kind, message = error_of(service.invoke([1]))
    assert (kind, message) == ("Runtime.InvalidEntrypoint", "RequestId: <id> Error: exec format error")


def test_environment_is_that_of_the_platform_and_not_ours(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("SOMETHING_OF_MINE", "1")
    with running(settings(environment={"GREETING": "hello"}, memory_mib=256)) as service:
        told = service.invoke({"do": "describe"}).json()
    environment = told["environment"]
    assert told["cwd"] == str(HANDLERS)
    for name in ("AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "SOMETHING_OF_MINE", "AWS_EXECUTION_ENV"):
        assert name not in environment
    expected = {
        "GREETING": "hello",
        "_HANDLER": "app.handler",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "behave",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/behave",
        "LAMBDA_TASK_ROOT": str(HANDLERS),
        "TZ": ":UTC",
    }
    assert {name: environment.get(name) for name in expected} == expected
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", environment["AWS_LAMBDA_LOG_STREAM_NAME"])
    assert re.fullmatch(
        r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", environment["_X_AMZN_TRACE_ID"]
    )


def test_idle_sandboxes_are_reaped_to_none(settings: Settings) -> None:
    with running(settings(idle_timeout_seconds=0.2)) as service:
        pid = service.invoke({"do": "sleep", "seconds": 0}).json()
        assert service.lambda_ is not None
        pool = service.lambda_.functions["behave"].pool
        wait_until(lambda: pool.sandbox_count == 0)
        wait_until(lambda: not is_alive(pid))
        assert service.invoke([1]).json() == [1]


def test_children_of_a_function_end_with_it(settings: Settings) -> None:
    with running(settings()) as service:
        told = service.invoke({"do": "start_child"}).json()
        assert is_alive(told["child"])
    assert not is_alive(told["pid"])
    assert not is_alive(told["child"])


def test_a_flood_of_output_is_bounded_and_loses_no_request(settings: Settings) -> None:
    with running(settings(timeout_seconds=30, memory_mib=512)) as service:
        line = "x" * 1023 + "\n"
        flood = {"do": "write", "text": line * 1024, "times": 20}
        other = threading.Thread(target=lambda: service.invoke(flood))
        other.start()
        for number in range(20):
            assert service.invoke([number]).json() == [number]
        other.join()
        assert service.lambda_ is not None
        kept = service.lambda_.log_book.after(0)
        assert len(kept) <= 2000
    assert sum(each == line[:-1] for each in service.lines) == 20 * 1024


def test_in_flight_invocation_ends_with_the_service(settings: Settings) -> None:
    replies = []
    with running(settings(timeout_seconds=60)) as service:
        client = threading.Thread(target=lambda: replies.append(service.invoke({"do": "sleep", "seconds": 60})))
        client.start()
        wait_until(lambda: any(line.startswith("START") for line in service.lines))
    client.join(5)
    assert not client.is_alive()
    assert [reply.header("x-amz-function-error") for reply in replies] in ([], ["Unhandled"])


SERVER = """
import sys
from pathlib import Path
from iris_model.local import FunctionSettings, serve
settings = FunctionSettings("f", Path(sys.argv[1]), "app.handler", runtime=sys.argv[2], timeout_seconds=600)
serve(settings, port=0, on_ready=lambda addresses: print(addresses.function, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_orphans_however_the_service_ends(number: signal.Signals) -> None:
    service = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(HANDLERS), "iris_model"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert service.stdout is not None
        url = service.stdout.readline().removesuffix("/2015-03-31/functions/function/invocations\n")
        told = RunningService(url=url).invoke({"do": "start_child"}).json()
        assert is_alive(told["pid"])
        assert is_alive(told["child"])
        service.send_signal(number)
        service.wait(5)
        wait_until(lambda: not is_alive(told["pid"]) and not is_alive(told["child"]))
        assert service.stderr is not None
        assert service.stderr.read() == ""
        assert service.returncode == (-number if number == signal.SIGKILL else 0)
    finally:
        service.kill()
        service.wait()


def test_only_the_lines_of_errors(settings: Settings) -> None:
    """`log-lines = "errors"`: nothing of what succeeds, and all that says why something did not."""
    with running(settings(log_format="JSON", system_log_level="WARN")) as service:
        service.invoke([1])
        assert not [line for line in service.lines if "platform." in line]
        service.invoke({"do": "exit", "status": 1})
    events = [json.loads(line) for line in service.lines if "platform." in line]
    assert [event["type"] for event in events] == ["platform.runtimeDone", "platform.report"]
    assert {event["record"]["status"] for event in events} == {"failure"}


def test_json_log_format(settings: Settings) -> None:
    with running(settings(log_format="JSON")) as service:
        service.invoke([1])
        service.invoke({"do": "exit", "status": 1})
    events = [json.loads(line) for line in service.lines if line.startswith("{")]
    platform = [event for event in events if event.get("type", "").startswith("platform.")]
    assert [event["type"].removeprefix("platform.") for event in platform] == [
        "initStart",
        "start",
        "report",
        "start",
        "runtimeDone",  # a success is for DEBUG, a failure is a warning
        "report",
    ]
    first, last = platform[2]["record"], platform[5]["record"]
    assert (first["status"], last["status"], last["errorType"]) == ("success", "failure", "Runtime.ExitError")
    total = first["metrics"]["durationMs"] + first["metrics"]["initDurationMs"]
    assert total - 0.01 <= first["metrics"]["billedDurationMs"] < total + 1
    assert first["metrics"]["memorySizeMB"] == 128


def test_invoke_once(settings: Settings) -> None:
    result = invoke_once(settings(), b'{"do": "sleep", "seconds": 0}')
    assert result.function_error is None
    assert not is_alive(int(result.payload))
    assert result.log.splitlines()[-1].startswith(f"REPORT RequestId: {result.report.request_id}\t")
    failed = invoke_once(settings(), b'{"do": "fail"}')
    assert failed.function_error == "Unhandled"
    with pytest.raises(LocalError, match="the payload was refused: Could not parse"):
        invoke_once(settings(), b"nonsense")
