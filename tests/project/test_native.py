"""When a function gets the native runtime, and the reason when it does not."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from iris_model.contract.architecture import Architecture
from iris_model.errors import ProjectError
from iris_model.project import package_project
from iris_model.project.caching.surroundings import tool_files
from iris_model.project.packaging.interpreters import RUNNING_PYTHON
from iris_model.project.packaging.kernels import find_built_kernels
from iris_model.project.packaging.native import NotNative, find_bootstrap, read_handler
from tests.support.iris_project import EXAMPLE, change_settings, write_iris_project
from tests.support.spread import spread

STOCK = (EXAMPLE / "app.py").read_text()
NATIVE = 'runtime = "native"\n'


@pytest.fixture(scope="module")
def large_forest() -> object:
    """A model that is large enough for the kernels."""
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(150, random_state=0).fit(*load_iris(return_X_y=True))


needs_executable = pytest.mark.skipif(
    find_bootstrap("x86_64") is None and find_bootstrap("arm64") is None,
    reason="this installation has no native runtime: there was no C compiler",
)


def read(tmp_path: Path, text: str, handler: str = "app.handler", model: str = "iris_trained_model.safetensors"):
    (tmp_path / "app.py").write_text(text)
    return read_handler(handler, model, {"app.py": tmp_path / "app.py"})


def test_the_handler_that_init_writes_is_recognized(tmp_path: Path):
    description = read(tmp_path, STOCK)
    lines = STOCK.splitlines()
    assert lines[description["load_line"] - 1].strip() == description["load_text"]
    assert lines[description["answer_line"] - 1].strip() == description["answer_text"]
    assert "model.answer(event)" in description["answer_text"]


@pytest.mark.parametrize(
    "text",
    [
        STOCK.replace("model", "m").replace("iris_m.runtime", "iris_model.runtime").replace("iris_trained_m", "iris_trained_model"),  # noqa: E501
        '"""A docstring."""\n' + STOCK.replace("):\n", '):\n    """Another."""\n'),
        STOCK.replace("event, context", "e: object, c: object").replace("answer(event)", "answer(e)"),
        STOCK.replace('"iris_trained_model"', '"iris_trained_model.safetensors"'),
    ],
    ids=["names", "docstrings", "annotations", "suffix"],
)  # fmt: skip
def test_names_comments_and_docstrings_do_not_matter(tmp_path: Path, text: str):
    assert read(tmp_path, text)["name"] == "handler"


@pytest.mark.parametrize(
    "text",
    [
        STOCK + "\nprint(1)\n",
        STOCK.replace("return model.answer(event)", "return model.answer(context)"),
        STOCK.replace("return model.answer(event)", "print(event)\n    return model.answer(event)"),
        STOCK.replace("return model.answer(event)", "return model.predict(event)"),
        STOCK.replace("def handler", "async def handler"),
        STOCK.replace("event, context", "event, context=None"),
        STOCK.replace("event, context", "event, *context"),
        STOCK.replace("event, context", "model, context").replace("answer(event)", "answer(model)"),
        STOCK.replace("def handler", "@print\ndef handler"),
        STOCK.replace("from iris_model.runtime import Model", "from other import Model"),
        STOCK.replace("from iris_model.runtime import Model", "from iris_model.runtime import Model as M"),
        "import os\n" + STOCK,
        STOCK.replace('"iris_trained_model"', '"other"'),
        STOCK.replace('Model.load("iris_trained_model")', 'Model.load(name="iris_trained_model")'),
        "",
        "def handler(",
    ],
)  # fmt: skip
def test_any_other_handler_is_refused(tmp_path: Path, text: str):
    with pytest.raises(NotNative):
        read(tmp_path, text)


@needs_executable
def test_a_native_function_has_no_python_in_it(tmp_path: Path):
    project = write_iris_project(tmp_path / "project", "flowers", settings=NATIVE)
    packaged = package_project(project)
    names = {path.name for path in packaged.directory.iterdir()}
    assert names == {
        "app.py", "bootstrap", "function.json", "golden.json", "iris_model", "iris_trained_model.safetensors", "native.json",
    }  # fmt: skip
    # What starts Python here starts the executable.
    assert {path.relative_to(packaged.directory).as_posix() for path in (packaged.directory / "iris_model").rglob("*.*")} == {
        "iris_model/__init__.py", "iris_model/runtime/__init__.py", "iris_model/runtime/__main__.py",
    }  # fmt: skip
    assert (packaged.directory / "bootstrap").stat().st_mode & 0o777 == 0o755
    described = json.loads((packaged.directory / "function.json").read_text())
    assert described["runtime"] == "native"
    assert "bootstrap" in described["files"]
    assert package_project(project).unchanged


@needs_executable
@pytest.mark.parametrize(
    ("settings", "tables", "reason"),
    spread(
        [
            ('executor = "original"\n', "", "the executor is original"),
            ("", "[capture]\nrate = 0.5\n", r"\[capture\] is set"),
            ("snapstart = true\n", "", "snapstart is set"),
            (
                "answer-labels = true\n",
                '[labels]\nsetosa = "a"\nversicolor = "b"\nvirginica = "c"\n',
                "answer-labels is set",
            ),
            ("", '[events.warehouse]\nsource = "redshift"\n', r"\[events\] or \[batch\] is set"),
        ],
        2,
        unpack=True,
    ),
)
def test_a_setting_that_needs_python_is_named(tmp_path: Path, settings: str, tables: str, reason: str):
    project = write_iris_project(tmp_path / "project", "flowers", settings=NATIVE + settings, tables=tables)
    with pytest.raises(ProjectError, match=reason) as caught:
        package_project(project)
    assert 'runtime = "python"' in str(caught.value.remedy)


@needs_executable
def test_an_operator_that_the_executable_does_not_have_is_named(tmp_path: Path):
    from sklearn.datasets import load_iris
    from sklearn.kernel_approximation import SkewedChi2Sampler
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    # Its cosines are those of the C library, so this operator stays in Python.
    model = make_pipeline(SkewedChi2Sampler(random_state=0), LogisticRegression()).fit(*load_iris(return_X_y=True))
    project = write_iris_project(tmp_path / "project", "flowers", model, settings=NATIVE)
    words = "operator 'skewed_chi_squared_features', which the native runtime does not have"
    with pytest.raises(ProjectError, match=words):
        package_project(project)


@needs_executable
def test_a_column_that_a_row_may_leave_out_is_named(tmp_path: Path):
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rows = [{"legs": 4, "tail": 1}, {"legs": 2}] * 10
    model = make_pipeline(DictVectorizer(), LogisticRegression()).fit(rows, ["cat", "man"] * 10)
    project = write_iris_project(tmp_path / "project", "animals", model, settings=NATIVE)
    with pytest.raises(ProjectError, match="a row may leave out column 'legs'"):
        package_project(project)


@needs_executable
def test_a_step_of_the_users_own_needs_python(tmp_path: Path):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from tests.parity.own_step_examples import add_ratio

    model = make_pipeline(add_ratio(), LogisticRegression(max_iter=500)).fit(*load_iris(return_X_y=True))
    settings = f'{NATIVE}trust = ["tests.parity.own_step_examples"]\n'
    project = write_iris_project(tmp_path / "project", "flowers", model, settings=settings)
    with pytest.raises(ProjectError, match="a step of your own"):
        package_project(project)


@needs_executable
def test_families_of_estimators_are_in_the_executable(tmp_path: Path):
    """`package` compares the answers to the golden rows with those of the Python runtime."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier, VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    members = [("forest", RandomForestClassifier(5)), ("linear", LogisticRegression(max_iter=1000))]
    for number, model in enumerate(
        [SVC(), VotingClassifier(members), CalibratedClassifierCV(LogisticRegression(max_iter=1000))]
    ):
        fitted = model.fit(*load_iris(return_X_y=True))
        project = write_iris_project(tmp_path / str(number), "flowers", fitted, settings=NATIVE)
        assert (package_project(project).directory / "bootstrap").is_file()


