"""Whether the C kernels are packaged into a function, and how a served forest uses them."""

from __future__ import annotations

import json
import pickle
import platform
from pathlib import Path

import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

from iris_model.contract.architecture import Architecture
from iris_model.errors import ProjectError
from iris_model.local import FunctionSettings
from iris_model.project.configuration.settings import ProjectSettings, read_settings
from iris_model.project.packaging.kernels import choose_kernels, find_built_kernels
from iris_model.project.packaging.package import PackagedFunction, package_project
from tests.support.local_service import running
from tests.support.projects import SETTINGS, FakeChoice, write_project

built = pytest.mark.skipif(find_built_kernels() is None, reason="the kernels were not built (no C compiler)")
HERE = Architecture.named(platform.machine()) or platform.machine()
ELSEWHERE = "arm64" if HERE == "x86_64" else "x86_64"
LARGE = 1 << 20

# Says in each answer whether the kernels were found, and where.
APP = """
import sys
from iris_model.runtime import Model

model = Model.load("model")


def handler(event, context):
    if event == "kernels":
        found = sys.modules.get("iris_model.engine._kernels")
        return found and found.__file__
    return model.answer(event)
"""


def settings_of(directory: Path, kernels: str, **more: str) -> ProjectSettings:
    lines = "".join(
        f'{name} = "{value}"\n' for name, value in {"kernels": kernels, "architecture": HERE, **more}.items()
    )
    return read_settings(write_project(directory, settings=SETTINGS + lines))


@built
@pytest.mark.parametrize(
    ("kernels", "modules", "size", "travel"),
    [
        ("auto", ("trees", "labels"), LARGE, True),
        ("auto", ("neighbors", "votes"), LARGE, True),
        ("auto", None, LARGE, True),
        ("auto", ("trees", "labels"), 20_000, False),
        ("auto", ("linear", "links"), LARGE, False),
        ("always", ("linear", "links"), 100, True),
        ("never", ("trees", "labels"), LARGE, False),
    ],
)
def test_kernels_are_packaged_if_useful_or_requested(
    kernels: str, modules: tuple[str, ...] | None, size: int, travel: bool, tmp_path: Path
) -> None:
    chosen, reason = choose_kernels(settings_of(tmp_path, kernels), "compiled", modules, size, "3.13")
    assert (chosen is not None, reason) == (travel, "")


@built
@pytest.mark.parametrize(
    ("more", "executor", "python", "reason"),
    [
        ({"architecture": ELSEWHERE}, "compiled", "3.13", f"are for {HERE}, and the function runs on {ELSEWHERE}"),
        ({}, "compiled", "3.10", "are for Python 3.11 and later, and the function runs on 3.10"),
    ],
)
def test_a_function_that_they_do_not_fit(
    more: dict[str, str], executor: str, python: str, reason: str, tmp_path: Path
) -> None:
    chosen, said = choose_kernels(settings_of(tmp_path, "auto", **more), executor, ("trees",), LARGE, python)
    assert chosen is None and reason in said
    with pytest.raises(ProjectError, match=r'kernels = "always" in iris-model\.toml') as caught:
        choose_kernels(settings_of(tmp_path, "always", **more), executor, ("trees",), LARGE, python)
    assert reason in str(caught.value)


def test_another_executor_has_no_use_for_them(tmp_path: Path) -> None:
    assert choose_kernels(settings_of(tmp_path, "auto"), "original", (), 0, "3.13") == (None, "")
    with pytest.raises(ProjectError, match="the executor original does not use"):
        choose_kernels(settings_of(tmp_path, "always"), "original", (), 0, "3.13")


def test_a_value_that_is_none_of_the_three_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match='kernels = "yes": expected one of "auto", "always", "never"'):
        settings_of(tmp_path, "yes")


def test_a_large_model_without_kernels_gets_a_note(tmp_path: Path) -> None:
    write_project(tmp_path, settings=f'{SETTINGS}kernels = "auto"\narchitecture = "{ELSEWHERE}"\n')
    (tmp_path / "model.pkl").write_bytes(bytes(LARGE))
    choice = FakeChoice()
    found = package_project(tmp_path, choose=lambda settings: _with_trees(choice, settings))
    assert any(note.startswith("pure Python is used, which is slower for batches") for note in found.notes)


def _with_trees(choice: FakeChoice, settings: ProjectSettings) -> object:
    from dataclasses import replace

    return replace(choice(settings), operator_modules=("trees",))


@pytest.fixture(scope="module")
def forest() -> tuple[RandomForestClassifier, list[list[float]]]:
    features, labels = make_classification(1500, 8, n_informative=6, flip_y=0.2, random_state=0)
    return RandomForestClassifier(40, random_state=0).fit(features, labels), features[:300].tolist()


def package_forest(directory: Path, forest: RandomForestClassifier, kernels: str) -> PackagedFunction:
    settings = f'{SETTINGS}kernels = "{kernels}"\narchitecture = "{HERE}"\n'
    files: dict[str, str | bytes] = {"app.py": APP, "model.pkl": pickle.dumps(forest)}
    return package_project(write_project(directory, files, settings=settings))


@built
def test_a_served_forest_finds_them_in_its_own_directory(
    forest: tuple[RandomForestClassifier, list[list[float]]], tmp_path: Path
) -> None:
    """One row in Python at the cold start, then by the kernels: always what the original answers."""
    estimator, rows = forest
    packaged = package_forest(tmp_path, estimator, "auto")
    again = package_forest(tmp_path / "again", estimator, "auto")
    digests = [json.loads((each.directory / "function.json").read_text())["files"] for each in (packaged, again)]
    assert digests[0] == digests[1]
    file = packaged.directory / "iris_model" / "engine" / "_kernels.abi3.so"
    assert file.is_file()
    right = estimator.predict_proba(rows).tolist()
    function = FunctionSettings(name="small", directory=packaged.directory, handler="app.handler")
    with running(function) as service:
        for index, kernels in ((0, None), (1, str(file)), (2, str(file))):
            answer = service.invoke(rows[index], name="small").json()
            assert list(answer["probabilities"].values()) == right[index]
            assert service.invoke("kernels", name="small").json() == kernels
        answers = service.invoke(rows, name="small").json()["predictions"]
        assert [list(answer["probabilities"].values()) for answer in answers] == right


@built
def test_without_them_and_with_a_broken_file_python_answers(
    forest: tuple[RandomForestClassifier, list[list[float]]], tmp_path: Path
) -> None:
    estimator, rows = forest
    right = estimator.predict_proba(rows).tolist()
    without = package_forest(tmp_path / "without", estimator, "never").directory
    assert not list(without.rglob("*.so"))
    broken = package_forest(tmp_path / "broken", estimator, "always").directory
    (broken / "iris_model" / "engine" / "_kernels.abi3.so").write_bytes(b"\x7fELF is all that is right here")
    for directory in (without, broken):
        with running(FunctionSettings(name="small", directory=directory, handler="app.handler")) as service:
            answers = service.invoke(rows, name="small").json()["predictions"]
            assert [list(answer["probabilities"].values()) for answer in answers] == right
            assert service.invoke("kernels", name="small").json() is None
