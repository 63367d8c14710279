"""The image of the root Dockerfile: built, started and overridden as Lambda does it; it answers."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from iris_model.project.packaging.native import find_bootstrap
from tests.e2e.observation import observe
from tests.support.docker_engine import container, inspect_image, run_once
from tests.support.iris_project import ENTRY_POINT as PYTHON_ENTRY_POINT
from tests.support.iris_project import function_image, write_iris_project
from tests.support.rie_binary import REPOSITORY
from tests.support.rie_process import Emulator

pytestmark = pytest.mark.e2e

ENTRY_POINT = ["/var/task/bootstrap"]
BOOTSTRAP = find_bootstrap("x86_64")
# With the native runtime, everything but the executable.
LIMIT_BYTES = 50_000 if BOOTSTRAP else 300_000
VERSICOLOR = b"[5.7,2.8,4.5,1.3]"
SETOSA_IN_BASE64 = b'{ "body": "WzUuMSwzLjUsMS40LDAuMl0="}'
LIST_FILES = """
import hashlib, json, pathlib

def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""

root = pathlib.Path("/var/task")
found = sorted(root.rglob("*"))
print(json.dumps([[str(p.relative_to(root)), p.lstat().st_mode, p.stat().st_size, digest(p)] for p in found]))
"""
EVENTS = REPOSITORY / "examples" / "iris" / "events"


def assert_curls_answer(function: Emulator) -> None:
    """The two lines of the README that need no HTTP API."""
    direct = function.invoke(VERSICOLOR)
    assert direct.status == 200
    assert json.loads(direct.body)["prediction"] == "versicolor"
    from_console = function.invoke(SETOSA_IN_BASE64)
    assert from_console.status == 200
    assert "setosa" in from_console.body.decode()


def golden(image: str) -> list[dict[str, Any]]:
    rows = json.loads(run_once(image, "cat", "/var/task/golden.json"))
    assert isinstance(rows, list)
    return rows


@pytest.fixture(scope="module")
def python_image(lambda_python: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same function with the Python runtime."""
    return function_image(
        write_iris_project(tmp_path_factory.mktemp("python") / "p", "iris"), lambda_python, "iris-python"
    )


def test_the_image_has_the_native_runtime_if_it_was_built(iris_image: str) -> None:
    described = json.loads(run_once(iris_image, "cat", "/var/task/function.json"))
    assert described.get("runtime") == ("native" if BOOTSTRAP else None)


def test_the_curls_answer(iris_image: str) -> None:
    with container(iris_image) as function:
        assert_curls_answer(function)


