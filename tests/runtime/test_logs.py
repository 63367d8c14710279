"""Log records: what a function prints under our runtime and under awslambdaric must be the same lines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from iris_model.runtime.logs import describe_error
from tests.architecture.packages import SOURCE
from tests.support.runtime_api_fake import Invocation, RuntimeApiFake

APP = """
import sys
print("no logging at import:", "logging" in sys.modules)
import logging
logging.warning("during init")

def handler(event, context):
    log = logging.getLogger("garden")
    log.setLevel("DEBUG")
    log.debug("debug %s", 1)
    log.info("lines\\nof text", extra={"bed": 7})
    log.error({"a": "dict"})
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("caught")
    context.log("as it is\\n")
    print("printed")
    raise KeyError("lost")
"""

RUNTIMES = {
    "ours": ["-S", str(SOURCE / "runtime" / "__main__.py"), "app.handler"],
    "awslambdaric": ["-m", "awslambdaric", "app.handler"],
}


def log_of(runtime: str, directory: Path, **environment: str) -> list[str]:
    headers = {"Lambda-Runtime-Aws-Tenant-Id": "tenant-1"}
    with RuntimeApiFake(Invocation(b"{}", headers)) as api:
        process = subprocess.Popen(
            [sys.executable, *RUNTIMES[runtime]],
            cwd=directory,
            env={**os.environ, "AWS_LAMBDA_RUNTIME_API": api.address, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert api.done.wait(20)
        finally:
            process.kill()
        output, _ = process.communicate()
    return masked(output)


def masked(output: str) -> list[str]:
    output = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME", output)
    return output.replace("no logging at import: True", "no logging at import: False").split("\n")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_LAMBDA_LOG_LEVEL": "info"},
        {"AWS_LAMBDA_LOG_LEVEL": "TRACE"},
        {"AWS_LAMBDA_LOG_LEVEL": "nonsense"},
        {"AWS_LAMBDA_LOG_FORMAT": "json"},
        {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "ERROR"},
    ],
    ids=str,
)
@pytest.mark.awslambdaric
def test_the_same_lines_as_awslambdaric(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "app.py").write_text(APP)
    ours = log_of("ours", tmp_path, **environment)
    assert ours == log_of("awslambdaric", tmp_path, **environment)
    assert len(ours) > 5


def test_logging_is_not_imported_for_a_handler_that_does_not_log(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import sys\ndef handler(event, context):\n    print('logging' in sys.modules)\n")
    assert log_of("ours", tmp_path) == ["False", ""]


@pytest.mark.awslambdaric
@pytest.mark.parametrize("level", ["", "INFO"])
@pytest.mark.parametrize("log_format", ["", "JSON"])
def test_frames_on_the_telemetry_descriptor(tmp_path: Path, level: str, log_format: str) -> None:
    """4 bytes type, 4 bytes length, 8 bytes microseconds, the message; big endian."""
    (tmp_path / "app.py").write_text(
        "import logging\n"
        "def handler(event, context):\n"
        "    logging.warning('wet')\n    context.log('raw')\n    raise ValueError('dry')\n"
    )
    frames = {}
    for runtime, command in RUNTIMES.items():
        read, write = os.pipe()
        with RuntimeApiFake(Invocation(b"{}")) as api:
            environment = {"AWS_LAMBDA_RUNTIME_API": api.address, "_LAMBDA_TELEMETRY_LOG_FD": str(write)}
            environment |= {"AWS_LAMBDA_LOG_LEVEL": level, "AWS_LAMBDA_LOG_FORMAT": log_format}
            process = subprocess.Popen(
                [sys.executable, *command], cwd=tmp_path, env={**os.environ, **environment}, pass_fds=[write]
            )
            os.close(write)
            try:
                assert api.done.wait(20)
            finally:
                process.kill()
                process.wait()
        with os.fdopen(read, "rb") as file:
            data = file.read()
        frames[runtime] = []
        while data:
            kind, length = data[:4].hex(), int.from_bytes(data[4:8], "big")
            frames[runtime].append((kind, masked(data[16 : 16 + length].decode())))
            data = data[16 + length :]
    assert len(frames["ours"]) == 3
    assert frames["ours"] == frames["awslambdaric"]


def test_an_error_without_message_or_trace() -> None:
    assert describe_error({"errorType": "", "errorMessage": "", "stackTrace": None}) == ["[ERROR]"]
    document = {"errorType": "E", "errorMessage": "m", "stackTrace": ["  File x\n    y\n"]}
    assert describe_error(document) == [
        "[ERROR] E: m",
        "Traceback (most recent call last):",
        "\u00a0\u00a0File x",
        "\u00a0\u00a0\u00a0\u00a0y",
    ]
