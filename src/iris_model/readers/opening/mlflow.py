"""Read an MLflow model directory: which file is the model, and the names of its columns.

`MLmodel` is simple YAML: nested mappings of plain and quoted values. This module reads only that form, without MLflow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from iris_model.errors import ModelFileError
from iris_model.readers.foreign_formats import find_foreign_directory

DESCRIPTION = "MLmodel"
PROJECT_SETTINGS = "iris-model.toml"

# Flavor -> the key with the name of its file, and the default name.
FLAVORS = {
    "sklearn": ("pickled_model", "model.pkl"),
    "xgboost": ("data", "model.ubj"),
    "lightgbm": ("data", "model.lgb"),
}


@dataclass(frozen=True)
class MlflowModel:
    """The model file of a directory, and the names of the columns if the directory has them."""

    path: Path
    names: tuple[str, ...] | None


def find_model(directory: Path) -> MlflowModel:
    """Find the model in an MLflow model directory. Raises ModelFileError, also for an unsupported flavor."""
    description = directory / DESCRIPTION
    try:
        said = read_mapping(description.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        if foreign := find_foreign_directory(directory):
            raise ModelFileError(f"{directory} is {foreign[0]}", remedy=foreign[1]) from None
        if (directory / PROJECT_SETTINGS).is_file():
            raise ModelFileError(
                f"{directory} is a project; expected its model file",
                remedy=f"Pass the file that `model` names in {directory / PROJECT_SETTINGS}; "
                f"`iris-model package {quote(str(directory))}` compiles and verifies that of the project.",
            ) from None
        raise ModelFileError(
            f"{directory} is a directory without a file {DESCRIPTION}; expected a model file or an MLflow model directory",
            remedy="Pass the file that training wrote, or the directory that mlflow.sklearn.save_model wrote.",
        ) from None
    flavors = said.get("flavors")
    flavors = flavors if isinstance(flavors, dict) else {}
    for flavor, (key, usual) in FLAVORS.items():
        found = flavors.get(flavor)
        if isinstance(found, dict):
            path = (directory / str(found.get(key) or usual)).resolve()
            if not path.is_relative_to(directory.resolve()):
                raise ModelFileError(
                    f"{description} names {path}, which is outside its directory",
                    remedy="Save the model again, with its file inside the directory.",
                )
            return MlflowModel(path, _names(said.get("signature")))
    raise ModelFileError(
        f"{description} has the flavors {', '.join(flavors) or 'none'}; expected one of {', '.join(FLAVORS)}",
        remedy="Save the estimator itself: mlflow.sklearn.save_model(estimator, path)",
    )


def find_names(path: Path) -> tuple[str, ...] | None:
    """Return the column names from a description next to a model file, if it describes that file."""
    if not path.with_name(DESCRIPTION).is_file():
        return None
    try:
        found = find_model(path.parent)
    except ModelFileError:
        return None
    return found.names if found.path == path.resolve() else None


def find_types(path: Path) -> dict[str, str]:
    """Return MLflow's type of each column by name, from the model directory or the description next to a model file."""
    directory = path if path.is_dir() else path.parent
    try:
        said = read_mapping((directory / DESCRIPTION).read_text(encoding="utf-8")).get("signature")
        columns = json.loads(said["inputs"]) if isinstance(said, dict) else []
        return {str(column["name"]): str(column["type"]) for column in columns if isinstance(column["type"], str)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _names(signature: object) -> tuple[str, ...] | None:
    """Return the column names, or None: a signature without names describes one tensor."""
    if not isinstance(signature, dict) or not isinstance(signature.get("inputs"), str):
        return None
    try:
        columns = json.loads(signature["inputs"])
        names = tuple(column["name"] for column in columns)
    except (ValueError, KeyError, TypeError):
        return None
    return names if names and all(isinstance(name, str) for name in names) else None


def read_mapping(text: str) -> dict[str, Any]:
    """Read nested mappings of strings. Other YAML, such as lists, is skipped."""
    root: dict[str, Any] = {}
    open_mappings: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    lines = text.splitlines()
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        key, colon, value = line.strip().partition(":")
        if not colon or key.startswith(("#", "-")):
            continue
        value = value.strip()
        # A long quoted value continues on the next lines.
        while value[:1] in ("'", '"') and not _is_closed(value) and position < len(lines):
            value += " " + lines[position].strip()
            position += 1
        indent = len(line) - len(line.lstrip())
        while open_mappings[-1][0] >= indent:
            open_mappings.pop()
        if value:
            open_mappings[-1][1][key] = _unquote(value)
        else:
            inner: dict[str, Any] = {}
            open_mappings[-1][1][key] = inner
            open_mappings.append((indent, inner))
    return root


def _is_closed(value: str) -> bool:
    quote = value[0]
    inside = value[1:].replace("\\\\", "").replace('\\"', "") if quote == '"' else value[1:].replace("''", "")
    return quote in inside


def _unquote(value: str) -> str:
    if value[:1] == "'":
        return value[1:-1].replace("''", "'")
    if value[:1] == '"':
        return value[1:-1].replace('\\"', '"')
    return value
