"""A native function where Python is started: by a Dockerfile of an older version, or by AWS's runtime client."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from iris_model.project import package_project
from iris_model.project.packaging.native import find_bootstrap
from iris_model.project.packaging.python_entry import starts_python
from iris_model.project.scaffold import TEMPLATES
from tests.native.sandbox import start
from tests.support.iris_project import write_iris_project

NATIVE = 'runtime = "native"\n'
needs_executable = pytest.mark.skipif(
    find_bootstrap("x86_64") is None and find_bootstrap("arm64") is None,
    reason="this installation has no native runtime: there was no C compiler",
)
OLD_ENTRY = 'ENTRYPOINT ["python3", "-S", "/var/task/iris_model/runtime/__main__.py"]\n'


@needs_executable
def test_auto_keeps_python_if_the_dockerfile_of_the_project_starts_it(tmp_path: Path):
    """A project of an older version has such a Dockerfile. A new one changes the runtime, without another change."""
    project = write_iris_project(tmp_path / "project", "flowers")
    (project / "Dockerfile").write_text(f"FROM base\n{OLD_ENTRY}")
    packaged = package_project(project)
    assert packaged.settings.runtime == "python"
    assert packaged.runtime_reason.startswith(
        "the Dockerfile of the project starts Python; `iris-model dockerfile` prints"
    )
    (project / "Dockerfile").write_text((TEMPLATES / "Dockerfile").read_text())
    assert package_project(project).settings.runtime == "native"


@needs_executable
@pytest.mark.parametrize("settings", [NATIVE, 'package-type = "zip"\n'])
def test_the_dockerfile_does_not_count_if_it_is_not_used_or_native_is_named(tmp_path: Path, settings: str):
    project = write_iris_project(tmp_path / "project", "flowers", settings=settings)
    (project / "Dockerfile").write_text(f"FROM base\n{OLD_ENTRY}")
    assert package_project(project).settings.runtime == "native"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OLD_ENTRY, True),
        ('entrypoint ["/var/lang/bin/python3", \\\n  "/var/task/iris_model/runtime/__main__.py"]\n', True),
        ('CMD ["python3", "/var/task/iris_model/runtime/__main__.py", "app.handler"]\n', True),
        (f"# {OLD_ENTRY}", False),
        ('COPY function /var/task\nCMD ["app.handler"]\n', False),
        ((TEMPLATES / "Dockerfile").read_text(), False),
    ],
)
def test_a_dockerfile_that_starts_python(tmp_path: Path, text: str, expected: bool):
    (tmp_path / "Dockerfile").write_text(text)
    assert starts_python(tmp_path / "Dockerfile") is expected
    assert not starts_python(tmp_path / "nowhere")


@needs_executable
@pytest.mark.parametrize(
    "command",
    [
        ["-S", "iris_model/runtime/__main__.py"],
        pytest.param(["-m", "awslambdaric"], marks=pytest.mark.awslambdaric),
    ],
    ids=["entry-point", "awslambdaric"],
)
def test_what_starts_python_starts_the_executable(tmp_path: Path, command: list[str]):
    """Such as the Dockerfile of a user who copies the function directory onto AWS's base image."""
    directory = package_project(write_iris_project(tmp_path / "project", "flowers", settings=NATIVE)).directory
    with start([sys.executable, *command], directory, tmp_path / "log", {"_HANDLER": "app.handler"}) as sandbox:
        posted = sandbox.ask(b"[5.1, 3.5, 1.4, 0.2]")
    assert json.loads(posted.body)["prediction"] == "setosa"


@needs_executable
def test_importing_the_handler_of_a_native_function_is_refused(tmp_path: Path):
    directory = package_project(write_iris_project(tmp_path / "project", "flowers", settings=NATIVE)).directory
    run = subprocess.run(
        [sys.executable, "-S", "-c", "import app"], cwd=directory, capture_output=True, text=True, env={}, timeout=30
    )
    assert 'package it with runtime = "python"' in run.stderr