def test_answers_are_those_of_the_trained_model(iris_image: str) -> None:
    rows = golden(iris_image)
    assert len(rows) >= 3
    with container(iris_image) as function:
        for row in rows:
            answer = json.loads(function.invoke(json.dumps(row["row"]).encode()).body)
            assert answer["prediction"] == row["outputs"]["predict"]
            expected = row["outputs"]["predict_proba"]
            assert list(answer["probabilities"].values()) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("event", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_all_runtimes_answer_the_test_events_alike(iris_image: str, python_image: str, event: Path) -> None:
    """The native runtime, the Python runtime, and the handler under the runtime client of AWS."""
    payload = event.read_bytes()
    with container(python_image, ["app.handler"], options=["--entrypoint", "/lambda-entrypoint.sh"]) as official:
        reference = official.invoke(payload)
    for image in (iris_image, python_image):
        with container(image) as ours:
            answer = ours.invoke(payload)
        assert observe(answer, ours.log) == observe(reference, official.log)


def test_configuration_is_the_documented_one(iris_image: str) -> None:
    configuration = inspect_image(iris_image)["Config"]
    assert configuration["Entrypoint"] == ENTRY_POINT
    assert configuration["Cmd"] == ["app.handler"]
    assert configuration["WorkingDir"] == "/var/task"


def test_the_entry_point_of_the_base_runs_it(iris_image: str) -> None:
    """AWS's runtime client imports the handler, which starts the executable of a native function."""
    with container(iris_image, ["app.handler"], options=["--entrypoint", "/lambda-entrypoint.sh"]) as function:
        assert_curls_answer(function)


@pytest.mark.parametrize("entry_point", [ENTRY_POINT, PYTHON_ENTRY_POINT], ids=["executable", "Python"])
def test_the_emulator_as_entry_point(iris_image: str, entry_point: list[str]) -> None:
    command = [*entry_point, "app.handler"]
    with container(iris_image, command, options=["--entrypoint", "/usr/local/bin/aws-lambda-rie"]) as function:
        assert_curls_answer(function)


def test_another_working_directory(iris_image: str) -> None:
    with container(iris_image, options=["--workdir", "/tmp"]) as function:
        assert_curls_answer(function)


def test_another_command_is_another_handler(iris_image: str) -> None:
    with container(iris_image, ["app.nope"]) as function:
        answer = function.invoke(VERSICOLOR)
    assert json.loads(answer.body)["errorType"] == "Runtime.HandlerNotFound"


def test_read_only_and_as_the_user_of_lambda(iris_image: str) -> None:
    options = ["--read-only", "--tmpfs", "/tmp", "--user", "993", "--memory", "128m"]
    with container(iris_image, options=options) as function:
        assert_curls_answer(function)


def test_every_file_is_readable_by_any_user(iris_image: str) -> None:
    listing = task_files(iris_image)
    unreadable = [path for path, mode, _, _ in listing if mode & 0o444 != 0o444]
    closed = [path for path, mode, _, _ in listing if stat.S_ISDIR(mode) and mode & 0o555 != 0o555]
    odd = [path for path, mode, _, _ in listing if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode))]
    assert (unreadable, closed, odd) == ([], [], [])


def test_the_function_directory_is_what_it_says_of_itself(iris_image: str) -> None:
    digests = {path: digest for path, mode, _, digest in task_files(iris_image) if stat.S_ISREG(mode)}
    del digests["function.json"]
    assert json.loads(run_once(iris_image, "cat", "/var/task/function.json"))["files"] == digests


def test_the_function_directory_is_small(iris_image: str) -> None:
    sizes = {path: size for path, mode, size, _ in task_files(iris_image) if stat.S_ISREG(mode)}
    total = sum(size for path, size in sizes.items() if path != "bootstrap")
    assert 0 < total <= LIMIT_BYTES, f"{total} bytes in {len(sizes)} files"


def task_files(image: str) -> list[tuple[str, int, int, str]]:
    """Path, mode, size and digest of everything in /var/task, listed by the image's own Python."""
    return [tuple(entry) for entry in json.loads(run_once(image, "python3", "-c", LIST_FILES))]


def test_only_the_function_directory_is_above_the_base(iris_image: str, lambda_python: str) -> None:
    base = inspect_image(lambda_python)["RootFS"]["Layers"]
    layers = inspect_image(iris_image)["RootFS"]["Layers"]
    assert layers[: len(base)] == base
    above = len(layers) - len(base)
    assert above <= 2  # the copied files; the legacy builder adds an empty layer for WORKDIR
    leftovers = "ls -d /etc/pip.conf /opt/build /src /out 2>/dev/null || true"
    assert run_once(iris_image, "sh", "-c", leftovers) == ""


def test_the_image_stops_at_once(iris_image: str) -> None:
    assert_stops_quickly(iris_image)


def test_a_base_without_an_emulator(slim_iris_image: str) -> None:
    assert "aws-lambda-rie" not in run_once(slim_iris_image, "ls", "/usr/local/bin")
    with container(slim_iris_image) as function:
        assert_curls_answer(function)
        broken = function.invoke(b'["not a flower"]')
    assert json.loads(broken.body)["errorType"] == "InvalidInput"


def test_the_image_on_a_slim_base_stops_at_once(slim_iris_image: str) -> None:
    assert_stops_quickly(slim_iris_image)


def assert_stops_quickly(image: str) -> None:
    with container(image) as function:
        function.invoke(VERSICOLOR)
        asked = time.monotonic()
    # `docker stop` kills after its 5 s of patience: an entry point that ignores SIGTERM would be as slow as that.
    assert time.monotonic() - asked < 4
