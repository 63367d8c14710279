"""Makes new projects: the iris example, or one for a model file that the user has.

A project is everything that `docker build` needs with no tool on the host, so this tool's own wheel lies in it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iris_model.errors import ProjectError
from iris_model.project.compilations import choose_remembered
from iris_model.project.disk import filling
from iris_model.project.events import build_events, encode_event
from iris_model.project.executors import Choose, Executable
from iris_model.project.package import OnStep
from iris_model.project.reference import render_settings_file
from iris_model.project.requirements import REQUIREMENTS_FILE
from iris_model.project.settings import SETTINGS_FILE, ProjectSettings, parse_settings
from iris_model.project.sources import collect_trusted
from iris_model.project.wheel import write_wheel

TEMPLATES = Path(__file__).parent / "templates"

# In a checkout this is a link to examples/iris, so that the example exists once.
IRIS_EXAMPLE = TEMPLATES / "iris"
IRIS_MODEL_STEM = "iris_trained_model"

# Service of continuous integration -> the template of its workflow, and where it looks for one.
WORKFLOWS = {"github": ("github-workflow.yml", Path(".github/workflows/iris-model.yml"))}

DOCKERFILE = "Dockerfile"
DOCKERIGNORE = """\
.git
.iris-model
.venv
**/__pycache__
"""


@dataclass(frozen=True)
class ScaffoldedProject:
    """A new project: its files, sorted, and what will serve the model and why (nothing for the iris example)."""

    directory: Path
    files: tuple[str, ...]
    executor: str = ""
    reason: str = ""


def scaffold_iris_project(directory: Path, *, ci: str | None = None) -> ScaffoldedProject:
    """Make the iris example in `directory`."""
    check_is_new(directory)
    with filling(directory):
        for source in sorted(IRIS_EXAMPLE.rglob("*")):
            path = source.relative_to(IRIS_EXAMPLE)
            if source.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in path.parts):
                (directory / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, directory / path)
        _write_docker_files(directory)
        _write_workflow(directory, ci)
    return ScaffoldedProject(directory, _list(directory))


def scaffold_model_project(
    directory: Path,
    model: Path,
    *,
    name: str | None = None,
    data: Path | None = None,
    trust: Sequence[str] = (),
    ci: str | None = None,
    on_step: OnStep = lambda step: None,
    choose: Choose = choose_remembered,
) -> ScaffoldedProject:
    """Make a project for the user's own model in `directory`; the model is opened, so that the rest fits it.

    Modules of trusted names come along from beside the model file, with what they import there.
    """
    check_is_new(directory)
    for path, what in ((model, "model"), (data, "data")):
        if path and not path.is_file():
            raise ProjectError(f"{path} is not a file: expected the {what} file", remedy="Correct the path.")
    values: dict[str, Any] = {"name": name or name_from(directory), "model": model.name, "memory": 128, "timeout": 3}
    if data:
        values["data"] = data.name
    if trust:
        values["trust"] = list(trust)
    modules = collect_trusted(model.parent, trust)
    if taken := sorted(modules.keys() & {"app.py", SETTINGS_FILE, DOCKERFILE}):
        raise ProjectError(
            f"{model.parent / taken[0]}, which trusted names need, would take the place of the project's own {taken[0]}",
            remedy="Rename the module, import it from there in the training script, train and save again.",
        )
    # The model is opened where it lies and before anything is written: a model that does not open leaves no trace.
    on_step(f"Opening {model}")
    settings_there = _settings_where_the_files_lie(model, data, values)
    executable = choose(settings_there)
    if executable.executor == "original":
        values |= {"memory": 512, "timeout": 30}
    settings = parse_settings(values, directory)

    on_step(f"Writing {directory}")
    texts = {
        SETTINGS_FILE: render_settings_file(values),
        "app.py": _render_app(Path(model.name).stem),
        REQUIREMENTS_FILE: _render_requirements(model, executable),
    }
    http_path = (f"/{settings.stage}" if settings.stage != "$default" else "") + settings.route
    events = build_events(
        [golden["row"] for golden in executable.golden], executable.signature["columns"], path=http_path
    )
    texts |= {f"events/{event_name}.json": encode_event(event) for event_name, event in events.items()}
    with filling(directory):
        for file in settings_there.model_files.values():
            shutil.copyfile(file, directory / file.name)
        if data:
            shutil.copyfile(data, directory / data.name)
        for path_name, file in modules.items():
            (directory / path_name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, directory / path_name)
        for path_name, text in texts.items():
            (directory / path_name).parent.mkdir(exist_ok=True)
            (directory / path_name).write_text(text, encoding="utf-8")
        _write_docker_files(directory)
        _write_workflow(directory, ci)
    return ScaffoldedProject(directory, _list(directory), executable.executor, executable.reason)


def check_is_new(directory: Path) -> None:
    """Refuse a directory that holds anything: `init` overwrites nothing."""
    if directory.is_dir() and any(directory.iterdir()):
        raise ProjectError(
            f"{directory} is not empty: expected a new or an empty directory, because init overwrites nothing",
            remedy="Name another directory.",
        )
    if directory.exists() and not directory.is_dir():
        raise ProjectError(f"{directory} is a file: expected a directory", remedy="Name another directory.")


def name_from(directory: Path) -> str:
    """Make a function name of a directory's name."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", directory.resolve().name).strip("-")[:64]
    return name or "model"


def _render_requirements(model: Path, executable: Executable) -> str:
    from iris_model.compiler import list_requirements

    return "\n".join([*list_requirements(model, executable.source, executable.signature), ""])


def _settings_where_the_files_lie(model: Path, data: Path | None, values: Mapping[str, Any]) -> ProjectSettings:
    """The settings of the project that is to be, with paths that hold before anything is copied."""
    settings = parse_settings({**values, "data": "set below"} if data else values, model.parent)
    # An absolute path, which the file itself would refuse: the data need not lie beside the model.
    return replace(settings, data=str(data.resolve()) if data else None)


def _render_app(stem: str) -> str:
    text = (IRIS_EXAMPLE / "app.py").read_text(encoding="utf-8")
    return text.replace(IRIS_MODEL_STEM, stem)


def _write_docker_files(directory: Path) -> None:
    shutil.copyfile(TEMPLATES / DOCKERFILE, directory / DOCKERFILE)
    (directory / ".dockerignore").write_text(DOCKERIGNORE, encoding="utf-8")
    write_wheel(directory)


def _write_workflow(directory: Path, ci: str | None) -> None:
    if ci is not None:
        source, target = WORKFLOWS[ci]
        (directory / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TEMPLATES / source, directory / target)


def _list(directory: Path) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()))
