"""An MLflow model directory: which file in it is the model, and how its columns are called.

`MLmodel` is YAML as MLflow writes it: nested mappings of plain and quoted values. That much is read here; MLflow itself is
not needed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.errors import ModelFileError

DESCRIPTION = "MLmodel"

# Flavor -> the key that names its file, and what it is called if the key is not there.
FLAVORS = {
    "sklearn": ("pickled_model", "model.pkl"),
    "xgboost": ("data", "model.ubj"),
    "lightgbm": ("data", "model.lgb"),
}


@dataclass(frozen=True)
class MlflowModel:
    """The model file of a directory, and the names of the columns if the directory says them."""

    path: Path
    names: tuple[str, ...] | None


def find_model(directory: Path) -> MlflowModel:
    """Find the model in an MLflow model directory; ModelFileError if it is none, or of a flavor that is not read."""
    description = directory / DESCRIPTION
    try:
        said = read_mapping(description.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ModelFileError(
            f"{directory} is a directory without a file {DESCRIPTION}; expected a model file or an MLflow model directory",
            remedy="Name the file that training wrote, or the directory that mlflow.sklearn.save_model wrote.",
        ) from None
    flavors = said.get("flavors")
    flavors = flavors if isinstance(flavors, dict) else {}
    for flavor, (key, usual) in FLAVORS.items():
        found = flavors.get(flavor)
        if isinstance(found, dict):
            path = (directory / str(found.get(key) or usual)).resolve()
            if not path.is_relative_to(directory.resolve()):
                raise ModelFileError(
                    f"{description} names {path}, which lies outside its directory", remedy="Save the model again."
                )
            return MlflowModel(path, _names(said.get("signature")))
    raise ModelFileError(
        f"{description} has the flavors {', '.join(flavors) or 'none'}; expected one of {', '.join(FLAVORS)}",
        remedy="Save the estimator itself: mlflow.sklearn.save_model(estimator, path)",
    )


def find_names(path: Path) -> tuple[str, ...] | None:
    """The names of the columns that a description beside a model file says, if it is the description of that file."""
    if not path.with_name(DESCRIPTION).is_file():
        return None
    try:
        found = find_model(path.parent)
    except ModelFileError:
        return None
    return found.names if found.path == path.resolve() else None


def _names(signature: object) -> tuple[str, ...] | None:
    """The column names; a signature without names describes one tensor."""
    if not isinstance(signature, dict) or not isinstance(signature.get("inputs"), str):
        return None
    try:
        columns = json.loads(signature["inputs"])
        names = tuple(column["name"] for column in columns)
    except (ValueError, KeyError, TypeError):
        return None
    return names if names and all(isinstance(name, str) for name in names) else None


def read_mapping(text: str) -> dict[str, Any]:
    """Read nested mappings of texts. What is more than that, lists say, is left out."""
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
        # A long quoted text goes on in the next lines.
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
