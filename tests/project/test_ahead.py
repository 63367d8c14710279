"""Compiling ahead, in a copy of the process: the same results and errors as without it, and no process left behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.spread import spread

IRIS = Path(__file__).parents[2] / "examples/iris"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is compiled ahead")

# A command: start compiling in a child process, import something else, then use the result. `children`: the processes.
PROGRAM = """
import hashlib, json, os, sys
from pathlib import Path
from iris_model.errors import IrisModelError
from iris_model.project.compilation import ahead
from iris_model.project.configuration.settings import read_settings
children, fork = [], os.fork
def counted():
    children.append(fork())
    return children[-1]
os.fork = counted
sys.stdout.write("once, ")
{before}
report = {{}}
with ahead.compiling_ahead(Path("project")) as choose:
    {between}
    try:
        settings = read_settings(Path("project"))
        executable = choose(settings)
        report["executor"] = executable.executor
        report["files"] = {{
            name: hashlib.sha256(content if isinstance(content, bytes) else content.read_bytes()).hexdigest()
            for name, content in executable.files.items()
        }}
        report["golden"] = json.dumps(executable.golden)
    except IrisModelError as error:
        report["error"] = [type(error).__name__, error.problem, error.remedy, str(error)]
left = []
for child in children:
    try:
        os.kill(child, 0)
        left.append(child)
    except ProcessLookupError:
        pass
report |= {{"children": len(children), "left": len(left), "numpy": "numpy" in sys.modules}}
print(json.dumps(report))
"""


# Returns at once, with the name of the caller as executor. One test compares real compilations.
LIGHT = """
from iris_model.project.compilation import compilations
from iris_model.project.packaging.executors import Executable
def light(where):
    return lambda settings: Executable(where, "", "m", {"m": settings.model_path}, {}, {}, [{"data": settings.data}])
ahead.choose_executable, compilations.choose_executable = light("ahead"), light("in its turn")
"""
NOT_NEEDED = "choose = lambda settings: (_ for _ in ()).throw(IrisModelError('not needed'))"


def copy_of_iris(place: Path) -> Path:
    shutil.copytree(IRIS, place / "project", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    return place


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return copy_of_iris(tmp_path)


def run(place: Path, *, before: str = "", between: str = "pass") -> dict[str, Any]:
    environment = {**os.environ, "IRIS_MODEL_CACHE": str(place / "cache")}
    program = PROGRAM.format(before=before, between=between)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    once, _, report = done.stdout.partition(", ")
    assert once == "once", "what was in the buffer is written once"
    document: dict[str, Any] = json.loads(report)
    assert document.pop("left") == 0
    return document


def in_its_turn(place: Path) -> dict[str, Any]:
    """The same without compiling ahead."""
    here = "from iris_model.project.compilation import compilations; compilations.can_confine = ahead._can_fork = lambda: False"
    report = run(place, before=here)
    assert report.pop("children") == 0
    report.pop("numpy")
    return report


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return in_its_turn(copy_of_iris(tmp_path_factory.mktemp("expected")))


@pytest.mark.slow
def test_the_result_is_the_same_without_an_import_in_this_process(place: Path, expected: dict[str, Any]):
    assert run(place) == {**expected, "children": 1, "numpy": False}
    assert run(place) == {**expected, "children": 0, "numpy": False}, "it is remembered now"


@pytest.mark.parametrize(
    ("content", "error"),
    spread(
        [(b"no pickle at all", "ModelFileError"), (b"cos\nsystem\n(S'true'\ntR.", "UntrustedModel")], 2, unpack=True
    ),
)
def test_compiling_ahead_reports_the_same_errors(place: Path, content: bytes, error: str):
    (place / "project" / "iris_trained_model.pkl").write_bytes(content)
    report = run(place)
    assert report.pop("children") == 1
    report.pop("numpy")
    assert report == in_its_turn(place)
    assert report["error"][0] == error


def test_a_compilation_that_has_started_is_used(place: Path):
    assert run(place, before=LIGHT)["executor"] == "ahead"


@pytest.mark.slow
def test_a_killed_compilation_is_done_again(place: Path, expected: dict[str, Any]):
    report = run(place, between="os.kill(children[0], 9)")
    assert report == {**expected, "children": 2, "numpy": False}


def test_changed_settings_are_compiled_again(place: Path):
    change = "from dataclasses import replace; first = read_settings; "
    change += "read_settings = lambda path: replace(first(path), data=None)"
    report = run(place, before=LIGHT, between=change)
    assert report["children"] == 2
    assert report["executor"] == "in its turn"
    assert report["golden"] == '[{"data": null}]'


def test_a_model_trained_again_in_the_meantime_is_compiled_again(place: Path):
    change = "model = Path('project/iris_trained_model.pkl'); model.write_bytes(model.read_bytes() + b'more')"
    report = run(place, before=LIGHT, between=change)
    assert report["children"] == 2
    assert report["executor"] == "in its turn"


def test_a_compilation_that_is_not_needed_is_not_awaited(place: Path):
    report = run(place, between=NOT_NEEDED)
    assert report["children"] == 1
    assert report["error"][1] == "not needed"


def test_compiling_ahead_ends_when_the_command_is_killed(place: Path):
    """Otherwise a reader of the command's output would wait for a process that is no longer needed."""
    endless = "import time; ahead.choose_executable = lambda settings: time.sleep(600)"
    killed = "print(children[0], flush=True); os.kill(os.getpid(), 9)"
    program = PROGRAM.format(before=endless, between=killed)
    environment = {**os.environ, "IRIS_MODEL_CACHE": str(place / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, env=environment, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == -signal.SIGKILL
    child = int(done.stdout.removeprefix("once, "))
    with contextlib.suppress(
        ProcessLookupError, FileNotFoundError
    ):  # the output is closed a moment before the process is gone
        for _ in range(100):
            os.kill(child, 0)
            if "State:\tZ" in Path(f"/proc/{child}/status").read_text():
                return
            time.sleep(0.05)
        raise AssertionError(f"{child} still runs")


@pytest.mark.parametrize(
    "before",
    [
        "import numpy",
        "def fork(): raise BlockingIOError('no more processes')",
        "import threading; threading.Thread(target=lambda: __import__('time').sleep(5), daemon=True).start()",
        "Path('project/iris-model.toml').write_text('nonsense = 1')",
        "Path('project/iris_trained_model.pkl').unlink()",
        "file = Path('project/iris-model.toml'); file.write_text('trust = [\"a.B\"]\\n' + file.read_text())",
    ],
    ids=["numpy is here", "no memory", "a thread", "bad settings", "no model", "trusted names"],
)
def test_when_no_compilation_is_started(place: Path, before: str):
    assert run(place, before=before, between=NOT_NEEDED)["children"] == 0
