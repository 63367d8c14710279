"""Create new projects: the iris example, or one for a model file.

A project contains everything that `docker build` needs without other tools, so it contains this tool's wheel.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from packaging.utils import canonicalize_name

from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.errors import ProjectError
from iris_model.project.compilation.compilations import choose_remembered
from iris_model.project.configuration.reference import render_settings_file
from iris_model.project.configuration.settings import ProjectSettings, parse_settings
from iris_model.project.dependencies.needed_imports import find_needed_imports
from iris_model.project.dependencies.requirement_imports import lines_for
from iris_model.project.dependencies.requirements import REQUIREMENTS_FILE
from iris_model.project.disk import filling
from iris_model.project.events import build_events, encode_event
from iris_model.project.packaging.executors import Choose, Executable
from iris_model.project.packaging.package import OnStep
from iris_model.project.packaging.sources import OUR_FILES, collect_trusted
from iris_model.project.packaging.wheel import write_wheel

TEMPLATES = Path(__file__).parent / "templates"

# A copy of examples/iris, because only the package is installed. tests/project/test_scaffold.py compares them.
IRIS_EXAMPLE = TEMPLATES / "iris"
IRIS_MODEL_STEM = "iris_trained_model"

# CI service -> the template of its workflow, and its path in the project.
WORKFLOWS = {"github": ("github-workflow.yml", Path(".github/workflows/iris-model.yml"))}

# Memory in MB and timeout in seconds that a library needs to start. onnxruntime is imported ten times faster than
# scikit-learn.
MEMORY_AND_TIMEOUT = {"original": {"memory": 512, "timeout": 30}, "onnxruntime": {"memory": 512, "timeout": 10}}

# The Pythons of AWS's base images. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
AWS_PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
DEFAULT_BASE = "public.ecr.aws/lambda/python:3.13"

DOCKERFILE = "Dockerfile"
DOCKERIGNORE = """\
.git
.iris-model
.venv
**/__pycache__
"""


_PROJECT_FILES = frozenset({"app.py", SETTINGS_FILE, REQUIREMENTS_FILE, DOCKERFILE, ".dockerignore", *OUR_FILES})


@dataclass(frozen=True)
class ScaffoldedProject:
    """A new project: its files, sorted. `settings` and `executable` are None for the iris example, which is not opened."""

    directory: Path
    files: tuple[str, ...]
    settings: ProjectSettings | None = None
    executable: Executable | None = None

    @property
    def executor(self) -> str:
        """The executor; empty for the iris example."""
        return self.executable.executor if self.executable else ""

    @property
    def reason(self) -> str:
        """Why this executor; empty for the iris example."""
        return self.executable.reason if self.executable else ""


def scaffold_iris_project(directory: Path, *, ci: str | None = None) -> ScaffoldedProject:
    """Create the iris example in `directory`."""
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
    categories: Mapping[str, Sequence[Any]] = MappingProxyType({}),
    ci: str | None = None,
    on_step: OnStep = lambda step: None,
    choose: Choose = choose_remembered,
) -> ScaffoldedProject:
    """Create a project for a model file in `directory`. The model is opened to choose the settings.

    Modules of trusted names are copied from the directory of the model file, and so are the modules there that they
    import.
    """
    check_is_new(directory)
    if model.name in _PROJECT_FILES:
        raise ProjectError(
            f"{model} has the name of a file that `init` creates",
            remedy=f"Rename it. Reserved names: {', '.join(sorted(_PROJECT_FILES))}.",
        )
    for path, what in ((model, "model"), (data, "data")):
        if path and not path.is_file():
            raise ProjectError(f"{path} is not a file: expected the {what} file", remedy="Correct the path.")
    values: dict[str, Any] = {"name": name or name_from(directory), "model": model.name, "memory": 128, "timeout": 3}
    if data:
        values["data"] = data.name
    if categories:
        values["categories"] = {name: list(known) for name, known in categories.items()}
    if trust:
        values["trust"] = list(trust)
    modules = collect_trusted(model.parent, trust)
    if taken := sorted(modules.keys() & {"app.py", SETTINGS_FILE, DOCKERFILE}):
        raise ProjectError(
            f"the trusted names need {model.parent / taken[0]}, which would replace the project's own {taken[0]}",
            remedy="Rename the module, update the import in the training script, then train and save again.",
        )
    # The model is opened before anything is written: if it does not open, no file is created.
    on_step(f"Opening {model}")
    settings_there = _settings_where_the_files_lie(model, data, values)
    executable = choose(settings_there)
    base = choose_base(executable.executor)
    if base is not None:
        values["base-image"] = base
    if executable.executor != "compiled":
        values |= MEMORY_AND_TIMEOUT[executable.executor]
    settings = parse_settings(values, directory)

    on_step(f"Writing {directory}")
    texts = {
        SETTINGS_FILE: render_settings_file(values),
        "app.py": _render_app(Path(model.name).stem),
        REQUIREMENTS_FILE: _render_requirements(model, executable, modules),
    }
    http_path = (f"/{settings.stage}" if settings.stage != "$default" else "") + settings.route
    events = build_events(
        [golden["row"] for golden in executable.golden], executable.signature["columns"], path=http_path
    )
    texts |= {f"events/{event_name}.json": encode_event(event) for event_name, event in events.items()}
    with filling(directory):
        for file in settings_there.model_files.values():
            target = directory / file.relative_to(settings_there.model_path.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        if data:
            shutil.copyfile(data, directory / data.name)
        for path_name, file in modules.items():
            (directory / path_name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, directory / path_name)
        for path_name, text in texts.items():
            (directory / path_name).parent.mkdir(exist_ok=True)
            (directory / path_name).write_text(text, encoding="utf-8")
        _write_docker_files(directory, base)
        _write_workflow(directory, ci)
    return ScaffoldedProject(directory, _list(directory), settings, executable)


def choose_base(executor: str, version: tuple[int, int] = (sys.version_info[0], sys.version_info[1])) -> str | None:
    """Return AWS's base image with this version of Python, because bytecode runs only there; None for the default image.

    AWS's images before Python 3.12 are too old for the wheels of current libraries. Only compiled models get them.
    """
    if version not in AWS_PYTHONS or (version < (3, 12) and executor != "compiled"):
        return None
    base = f"public.ecr.aws/lambda/python:{version[0]}.{version[1]}"
    return None if base == DEFAULT_BASE else base


def check_is_new(directory: Path) -> None:
    """Refuse a directory that is not empty: `init` overwrites nothing."""
    if directory.is_dir() and any(directory.iterdir()):
        raise ProjectError(
            f"{directory} is not empty; `init` needs a new or an empty directory",
            remedy="Choose another directory.",
        )
    if directory.exists() and not directory.is_dir():
        raise ProjectError(f"{directory} is a file; expected a directory", remedy="Choose another directory.")


def name_from(directory: Path) -> str:
    """Return a function name from a directory's name."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", directory.resolve().name).strip("-")[:64]
    return name or "model"


