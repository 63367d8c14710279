"""A new version while clients ask: no request is lost, a broken version changes nothing."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from iris_model.errors import LocalError, ProjectError
from iris_model.local import FunctionSettings, ReloadPlan
from tests.local.conftest import make_settings
from tests.local.test_sandbox import is_alive, wait_until
from tests.support.local_service import RunningService, running

HANDLER = """
import os, time
import word

def handler(event, context):
    time.sleep(event or 0)
    return [word.WORD, os.getpid()]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plain function folder."""
    path = tmp_path / "function"
    path.mkdir()
    (path / "app.py").write_text(HANDLER)
    say(path, "one")
    return path


def say(folder: Path, word: str) -> None:
    """Edit the function."""
    (folder / "word.py").write_text(f"WORD = {word!r}\n")


@contextmanager
def reloading(settings: FunctionSettings, *, plan: ReloadPlan | None = None) -> Iterator[RunningService]:
    """Serve, and watch the folder."""
    plan = plan or ReloadPlan((settings.directory,), lambda: settings)
    with running(replace(settings, reload=plan)) as service:
        yield service


def said(service: RunningService, start: str) -> list[str]:
    """The lines of the log that begin so."""
    return [line for line in service.lines if line.startswith(start)]


def test_an_edit_replaces_the_running_function(folder: Path) -> None:
    with reloading(make_settings(directory=folder)) as service:
        word, pid = service.invoke(0).json()
        assert word == "one"
        say(folder, "two")
        wait_until(lambda: service.invoke(0).json()[0] == "two")
        assert said(service, "Reload: word.py changed")
        wait_until(lambda: not is_alive(pid))
        assert service.lambda_ is not None
        function = service.lambda_.functions["behave"]
        copies = function.settings.directory.parent
        wait_until(lambda: len(list(copies.glob("version-*"))) == 1)
    assert not copies.exists()
    assert sorted(path.name for path in folder.iterdir()) == ["app.py", "word.py"]


@pytest.mark.slow
def test_no_request_is_lost_over_many_versions(folder: Path) -> None:
    answers: Counter[str] = Counter()
    with reloading(make_settings(directory=folder, timeout_seconds=20)) as service, ThreadPoolExecutor(4) as clients:
        done = threading.Event()

        def ask(pause: float) -> None:
            while not done.is_set():
                reply = service.invoke(pause)
                assert (reply.status, reply.header("x-amz-function-error")) == (200, None), reply.body
                answers[reply.json()[0]] += 1

        asked = [clients.submit(ask, pause) for pause in (0, 0, 0.05, 0.4)]
        try:
            for number in range(4):
                say(folder, f"version {number}")
                wait_until(lambda number=number: answers[f"version {number}"], seconds=10)
        finally:
            done.set()
        for each in asked:
            each.result()
    assert len(answers) == 5


def test_running_invocations_finish_with_the_old_code(folder: Path) -> None:
    with reloading(make_settings(directory=folder, timeout_seconds=10)) as service, ThreadPoolExecutor(1) as clients:
        slow = clients.submit(service.invoke, 2)
        wait_until(lambda: said(service, "START"))
        say(folder, "two")
        wait_until(lambda: service.invoke(0).json()[0] == "two")
        assert not slow.done()
        assert slow.result().json()[0] == "one"


def test_broken_version_keeps_the_one_before_even_in_new_sandboxes(folder: Path) -> None:
    with reloading(make_settings(directory=folder, timeout_seconds=10)) as service, ThreadPoolExecutor(3) as clients:
        assert service.invoke(0).json()[0] == "one"
        (folder / "word.py").write_text("WORD = (\n")
        wait_until(lambda: said(service, "Reload: the new version cannot start"))
        (line,) = said(service, "Reload: the new version cannot start")
        assert "Runtime.UserCodeSyntaxError" in line
        assert "word.py" in line
        words = [reply.json()[0] for reply in clients.map(lambda _: service.invoke(0.5), range(3))]
        assert words == ["one"] * 3
        say(folder, "mended")
        wait_until(lambda: service.invoke(0).json()[0] == "mended")


def test_build_that_fails_is_reported(folder: Path) -> None:
    settings = make_settings(directory=folder)

    def rebuild() -> FunctionSettings:
        raise ProjectError("app.py has no handler.", remedy="Write one.")

    with reloading(settings, plan=ReloadPlan((folder,), rebuild)) as service:
        say(folder, "two")
        wait_until(lambda: said(service, "Reload: the new version cannot start"))
        assert said(service, "Reload: the new version")[0].endswith("app.py has no handler.\nWrite one.")
        assert service.invoke(0).json()[0] == "one"


def test_a_reload_applies_all_settings_except_those_that_need_a_restart(folder: Path) -> None:
    settings = make_settings(directory=folder)
    changed = replace(settings, memory_mib=256, reserved_concurrency=0, route="/elsewhere")
    with reloading(settings, plan=ReloadPlan((folder,), lambda: changed)) as service:
        assert service.invoke(0).status == 200
        say(folder, "two")
        wait_until(lambda: service.invoke(0).status == 429)
        assert said(service, "Reload: route is '/elsewhere' now, which takes effect when you restart serve")
        assert service.lambda_ is not None
        found = service.lambda_.functions["behave"].settings
        assert (found.memory_mib, found.route) == (256, settings.route)


def test_only_sources_count(folder: Path) -> None:
    with reloading(make_settings(directory=folder)) as service:
        for name in ("__pycache__", ".iris-model", ".git"):
            (folder / name).mkdir()
            (folder / name / "file.txt").write_text("x")
        say(folder, "two")
        wait_until(lambda: said(service, "Reload: the new version of behave is serving"))
        assert said(service, "Reload: ")[0] == "Reload: word.py changed"


def test_missing_sources_are_reported(folder: Path) -> None:
    settings = make_settings(directory=folder)
    shutil.copytree(folder, folder.parent / "other")
    plan = ReloadPlan((folder.parent / "missing",), lambda: settings)
    with pytest.raises(LocalError, match="cannot be watched"), reloading(settings, plan=plan):
        pass
