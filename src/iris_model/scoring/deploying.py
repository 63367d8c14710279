"""Deploy an estimator from a notebook: write a project, and run `iris-model deploy` in it."""

from __future__ import annotations

import csv
import json
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_model.compiler.data import Data, find_orders
from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.errors import DeploymentError, ProjectError, UnsupportedModel
from iris_model.readers import read_estimator
from iris_model.readers.xgboost.frame_columns import find_unstored

from .model import Model
from .sample import as_sample

if TYPE_CHECKING:
    from iris_model.readers.graph import Estimator

MODEL_FILE = "model.pkl"
DATA_FILE = "data.csv"
SOMETHING_TO_DO = 2
# The start of the command's error line.
ERROR = "error: "


def deploy(
    estimator: Estimator | str | Path,
    *,
    name: str,
    data: Any = None,
    directory: str | Path | None = None,
    stage: str | None = None,
    profile: str | None = None,
    region: str | None = None,
    plan: bool = False,
    trust: Sequence[str] = (),
) -> Mapping[str, Any]:
    """Deploy a fitted estimator, or a model file, as a function on AWS Lambda. Requires the extra `aws` and credentials.

    It writes a project and runs `iris-model deploy` in it. If the project exists, its model and data are replaced and
    everything else is kept.

    Args:
        estimator: the fitted estimator, or the path of its file.
        name: the name of the function.
        data: rows for verification, as for `compile`.
        directory: the directory of the project; the default is `name` in the current directory.
        stage: a stage of `iris-model.toml`.
        profile: a profile of the AWS configuration.
        region: the AWS region; the default is the one of the configuration.
        plan: change nothing, and return what would change.
        trust: names outside the known libraries that the model file may use.

    Returns:
        The JSON document of `iris-model deploy --json`.

    Raises:
        ProjectError: The directory is the project of another function, or has other settings.
        DeploymentError: The deployment failed; with the last lines of the command.
        IrisModelError: The model cannot be opened or served, as for `compile`.
    """
    project = write_project(estimator, name=name, data=data, directory=directory, trust=trust)
    command = [sys.executable, "-m", "iris_model.cli", "deploy", str(project), "--json"]
    for option, value in (("--stage", stage), ("--profile", profile), ("--region", region)):
        command += [option, value] if value is not None else []
    command += ["--plan"] if plan else []
    status, answer, said = run_command(command)
    if status not in ((0, SOMETHING_TO_DO) if plan else (0,)):
        problem, _, remedy = said.strip().removeprefix(ERROR).partition("\n")
        raise DeploymentError(
            problem or f"iris-model deploy ended with status {status}", remedy=remedy.removeprefix("hint: ")
        )
    found: Mapping[str, Any] = json.loads(answer)
    return found


def write_project(
    estimator: Estimator | str | Path,
    *,
    name: str,
    data: Any = None,
    directory: str | Path | None = None,
    trust: Sequence[str] = (),
) -> Path:
    """Write the project, or replace model and data of an existing one. Return its directory."""
    from iris_model.project.scaffold import scaffold_model_project

    if isinstance(estimator, Model):
        raise ProjectError(
            "a compiled model is given: expected the estimator, which the deployed answers are verified against",
            remedy="Pass the fitted estimator, or the path of its file.",
        )
    project = Path(directory) if directory is not None else Path(name)
    with tempfile.TemporaryDirectory(prefix="iris-model-") as scratch:
        model, rows = _write_files(estimator, data, Path(scratch))
        if not (project / SETTINGS_FILE).is_file():
            categories = _find_categories(estimator, data)
            scaffold_model_project(project, model, name=name, data=rows, trust=trust, categories=categories)
            return project
        _replace_files(project, name, model, rows)
    return project


def _find_categories(estimator: Any, data: Any) -> dict[str, list[Any]]:
    """Return the categories of a DataFrame that the estimator needs and does not store, in order: a CSV file loses them."""
    needed = find_unstored(estimator)
    known = getattr(as_sample(data), "categories", {}) if needed else {}
    return {name: list(known[name]) for name in needed if name in known}


def _write_files(estimator: Any, data: Any, scratch: Path) -> tuple[Path, Path | None]:
    if isinstance(estimator, (str, Path)):
        model = Path(estimator)
    else:
        model = scratch / MODEL_FILE
        model.write_bytes(pickle.dumps(estimator))
    if data is None or isinstance(data, (str, Path)):
        return model, None if data is None else Path(data)
    sample = as_sample(data)
    _check_missing(estimator, sample)
    rows = scratch / DATA_FILE
    with rows.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if isinstance(sample, Data):
            writer.writerow(sample.written)
            sample = sample.rows
        writer.writerows(["" if cell is None or cell != cell else cell for cell in row] for row in sample)
    return model, rows


def _check_missing(estimator: Any, sample: Any) -> None:
    """Refuse None in a DataFrame if the model treats it otherwise than NaN: an empty cell of a CSV file is NaN."""
    if isinstance(estimator, (str, Path)) or not isinstance(sample, Data) or set(sample.missing.values()) <= {"nan"}:
        return
    try:
        columns = read_estimator(estimator, sample.names).signature["columns"]
    except UnsupportedModel:
        return
    known = read_estimator(estimator, sample.names, find_orders(sample, {})).signature["columns"]
    for column, shown in zip(columns, known, strict=True):
        if column.get("missing_as") != shown.get("missing_as"):
            raise ProjectError(
                f"the missing cells of the column {column['name']!r} are None, which the model treats otherwise than NaN, "
                "and a project's CSV file cannot express it",
                remedy="Replace None by NaN in that column, and train the model again.",
            )


def _replace_files(project: Path, name: str, model: Path, rows: Path | None) -> None:
    from iris_model.project import read_settings

    settings = read_settings(project)
    if settings.name != name:
        raise ProjectError(
            f"{project} is the project of {settings.name!r}, not of {name!r}", remedy="Choose another directory."
        )
    if model.suffix != settings.model_path.suffix or (rows is not None and settings.data_path is None):
        raise ProjectError(
            f"{project} cannot be updated: its iris-model.toml has the model {settings.model} and "
            f"{'no data' if settings.data_path is None else f'the data {settings.data}'}, expected a model file "
            f"*{model.suffix}{'' if rows is None else ' and a data file'}",
            remedy="Change its iris-model.toml and run iris-model deploy there, or name another directory.",
        )
    shutil.copyfile(model, settings.model_path)
    if rows is not None and settings.data_path is not None:
        shutil.copyfile(rows, settings.data_path)


def run_command(command: Sequence[str]) -> tuple[int, str, str]:
    """Run a command and show its stderr. Return its status, its stdout and its last lines."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:
        process = subprocess.Popen(command, stdout=answer, stderr=subprocess.PIPE, text=True)
        said: list[str] = []
        assert process.stderr is not None, "it is a pipe"
        for line in process.stderr:
            if line.startswith(ERROR):
                said.clear()
            said.append(line)
            sys.stderr.write(line)
        status = process.wait()
        answer.seek(0)
        return status, answer.read(), "".join(said)
