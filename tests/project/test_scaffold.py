"""New projects: their files, and that nothing is ever overwritten."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import read_settings
from iris_model.project.packaging.package import package_project
from iris_model.project.packaging.wheel import WHEEL_NAME
from iris_model.project.scaffold import (
    IRIS_EXAMPLE,
    choose_base,
    name_from,
    scaffold_iris_project,
    scaffold_model_project,
)
from tests.support.projects import MODEL_BYTES, FakeChoice

ROOT = Path(__file__).parents[2]
IRIS = ROOT / "examples/iris"


def test_the_iris_project_is_the_example_and_what_docker_needs(tmp_path: Path):
    made = scaffold_iris_project(tmp_path / "new/iris")
    for name in ("app.py", "iris-model.toml", "events/setosa.json"):
        assert (made.directory / name).read_bytes() == (IRIS / name).read_bytes()
    assert {"Dockerfile", ".dockerignore", WHEEL_NAME} <= set(made.files)
    assert set(made.files) == {
        path.relative_to(made.directory).as_posix() for path in made.directory.rglob("*") if path.is_file()
    }


def test_the_example_of_the_package_is_examples_iris_to_the_byte():
    assert files_of(IRIS_EXAMPLE) == files_of(IRIS), f"copy examples/iris to {IRIS_EXAMPLE.relative_to(ROOT)} again"
    assert not IRIS_EXAMPLE.is_symlink(), "a checkout on Windows makes a text file of a link"


def files_of(directory: Path) -> dict[str, bytes]:
    """What `git` would list: no bytecode, and nothing hidden (the cache of a build)."""
    paths = {path.relative_to(directory): path for path in directory.rglob("*") if path.is_file()}
    return {
        relative.as_posix(): path.read_bytes()
        for relative, path in paths.items()
        if not any(part.startswith((".", "__pycache__")) for part in relative.parts)
    }


def test_a_project_for_a_model_of_the_user_can_be_packaged_as_it_is(tmp_path: Path):
    model = tmp_path / "churn.v2.pkl"
    model.write_bytes(MODEL_BYTES)
    made = scaffold_model_project(tmp_path / "My churn!", model, choose=FakeChoice())
    settings = read_settings(made.directory)
    assert (settings.name, settings.model) == ("My-churn", "churn.v2.pkl")
    assert (made.directory / "churn.v2.pkl").read_bytes() == MODEL_BYTES
    assert 'Model.load("churn.v2")' in (made.directory / "app.py").read_text()
    assert (made.directory / "requirements.txt").read_text().startswith("scikit-learn==1.9.1\nnumpy==")
    packaged = package_project(made.directory, choose=FakeChoice())
    assert (packaged.directory / "churn.v2.safetensors").exists()


def test_the_events_are_rows_that_the_model_answered(tmp_path: Path):
    model = tmp_path / "m.pkl"
    model.write_bytes(MODEL_BYTES)
    made = scaffold_model_project(tmp_path / "p", model, choose=FakeChoice())
    events = {path.stem: json.loads(path.read_text()) for path in (made.directory / "events").iterdir()}
    assert events["one-row"] == [1.0]
    assert events["named-row"] == {"a": 1.0}
    assert json.loads(base64.b64decode(events["console-base64"]["body"])) == [1.0]
    assert json.loads(events["http-api"]["body"]) == [1.0]
    assert events["http-api"]["rawPath"] == "/default/p"
    assert len(events["bad-count"]) == 2


def test_data_and_trusted_names_are_kept_in_the_settings(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes(MODEL_BYTES)
    (tmp_path / "rows.csv").write_text("1")
    made = scaffold_model_project(
        tmp_path / "p", tmp_path / "m.pkl", data=tmp_path / "rows.csv", trust=["a.B"], choose=FakeChoice()
    )
    settings = read_settings(made.directory)
    assert (settings.data, settings.trust) == ("rows.csv", ("a.B",))
    assert (made.directory / "rows.csv").exists()


def test_modules_of_trusted_names_come_along_with_what_they_import(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes(MODEL_BYTES)
    (tmp_path / "steps.py").write_text("from tables.units import CM\nimport numpy\n")
    (tmp_path / "tables").mkdir()
    for name in ("__init__.py", "units.py"):
        (tmp_path / "tables" / name).write_text("CM = 2.54\n")
    (tmp_path / "train.py").write_text("import steps\n")
    made = scaffold_model_project(
        tmp_path / "p", tmp_path / "m.pkl", trust=["steps.Square"], choose=FakeChoice("original")
    )
    assert {"steps.py", "tables/__init__.py", "tables/units.py"} <= set(made.files)
    assert "train.py" not in made.files
    packaged = package_project(made.directory, choose=FakeChoice("original"))
    assert (packaged.directory / "tables/units.py").read_text() == "CM = 2.54\n"


def test_a_module_that_would_take_the_place_of_the_handler(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes(MODEL_BYTES)
    (tmp_path / "app.py").write_text("class Square: ...\n")
    with pytest.raises(ProjectError, match=r"app\.py, which would replace the project's own app\.py"):
        scaffold_model_project(tmp_path / "p", tmp_path / "m.pkl", trust=["app.Square"], choose=FakeChoice("original"))
    assert not (tmp_path / "p").exists()


def test_a_model_that_needs_its_library_gets_space_for_it(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes(MODEL_BYTES)
    made = scaffold_model_project(tmp_path / "p", tmp_path / "m.pkl", choose=FakeChoice("original"))
    assert read_settings(made.directory).memory == 512


def test_nothing_is_overwritten(tmp_path: Path):
    (tmp_path / "app.py").write_text("mine")
    with pytest.raises(ProjectError, match="is not empty"):
        scaffold_iris_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_a_file_is_no_directory(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="is a file"):
        scaffold_iris_project(tmp_path / "file")


def test_a_model_that_is_not_there_leaves_no_trace(tmp_path: Path):
    with pytest.raises(ProjectError, match=r"gone\.pkl is not a file: expected the model file"):
        scaffold_model_project(tmp_path / "p", tmp_path / "gone.pkl")
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(("directory", "name"), [("iris", "iris"), ("Ümläut 7", "ml-ut-7"), ("...", "model")])
def test_a_function_name_is_made_of_the_directory(tmp_path: Path, directory: str, name: str):
    assert name_from(tmp_path / directory) == name


def test_the_http_event_of_the_example_has_the_documented_keys():
    """The keys of a POST without query, cookies and path parameters, as AWS documents payload format 2.0."""
    event = json.loads((IRIS / "events/http-api.json").read_text())
    assert set(event) == {
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "requestContext",
        "body",
        "isBase64Encoded",
    }
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/default/iris-prediction"
    assert int(event["headers"]["content-length"]) == len(event["body"])


def test_the_base_image_has_this_python() -> None:
    assert choose_base("compiled", (3, 13)) is None, "the default"
    assert choose_base("compiled", (3, 11)) == "public.ecr.aws/lambda/python:3.11"
    assert choose_base("original", (3, 11)) is None, "its system is too old for current wheels"
    assert choose_base("original", (3, 12)) == "public.ecr.aws/lambda/python:3.12"
    assert choose_base("compiled", (3, 99)) is None
