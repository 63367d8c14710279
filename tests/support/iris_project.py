"""The iris example as a project to deploy: under another name, with other settings, with another model; and its image."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from dataclasses import replace
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from iris_model.project import package_project, read_settings
from tests.support.docker_engine import build
from tests.support.rie_binary import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "iris"
ENTRY_POINT = ["python3", "-S", "/var/task/iris_model/runtime/__main__.py"]


def other_model() -> DecisionTreeClassifier:
    """A model that knows the same flowers as a, b and c."""
    features, classes = load_iris(return_X_y=True)
    return DecisionTreeClassifier(random_state=0).fit(features, [("a", "b", "c")[index] for index in classes])


def wrong_model() -> DecisionTreeClassifier:
    """A model that answers with numbers."""
    return DecisionTreeClassifier(max_depth=1, random_state=0).fit(*load_iris(return_X_y=True))


def write_iris_project(
    directory: Path, name: str, model: object | None = None, *, settings: str = "", tables: str = ""
) -> Path:
    """Write the project; `settings` are keys that replace those of the example, `tables` follow at the end."""
    shutil.copytree(EXAMPLE, directory, ignore=shutil.ignore_patterns(".iris-model"))
    change_settings(directory, f'name = "{name}"\npython = "3.13"\n{settings}', tables)
    if model is not None:
        (directory / "iris_trained_model.pkl").write_bytes(pickle.dumps(model))
    return directory


def change_settings(project: Path, settings: str, tables: str = "") -> None:
    """Replace keys of iris-model.toml, or add them; append tables."""
    path = project / "iris-model.toml"
    text = path.read_text()
    for key in re.findall(r"(?m)^([\w-]+) *=", settings):
        text = re.sub(rf"(?m)^{key} *=.*\n", "", text)
    path.write_text(f"{settings}\n{text}{tables}")


def function_image(project: Path, base: str, tag: str) -> str:
    """An image of the project's function directory with the Python runtime, by a Dockerfile of three lines."""
    context = project / "context"
    settings = replace(read_settings(project), runtime="python")
    shutil.copytree(package_project(project, settings=settings).directory, context / "function")
    entry_point = json.dumps(ENTRY_POINT)
    (context / "Dockerfile").write_text(
        f'FROM {base}\nCOPY function /var/task\nWORKDIR /var/task\nENTRYPOINT {entry_point}\nCMD ["app.handler"]\n'
    )
    return build(f"iris-model-test/{tag}:latest", context)
