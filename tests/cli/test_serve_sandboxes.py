"""The options of `serve` for sandboxes, from outside: reload of a real project, and the values that are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from tests.cli.test_serve import call, serving
from tests.local.test_sandbox import wait_until
from tests.support.rie_binary import REPOSITORY

ROW = [5.1, 3.5, 1.4, 0.2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The iris project, for this test to edit."""
    target = tmp_path / "iris"
    shutil.copytree(
        REPOSITORY / "examples" / "iris", target, ignore=shutil.ignore_patterns(".iris-model", "__pycache__")
    )
    return target


def answers(url: str) -> Callable[[], Any]:
    """The answer of the function to one row."""
    return lambda: call(url, ROW)


@pytest.mark.slow
def test_reload_of_a_project_packages_it_and_keeps_what_works(project: Path) -> None:
    with serving(project, "--reload") as told:
        ask = answers(told["function"])
        assert ask()["prediction"] == "setosa"
        app = (project / "app.py").read_text()
        (project / "app.py").write_text(app.replace("return model.answer(event)", 'return {"edited": True}'))
        wait_until(lambda: ask() == {"edited": True}, seconds=20)
        (project / "app.py").write_text("def handler(event, context)\n")
        (project / "iris-model.toml").write_text("name = 7\n")
        assert ask() == {"edited": True}
        shutil.copy(REPOSITORY / "examples" / "iris" / "iris-model.toml", project)
        (project / "app.py").write_text(app)
        wait_until(lambda: ask().get("prediction") == "setosa", seconds=20)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--tmp", "100"], "100 is not in the range 512<=x<=10240"),
        (["--image-command", "app.handler"], "require --image REF"),
        (["--image", "some/image", "--reload"], "--reload watches source files, and --image has none"),
        (["--image", "some/image", "--strict"], "a container is always strict"),
        (["--image", "some/image", "--image-workdir", "task"], "expected an absolute path"),
        (["--provisioned", "3", "--concurrency", "2"], "more than the reserved concurrency of 2"),
    ],
)
def test_refused_in_a_sentence(tmp_path: Path, options: list[str], sentence: str) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event\n")
    result = CliRunner().invoke(cli, ["serve", str(tmp_path), "--handler", "app.handler", "--port", "0", *options])
    assert result.exit_code != 0
    assert sentence in " ".join(result.output.split())
    assert "Traceback" not in result.output
