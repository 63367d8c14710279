"""Two builds of one project: the second one waits until the first ends in any way."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from iris_model.image.build import one_build_at_a_time
from tests.support.projects import write_project


def test_the_second_waits_until_the_first_is_done(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p")
    told, inside = threading.Event(), threading.Event()

    def second() -> None:
        with one_build_at_a_time(project, lambda step: told.set()):
            inside.set()

    thread = threading.Thread(target=second, daemon=True)
    with one_build_at_a_time(project, lambda step: None):
        thread.start()
        assert told.wait(30)
        assert not inside.is_set()
    assert inside.wait(30)
    thread.join(30)


def test_a_killed_build_does_not_block_the_next(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p")
    program = (
        "import os, pathlib, sys; from iris_model.image.build import one_build_at_a_time\n"
        "with one_build_at_a_time(pathlib.Path(sys.argv[1]), print): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(project)], timeout=60).returncode == -9
    waited: list[str] = []
    with one_build_at_a_time(project, waited.append):
        assert waited == []


def test_without_a_lock_nothing_is_awaited_or_written(tmp_path: Path) -> None:
    for project in (tmp_path, tmp_path / "nowhere"):
        with one_build_at_a_time(project, lambda step: None):
            assert not any(tmp_path.iterdir())
