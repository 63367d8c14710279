"""Accept a model file in place of a project: create a temporary project, as `init` does."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_model.cli.verbosity import echo_note
from iris_model.errors import IrisModelError, ModelFileError, ProjectError, UntrustedModel
from iris_model.project import SETTINGS_FILE
from iris_model.project.configuration.settings import MLFLOW_DESCRIPTION

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep

_ONLY_INIT_HAS = ("--data", "--trust")


def is_bare_model(path: Path) -> bool:
    """Return whether `path` is a model file or an MLflow model directory, and not a project."""
    return path.is_file() or ((path / MLFLOW_DESCRIPTION).is_file() and not (path / SETTINGS_FILE).exists())


def find_model_file(path: Path) -> Path:
    """Return the file, or the model file of an MLflow model directory. Raises ModelFileError if the directory has none."""
    if not path.is_dir():
        return path
    from iris_model.readers.opening.mlflow import find_model

    return find_model(path).path


def as_project(path: Path, on_step: OnStep) -> Path:
    """Return `path` if it is a directory of a project or function; else create a temporary project for the model file.

    The temporary project is removed when the command ends. Raises the errors of `init`.
    """
    if not is_bare_model(path):
        return path
    from iris_model.project.scaffold import name_from, scaffold_model_project

    scratch = click.get_current_context().with_resource(tempfile.TemporaryDirectory(prefix="iris-model-"))
    Path(scratch).chmod(0o755)  # with --strict, the function runs as another user, who must be able to read it
    named = path.resolve()
    project = Path(scratch) / name_from(named.with_suffix("") if path.is_file() else named)
    keep = f"iris-model init {project.name} --model {shlex.quote(str(path))}"
    try:
        made = scaffold_model_project(project, find_model_file(path), name=project.name, on_step=on_step)
    except IrisModelError as error:
        is_no_model = isinstance(error, ModelFileError) and not isinstance(error, UntrustedModel)
        if is_no_model or not any(option in error.remedy for option in _ONLY_INIT_HAS):
            raise
        first = f"{error.remedy.removesuffix('.')}."
        raise ProjectError(
            error.problem,
            remedy=f"{first} This command does not have these options. Create a project with them: `{keep}`.",
        ) from None
    echo_note(f"{path} runs in a temporary project, with the executor {made.executor}. To keep a project, run: {keep}")
    return project
