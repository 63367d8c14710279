"""The entry point started as Lambda, a container and a person start it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.packages import SOURCE
from tests.support.runtime_api_fake import Invocation, RuntimeApiFake
from tests.support.tiny_model import write_tiny

APP = """
from iris_model.runtime import Model

model = Model.load("iris_trained_model")


def handler(event, context):
    return model.answer(event)
"""

BEHAVIOURS = """
import os, sys, time

def echo(event, context):
    print("heard", event)
    return {"event": event, "client": context.client_context and context.client_context.custom}

def fail(event, context):
    raise KeyError("lost")

def leave(event, context):
    os._exit(3)

def sleep(event, context):
    time.sleep(30)

def large(event, context):
    return "x" * 6_291_557

def packages(event, context):
    import safetensors
    exit
    return [sys.flags.no_site, safetensors.__name__, sys.path[0]]
"""

HOOKED = """
import os
import snapshot_restore_py as hooks

calls = []
hooks.register_before_snapshot(calls.append, "before, registered first")
hooks.register_before_snapshot(calls.append, "before, registered last")
hooks.register_after_restore(calls.append, "after")
if "WRONG" in os.environ:
    getattr(hooks, os.environ["WRONG"])(int, "no number")

def handler(event, context):
    return calls
"""


@pytest.fixture
def function_directory(tmp_path: Path) -> Path:
    package = tmp_path / "iris_model"
    for name in ("runtime", "engine"):
        shutil.copytree(SOURCE / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(SOURCE / "__init__.py", package)
    write_tiny(tmp_path / "iris_trained_model.safetensors")
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "behaviours.py").write_text(BEHAVIOURS)
    return tmp_path


def start(directory: Path, handler: str, *, working_directory: Path | None = None, **environment: str) -> Any:
    entry = directory / "iris_model" / "runtime" / "__main__.py"
    return subprocess.Popen(
        [sys.executable, "-S", str(entry), *([handler] if handler else [])],
        cwd=working_directory or directory,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def invoke(directory: Path, handler: str, payload: bytes, **options: Any) -> tuple[dict[str, str], Any, str]:
    """Return (headers of the post, its body, the log)."""
    with RuntimeApiFake(Invocation(payload)) as api:
        process = start(directory, handler, AWS_LAMBDA_RUNTIME_API=api.address, **options)
        try:
            deadline = time.monotonic() + 20
            while not api.posts and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
        finally:
            process.kill()
        log, _ = process.communicate()
    assert api.posts, log
    return api.posts[0].headers, json.loads(api.posts[0].body), log


def test_under_a_runtime_api(function_directory: Path) -> None:
    headers, answer, log = invoke(function_directory, "app.handler", b"[5.7,2.8,4.5,1.3]")
    assert answer["prediction"] == "versicolor"
    assert headers["content-type"] == "application/json"
    assert log == ""


def test_the_handler_may_come_from_the_environment(function_directory: Path) -> None:
    _, answer, log = invoke(function_directory, "", b"[1]", _HANDLER="behaviours.echo")
    assert answer["event"] == [1]
    assert log == "heard [1]\n"


NEXT, RESTORE = "/2018-06-01/runtime/invocation/next", "/2018-06-01/runtime/restore/next"


def test_with_snapstart_it_waits_for_the_restore(function_directory: Path) -> None:
    """As awslambdaric does. Lambda takes no snapshot of a runtime that does not say when its init is done."""
    (function_directory / "hooked.py").write_text(HOOKED)
    for kind, gets in (("snap-start", [RESTORE, NEXT]), ("on-demand", [NEXT])):
        with RuntimeApiFake(*[Invocation(b"{}")] * len(gets)) as api:
            environment = {"AWS_LAMBDA_RUNTIME_API": api.address, "AWS_LAMBDA_INITIALIZATION_TYPE": kind}
            process = start(function_directory, "hooked.handler", **environment)
            assert api.done.wait(20)
            process.kill()
            process.communicate()
        assert api.gets[: len(gets)] == gets
        called = ["before, registered last", "before, registered first", "after"] if kind == "snap-start" else []
        assert json.loads(api.posts[0].body) == called


@pytest.mark.parametrize(
    ("wrong", "path", "kind", "exit_code"),
    [
        ("register_before_snapshot", "init/error", "Runtime.BeforeSnapshotError", 64),
        ("register_after_restore", "restore/error", "Runtime.AfterRestoreError", 65),
    ],
)
def test_a_hook_of_snapstart_that_fails_ends_the_process(
    function_directory: Path, wrong: str, path: str, kind: str, exit_code: int
) -> None:
    (function_directory / "hooked.py").write_text(HOOKED)
    with RuntimeApiFake(Invocation(b"{}")) as api:
        environment = {"AWS_LAMBDA_RUNTIME_API": api.address, "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
        process = start(function_directory, "hooked.handler", WRONG=wrong, **environment)
        log, _ = process.communicate(timeout=20)
    assert process.returncode == exit_code and "no number" in log
    (post,) = api.posts
    assert post.path == f"/2018-06-01/runtime/{path}"
    assert post.headers["lambda-runtime-function-error-type"] == kind


def test_no_handler_at_all(function_directory: Path) -> None:
    process = start(function_directory, "")
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert output == "iris_model.runtime: no handler given; expected one argument such as app.handler\n"


def test_packages_are_found_although_site_was_not_imported(function_directory: Path, tmp_path: Path) -> None:
    """`-S` is for speed only: a handler that needs site-packages finds it."""
    _, answer, _ = invoke(function_directory, "behaviours.packages", b"{}", working_directory=tmp_path.parent)
    assert answer == [1, "safetensors", str(function_directory)]


def test_a_bad_row_is_a_function_error_without_our_own_frames(function_directory: Path) -> None:
    headers, document, log = invoke(function_directory, "app.handler", b"[5.7]")
    assert document["errorType"] == headers["lambda-runtime-function-error-type"] == "InvalidInput"
    assert document["errorMessage"].startswith("row 0 has 1 value; expected a list of 4 values")
    assert len(document["stackTrace"]) == 1
    assert "return model.answer(event)" in document["stackTrace"][0]
    assert log.startswith("[ERROR] InvalidInput: row 0 has 1 value")


def test_frames_of_shipped_bytecode_are_left_out_too(function_directory: Path) -> None:
    """Its code says /var/task, wherever the function directory lies."""
    from iris_model.project.packaging.compiled_modules import with_bytecode
    from iris_model.project.packaging.interpreters import RUNNING

    sources = {
        path.relative_to(function_directory).as_posix(): path for path in function_directory.rglob("iris_model/**/*.py")
    }
    for name, content in with_bytecode(sources, RUNNING).items():
        if isinstance(content, bytes):
            (function_directory / name).write_bytes(content)
            sources[name.removesuffix("c")].unlink()
    _, document, _ = invoke(function_directory, "app.handler", b"[5.7]")
    assert len(document["stackTrace"]) == 1
    assert "/app.py" in document["stackTrace"][0]


@pytest.mark.parametrize(
    ("change", "error_type", "says"),
    [
        (
            lambda d: (d / "iris_trained_model.safetensors").unlink(),
            "ModelFormatError",
            "no model 'iris_trained_model'",
        ),
        (
            lambda d: (d / "iris_trained_model.safetensors").write_bytes(b"\x01" * 50),
            "ModelFormatError",
            "truncated or not",
        ),
        (
            lambda d: write_tiny(d / "iris_trained_model.safetensors", format="iris-model/9"),
            "ModelFormatError",
            "install the iris-model that wrote it",
        ),
        (
            lambda d: (d / "app.py").write_text("import nonesuch"),
            "Runtime.ImportModuleError",
            "No module named 'nonesuch'",
        ),
        (
            lambda d: (d / "app.py").write_text("def handler(:"),
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app'",
        ),
        (lambda d: (d / "app.py").write_text("x = 1"), "Runtime.HandlerNotFound", "Handler 'handler' missing"),
    ],
)
def test_a_function_that_cannot_start(function_directory: Path, change: Any, error_type: str, says: str) -> None:
    change(function_directory)
    with RuntimeApiFake() as api:
        process = start(function_directory, "app.handler", AWS_LAMBDA_RUNTIME_API=api.address)
        log, _ = process.communicate(timeout=20)
    (post,) = api.posts
    document = json.loads(post.body)
    assert process.returncode == 1
    assert post.path.endswith("/init/error")
    assert document["errorType"] == post.headers["lambda-runtime-function-error-type"] == error_type
    assert says in document["errorMessage"]
    assert f"{os.sep}iris_model{os.sep}" not in "".join(document["stackTrace"])
    assert says in log


def test_a_function_packaged_for_another_python_is_reported(function_directory: Path) -> None:
    package = function_directory / "iris_model"
    (package / "__init__.py").unlink()
    (package / "__init__.pyc").write_bytes(b"\x00\x00\r\n" + b"\x00" * 12)
    process = start(function_directory, "app.handler", AWS_LAMBDA_RUNTIME_API="127.0.0.1:1")
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert output.startswith("iris_model.runtime: this function was packaged for another Python than 3.")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def emulator(directory: Path, handler: str, **environment: str) -> Iterator[tuple[str, Any]]:
    """Our own emulator, which a container starts when its base has none; here on a loopback port."""
    port = free_port()
    entry = str(directory / "iris_model" / "runtime" / "__main__.py")
    program = (
        f"import sys; sys.path.insert(0, {str(directory)!r})\n"
        "from iris_model.runtime.emulator import serve\n"
        f"serve([sys.executable, '-S', {entry!r}, {handler!r}], {str(directory)!r}, '127.0.0.1', {port})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=directory,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "answering POST" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", process
    finally:
        process.terminate()
        process.wait(20)


def post(url: str, payload: bytes, **headers: str) -> tuple[int, dict[str, str], Any]:
    request = urllib.request.Request(url, payload, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, dict(response.headers), json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), json.loads(error.read())


def test_the_emulator_answers_again_and_again(function_directory: Path) -> None:
    with emulator(function_directory, "app.handler") as (url, process):
        for _ in range(3):
            status, headers, answer = post(url, b"[5.7,2.8,4.5,1.3]")
            assert (status, answer["prediction"]) == (200, "versicolor")
            assert "X-Amz-Function-Error" not in headers
        assert post(url, b'{ "body": "WzUuMSwzLjUsMS40LDAuMl0="}')[2]["prediction"] == "setosa"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        log = process.stdout.read()
    assert log.count("START RequestId") == 4
    assert log.count("Init Duration") == 1


def test_the_emulator_answers_without_a_wait(function_directory: Path) -> None:
    """Head and body in two segments wait 40 ms for an acknowledgement, once in each of the two APIs."""
    with emulator(function_directory, "app.handler") as (url, _):
        post(url, b"[5.7,2.8,4.5,1.3]")
        took = []
        for _ in range(15):
            began = time.perf_counter()
            post(url, b"[5.7,2.8,4.5,1.3]")
            took.append(time.perf_counter() - began)
    assert min(took) < 0.03, took


def test_the_emulator_reports_failures_as_lambda_does(function_directory: Path) -> None:
    with emulator(function_directory, "app.handler") as (url, _):
        status, headers, document = post(url, b"[1]")
        assert (status, headers["X-Amz-Function-Error"], document["errorType"]) == (200, "Unhandled", "InvalidInput")
        assert post(url, b"not json")[0] == 400
        assert post(url + "x", b"{}")[0] == 404
        assert post(url, b"[5.7,2.8,4.5,1.3]")[2]["prediction"] == "versicolor"


@pytest.mark.parametrize(
    ("handler", "error_type", "says"),
    [
        ("behaviours.leave", "Runtime.ExitError", "exit status 3"),
        ("behaviours.sleep", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("behaviours.large", "Function.ResponseSizeTooLarge", "6291556 bytes"),
        ("behaviours.fail", "KeyError", "lost"),
        ("behaviours.none", "Runtime.HandlerNotFound", "Handler 'none' missing"),
    ],
)
def test_the_emulator_survives(function_directory: Path, handler: str, error_type: str, says: str) -> None:
    with emulator(function_directory, handler, AWS_LAMBDA_FUNCTION_TIMEOUT="1") as (url, _):
        for _ in range(2):
            status, headers, document = post(url, b"{}")
            assert status == 200
            assert headers["X-Amz-Function-Error"] == "Unhandled"
            assert document["errorType"] == error_type
            assert says in document["errorMessage"]


def test_the_emulator_passes_the_client_context(function_directory: Path) -> None:
    with emulator(function_directory, "behaviours.echo") as (url, _):
        context = "eyJjdXN0b20iOiB7ImdhcmRlbiI6ICJLZXcifX0="  # {"custom": {"garden": "Kew"}}
        assert post(url, b"[]", **{"X-Amz-Client-Context": context})[2] == {"event": [], "client": {"garden": "Kew"}}
