"""Send the requests of the reference pages to the local service, once for all pages.

In: the questions. Out: the answers of a real service. It serves two functions, packaged as users do it: the iris model, and
nearest neighbors by brute force, the only model with the problem `undecided`.
"""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sklearn.neighbors import KNeighborsClassifier

from iris_model.local import read_function_directory
from iris_model.project import package_project
from iris_model.project.openapi import build_openapi
from tests.docs.questions import CSV, DESCRIPTIONS, FORMS, IRIS, PROBLEMS, Question
from tests.support.local_service import Reply, running

HANDLER = """\
from iris_model.runtime import Model

model = Model.load("nearest")


def handler(event, context):
    return model.answer(event)
"""
NEAREST = 'name = "nearest"\nmodel = "nearest.pkl"\n'
ROUTES = 'more-routes = ["GET /v2", "GET /v2/{path+}", "PUT /iris-prediction"]\n'


@dataclass(frozen=True)
class Asked:
    """The answers by question, and the OpenAPI document of the iris function."""

    replies: Mapping[Question, Reply]
    openapi: Mapping[str, Any]
    direct: Reply
    """What the Invoke API says of the first row that does not fit."""


@cache
def ask_all() -> Asked:
    """Package, serve, ask."""
    questions = [form.question for form in FORMS] + list(CSV) + [question for _, question in DESCRIPTIONS]
    questions += [question for _, _, provoking in PROBLEMS.values() for question in provoking]
    with tempfile.TemporaryDirectory() as folder:
        directories = [_package(make(Path(folder))) for make in (_make_iris, _make_nearest)]
        openapi = _describe(directories[0])
        with running([read_function_directory(directory) for directory in directories]) as service:
            replies = {each: service.request(each.method, each.path, each.body, each.headers) for each in questions}
            direct = service.invoke([5.1, 3.5, 1.4], name="iris-prediction")
    return Asked(replies, openapi, direct)


def _make_iris(folder: Path) -> Path:
    project = Path(shutil.copytree(IRIS, folder / "iris", ignore=shutil.ignore_patterns(".iris-model", "__pycache__")))
    settings = project / "iris-model.toml"
    text = settings.read_text(encoding="utf-8")
    # A busy machine must not answer 500 instead of the function.
    assert "timeout = 3" in text
    settings.write_text(ROUTES + text.replace("timeout = 3", "timeout = 60"), encoding="utf-8")
    return project


def _make_nearest(folder: Path) -> Path:
    project = folder / "nearest"
    project.mkdir()
    corners = [[0.1, 0.2], [0.7, 0.2], [0.1, 0.9], [0.7, 0.95]]
    model = KNeighborsClassifier(1, algorithm="brute").fit(corners, ["a", "b", "c", "d"])
    (project / "nearest.pkl").write_bytes(pickle.dumps(model))
    (project / "iris-model.toml").write_text(NEAREST, encoding="utf-8")
    (project / "app.py").write_text(HANDLER, encoding="utf-8")
    return project


def _package(project: Path) -> Path:
    return Path(package_project(project).directory)


def _describe(directory: Path) -> dict[str, Any]:
    """As `iris-model openapi examples/iris` has it."""
    from iris_model.engine import load

    function = json.loads((directory / "function.json").read_bytes())
    function["http"].pop("more_routes", None)
    model = load(str(directory / function["model"]))
    row = json.loads((directory / "golden.json").read_bytes())[0]["row"]
    return build_openapi(function, model.signature, version=model.source["sha256"][:12], example_row=row)
