"""Starting, refusing to start, and the page."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from iris_model.errors import LocalError
from iris_model.local import FunctionSettings, LocalLambda, read_function_directory
from iris_model.local.telemetry.logs import LogBook, SandboxLog
from iris_model.local.telemetry.reports import InvocationReport, TextFormat
from iris_model.local.wire.listening import is_loopback
from tests.local.conftest import make_settings
from tests.support.local_service import running

MANIFEST: dict[str, Any] = {
    "format": "iris-model-function/1",
    "name": "iris",
    "handler": "app.handler",
    "executor": "compiled",
    "python": "3.11",
    "architecture": "x86_64",
    "memory": 256,
    "timeout": 5,
    "route": "/iris-prediction",
    "stage": "default",
    "model": "iris_trained_model.safetensors",
    "environment": {"A1": "b"},
    "files": {},
}


def write_manifest(directory: Path, **changes: Any) -> Path:
    """A function directory, as far as `local` looks at it."""
    (directory / "function.json").write_text(json.dumps(MANIFEST | changes))
    return directory


def test_function_directory_and_overrides(tmp_path: Path) -> None:
    settings = read_function_directory(write_manifest(tmp_path), memory_mib=512, timeout_seconds=None)
    assert settings == FunctionSettings(
        name="iris",
        directory=tmp_path.resolve(),
        handler="app.handler",
        memory_mib=512,
        timeout_seconds=5,
        environment={"A1": "b"},
        route="/iris-prediction",
        stage="default",
    )


def test_invalid_function_directories_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="is not a directory"):
        read_function_directory(tmp_path / "nope")
    with pytest.raises(LocalError, match=r"has no function\.json"):
        read_function_directory(tmp_path)
    for broken in (
        b"{",
        b"\xff",
        b"[]",
        b'{"format": "iris-model-function/9"}',
        b'{"format": "iris-model-function/1"}',
    ):
        (tmp_path / "function.json").write_bytes(broken)
        with pytest.raises(LocalError) as raised:
            read_function_directory(tmp_path)
        assert raised.value.remedy.startswith("Run `iris-model package` again")


def test_all_problems_of_the_settings_at_once(tmp_path: Path) -> None:
    with pytest.raises(LocalError) as raised:
        read_function_directory(
            write_manifest(tmp_path, name="a b", memory=64, timeout=True, stage="a/b", environment={"_HANDLER": "x"}),
            python="/nowhere/python",
            runtime="other",
            route="predict",
            reserved_concurrency=-1,
            log_format="XML",
        )
    problems = raised.value.problem.splitlines()[1:]
    starts = ["name is", "memory is", "timeout is", "reserved", "route is", "stage is", "runtime is", "log format"]
    starts += ["python is", "environment variable _HANDLER is reserved"]
    assert [problem.startswith(f"  - {start}") for problem, start in zip(problems, starts, strict=True)] == [True] * 10


def test_environment_of_more_than_4_kb(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="take 4097 bytes; Lambda allows 4096"):
        read_function_directory(write_manifest(tmp_path, environment={"A1": "x" * 4095}))


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LocalError, match=f"port {port} on 127.0.0.1 is in use by another program") as raised:
            _start(port=port)
        assert "--port" in raised.value.remedy


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [("127.0.0.1", 99_999, "port 99999 does not exist"), ("192.0.2.1", 0, r"cannot listen on 192\.0\.2\.1:0")],
)
def test_addresses_that_cannot_be(host: str, port: int, text: str) -> None:
    with pytest.raises(LocalError, match=text):
        _start(host=host, port=port)


def test_two_functions_of_one_name() -> None:
    with pytest.raises(LocalError, match="two functions have the name 'behave'"):
        LocalLambda([make_settings(), make_settings()])


def test_loopback() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "192.0.2.1")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_billed_duration_is_rounded_up_once() -> None:
    # Numbers of real REPORT lines.
    for duration, init, billed in (
        (61.09, 3986.50, 4048),
        (1.98, 1327.48, 1330),
        (5000.0, 578.07, 5579),
        (27.0, None, 27),
    ):
        assert InvocationReport("id", "success", duration, 128, 75, init).billed_duration_ms == billed


def test_report_line_is_that_of_lambda() -> None:
    report = InvocationReport("6f7f0961-0000", "success", 26.73, 128, 75, 111.23)
    assert TextFormat().end(report)[-1] == (
        "REPORT RequestId: 6f7f0961-0000\tDuration: 26.73 ms\tBilled Duration: 138 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 75 MB\tInit Duration: 111.23 ms\t"
    )


def test_log_keeps_lines_whole_and_the_tail_short() -> None:
    seen: list[str] = []
    log = SandboxLog(LogBook(seen.append), "f")
    log.write_output("é".encode()[:1])
    log.write_output("é".encode()[1:] + b"\nhalf")
    log.write_platform("END")
    assert seen == ["é", "half", "END"]
    assert log.take_tail() == "é\nhalf\nEND\n".encode()
    log.write_output(b"x" * 300_000 + b"\n")
    assert [len(line) for line in seen[3:]] == [262_144, 37_856]
    assert log.take_tail() == b"x" * 4095 + b"\n"
    log.write_output(b"Traceback:\r  File\r")
    log.write_platform("END")
    assert seen[5] == "Traceback:\n  File"


def _start(**address: Any) -> None:
    with running(make_settings(), **address):
        pass


def test_windows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """tests/cli/test_windows.py runs whole commands."""
    settings = make_settings()
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(LocalError, match="does not run on Windows") as error:
        LocalLambda(settings)
    assert "WSL" in str(error.value.remedy)
