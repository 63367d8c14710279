"""Imports of a function compared with requirements.txt, using the packages that are installed here."""

from __future__ import annotations

import pickle
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from iris_model.errors import ProjectError
from iris_model.project.dependencies.needed_imports import find_needed_imports
from iris_model.project.dependencies.requirement_imports import check_imports, find_lacking, lines_for
from iris_model.project.packaging.package import package_project
from iris_model.project.scaffold import scaffold_model_project
from tests.support.projects import FakeChoice, write_project
from tests.support.squarer import Squarer


def test_a_module_is_brought_by_a_distribution_of_another_name():
    assert lines_for(["yaml", "sklearn", "PIL"]) == [
        f"{name}=={metadata.version(name)}" for name in ("pillow", "PyYAML", "scikit-learn")
    ]
    assert lines_for(["no_such_module_here"]) == []
    # Installed from a folder: no index has it.
    assert lines_for(["iris_model"]) == []


@pytest.mark.parametrize(
    ("lines", "lacking"),
    [
        ("", ["sklearn", "yaml"]),
        ("scikit-learn==1.9.1\n", ["yaml"]),
        ("Scikit_Learn>=1\npyyaml\n", []),
        ("skops\nPyYAML\n", []),  # scikit-learn comes with skops
        ("-r more.txt\nscikit-learn\n", []),
        ("./wheels/any-1-py3-none-any.whl\n", ["sklearn", "yaml"]),
        ("not-installed-here-at-all\n", ["sklearn", "yaml"]),
    ],
)
def test_modules_that_requirements_lack(lines: str, lacking: list[str], tmp_path: Path):
    (tmp_path / "requirements.txt").write_text(lines)
    (tmp_path / "more.txt").write_text("pyyaml\n")
    assert [each.module for each in find_lacking(["yaml", "sklearn"], tmp_path / "requirements.txt")] == lacking


def test_a_module_that_is_not_installed_may_come_with_a_package_that_is_not(tmp_path: Path):
    path = tmp_path / "requirements.txt"
    for lines, count in (("nobody-has-this\n", 0), ("numpy\n", 1), ("my_own_thing==1\n", 0), ("./a.whl\n", 0)):
        path.write_text(lines)
        assert len(find_lacking(["my_own_thing"], path)) == count


def test_the_sentence_has_the_line_to_add(tmp_path: Path):
    with pytest.raises(
        ProjectError, match=r"imports lost_module, yaml, which are neither in requirements\.txt"
    ) as caught:
        check_imports(["yaml", "lost_module", "boto3", "urllib3"][:2], tmp_path / "requirements.txt")
    assert f"Add to requirements.txt: PyYAML=={metadata.version('pyyaml')}" in caught.value.remedy
    assert "lost_module" in caught.value.remedy


APP = """\
import json, boto3
from typing import TYPE_CHECKING
import numpy.linalg
from helpers import steps
if TYPE_CHECKING:
    import only_for_types
try:
    import orjson_maybe
except ImportError:
    orjson_maybe = None
try:
    import surely
except ValueError:
    pass
with contextlib.suppress(ImportError):
    import suppressed
def handler(event, context):
    import later
    from . import relative
class Thing:
    import in_a_class
if True:
    import in_a_branch
"""


def test_imports_at_start_and_in_functions_are_distinguished(tmp_path: Path):
    for name, text in {
        "app.py": APP,
        "helpers/__init__.py": "import pandas",
        "helpers/tests/test_x.py": "import pytest",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    files = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*.py")}
    found = find_needed_imports(files)
    assert found.at_import == ("in_a_branch", "in_a_class", "numpy", "pandas", "surely")
    assert found.when_called == ("later",)


def test_package_refuses_what_would_fail_in_the_function(tmp_path: Path):
    project = write_project(tmp_path, {"app.py": "import yaml\ndef handler(e, c):\n    import cloudpickle\n"})
    with pytest.raises(ProjectError, match="the function imports yaml"):
        package_project(project, choose=FakeChoice())
    assert not (project / ".iris-model" / "function").exists()
    (project / "requirements.txt").write_text("pyyaml\n")
    notes = package_project(project, choose=FakeChoice()).notes
    assert any("cloudpickle is imported, but no line of requirements.txt" in note for note in notes)


def test_another_base_may_have_any_package(tmp_path: Path):
    settings = 'name = "small"\nmodel = "model.pkl"\nbase-image = "mine/python:3.13"\n'
    project = write_project(tmp_path, {"app.py": "import yaml\ndef handler(e, c): ...\n"}, settings=settings)
    notes = package_project(project, choose=FakeChoice()).notes
    assert any("yaml is imported" in note for note in notes)


def test_the_library_of_the_original_needs_its_line(tmp_path: Path):
    project = write_project(tmp_path)
    with pytest.raises(ProjectError, match="the function imports sklearn") as caught:
        package_project(project, choose=FakeChoice("original", needs=("scikit-learn",)))
    assert f"scikit-learn=={metadata.version('scikit-learn')}" in caught.value.remedy


def test_init_writes_what_trusted_modules_import(tmp_path: Path):
    """The user's step lies next to the model, and imports what scikit-learn does not bring."""
    (tmp_path / "more.py").write_text("import yaml\ntry:\n    import no_such_thing\nexcept ImportError:\n    pass\n")
    text = (Path(__file__).parents[1] / "support/squarer.py").read_text()
    (tmp_path / "my_squares.py").write_text(
        text.replace("import numpy as np", "import cloudpickle\nimport more\nimport numpy as np")
    )
    pickled = pickle.dumps(Squarer(), protocol=2).replace(b"tests.support.squarer", b"my_squares")
    (tmp_path / "m.pkl").write_bytes(pickled)
    made = scaffold_model_project(tmp_path / "p", tmp_path / "m.pkl", trust=["my_squares.Squarer"])
    assert made.executor == "original"
    lines = (tmp_path / "p/requirements.txt").read_text().split()
    for name in ("numpy", "cloudpickle", "PyYAML"):
        assert f"{name}=={metadata.version(name)}" in lines
    assert len(lines) == len({line.lower() for line in lines})
    package_project(tmp_path / "p")
    # Without the line, one sentence.
    (tmp_path / "p/requirements.txt").write_text("\n".join(line for line in lines if "YAML" not in line))
    with pytest.raises(ProjectError, match="the function imports yaml"):
        package_project(tmp_path / "p")
    shutil.rmtree(tmp_path / "p")