def test_another_handler_is_named(tmp_path: Path):
    project = write_iris_project(tmp_path / "project", "flowers", settings=NATIVE)
    (project / "app.py").write_text(STOCK + "\nprint(1)\n")
    with pytest.raises(ProjectError, match=r"app\.py is not the handler that init writes"):
        package_project(project)


@needs_executable
def test_an_unchanged_project_with_the_python_of_this_process_is_not_written_again(tmp_path: Path):
    """This Python would compile the bytecode. A native function has none, and still has a stamp."""
    project = write_iris_project(tmp_path / "project", "flowers")
    change_settings(project, f'python = "{RUNNING_PYTHON}"\n')
    assert not package_project(project).unchanged
    again = package_project(project)
    assert (again.unchanged, again.settings.runtime) == (True, "native")


@needs_executable
def test_another_executable_packages_the_project_again():
    """In a checkout the executable changes without the version."""
    assert any(name.startswith("engine/_bootstrap-") for name in tool_files())


@needs_executable
@pytest.mark.parametrize(
    ("tables", "runtime", "reason"),
    [
        ("", "native", "the handler is the one that init writes, and"),
        ("[capture]\nrate = 0.5\n", "python", "[capture] is set"),
    ],
)
def test_auto_selects_the_native_runtime_if_it_is_possible(tmp_path: Path, tables: str, runtime: str, reason: str):
    project = write_iris_project(tmp_path / "project", "flowers", tables=tables)
    packaged = package_project(project)
    assert packaged.settings.runtime == runtime
    assert packaged.runtime_reason.startswith(reason)
    assert (packaged.directory / "bootstrap").exists() == (runtime == "native")
    assert (packaged.directory / "iris_model" / "engine").exists() == (runtime == "python")
    again = package_project(project)
    assert (again.unchanged, again.settings.runtime, again.runtime_reason) == (True, runtime, packaged.runtime_reason)


@needs_executable
@pytest.mark.skipif(find_built_kernels() is None, reason="the kernels were not built (no C compiler)")
@pytest.mark.parametrize(
    ("settings", "runtime", "reason"),
    [
        ("", "python", "the function gets the C kernels"),
        ('kernels = "always"\n', "python", "the function gets the C kernels"),
        ('kernels = "never"\n', "native", "the handler is the one that init writes, and"),
        (NATIVE, "native", "the handler is the one that init writes, and"),
        (f'{NATIVE}kernels = "always"\n', "native", "the handler is the one that init writes, and"),
    ],
)
def test_a_function_that_gets_the_kernels_keeps_python(
    tmp_path: Path, large_forest: object, settings: str, runtime: str, reason: str
):
    machine = f'architecture = "{Architecture.named(platform.machine())}"\n'
    project = write_iris_project(tmp_path / "project", "flowers", large_forest, settings=machine + settings)
    packaged = package_project(project)
    assert packaged.settings.runtime == runtime
    assert packaged.runtime_reason.startswith(reason)
    has_kernels = any(packaged.directory.rglob("_kernels*.so"))
    assert has_kernels == (runtime == "python")
    assert package_project(project).unchanged


@needs_executable
def test_a_small_forest_gets_no_kernels_and_is_native(tmp_path: Path):
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(5, random_state=0).fit(*load_iris(return_X_y=True))
    project = write_iris_project(tmp_path / "project", "flowers", model)
    assert package_project(project).settings.runtime == "native"