def _render_requirements(model: Path, executable: Executable, modules: Mapping[str, Path]) -> str:
    """Return exact requirements: the model's library, its dependencies, and the imports of trusted modules."""
    from iris_model.compiler import list_requirements

    lines = list_requirements(model, executable.source, executable.signature)
    imports = find_needed_imports(modules)
    known = {canonicalize_name(line.partition("==")[0]) for line in lines}
    more = lines_for([*imports.at_import, *imports.when_called])
    lines += [line for line in more if canonicalize_name(line.partition("==")[0]) not in known]
    return "\n".join([*lines, ""])


def _settings_where_the_files_lie(model: Path, data: Path | None, values: Mapping[str, Any]) -> ProjectSettings:
    """Return the settings of the new project, with paths that are valid before files are copied."""
    settings = parse_settings({**values, "data": "set below"} if data else values, model.parent)
    # An absolute path, which is not allowed in the file: the data may be outside of the model's directory.
    return replace(settings, data=str(data.resolve()) if data else None)


def _render_app(stem: str) -> str:
    text = (IRIS_EXAMPLE / "app.py").read_text(encoding="utf-8")
    return text.replace(IRIS_MODEL_STEM, stem)


def _write_docker_files(directory: Path, base: str | None = None) -> None:
    text = (TEMPLATES / DOCKERFILE).read_text(encoding="utf-8")
    if base is not None:
        text = text.replace(f"ARG BASE_IMAGE={DEFAULT_BASE}", f"ARG BASE_IMAGE={base}")
    (directory / DOCKERFILE).write_text(text, encoding="utf-8", newline="\n")
    (directory / ".dockerignore").write_text(DOCKERIGNORE, encoding="utf-8")
    write_wheel(directory)


def _write_workflow(directory: Path, ci: str | None) -> None:
    if ci is not None:
        source, target = WORKFLOWS[ci]
        (directory / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TEMPLATES / source, directory / target)


def _list(directory: Path) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()))
