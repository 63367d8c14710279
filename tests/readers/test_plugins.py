"""Converters by plug-in: the package of examples/, installed into a directory of its own, and tables that are wrong."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from iris_model.readers import plugins
from iris_model.readers.plugins import Plugin, PluginError

EXAMPLE = Path(__file__).parents[2] / "examples" / "reader-plugin"

TRAIN = """
import pickle
from points import PointsClassifier
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_breast_cancer(return_X_y=True)
model = make_pipeline(StandardScaler(), PointsClassifier()).fit(X[:, :4], y)
pickle.dump(model, open("model.pkl", "wb"))
print(model.predict_proba(X[:3, :4]).tolist())
"""
ASK = """
from sklearn.datasets import load_breast_cancer
from iris_model import load
X, y = load_breast_cancer(return_X_y=True)
print(load("function").predict_proba(X[:3, :4]).tolist())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The example as `pip install` leaves it, in a directory that only the processes of a test see."""
    directory = tmp_path_factory.mktemp("installed")
    source = directory / "source"
    shutil.copytree(EXAMPLE, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--target", str(directory / "site"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory / "site"


def run(directory, site, *command, fails=False):
    before = filter(None, [str(site), os.environ.get("PYTHONPATH")])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(before)}
    done = subprocess.run(
        [sys.executable, *command], cwd=directory, env=environment, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr if fails else done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_model_of_the_example_from_init_to_an_answer(installed, tmp_path):
    right = json.loads(run(tmp_path, installed, "-c", TRAIN))
    tool = ("-m", "iris_model.cli")
    run(tmp_path, installed, *tool, "init", "project", "--model", "model.pkl")
    run(tmp_path, installed, *tool, "package", "project", "-o", "function")
    described = json.loads((tmp_path / "function" / "function.json").read_text())
    assert described["executor"] == "compiled"
    # The function needs neither the library nor the plug-in.
    empty = tmp_path / "empty"
    empty.mkdir()
    found = json.loads(run(tmp_path, empty, "-c", ASK))
    for one, expected in zip(found, right, strict=True):
        assert one == pytest.approx(expected, rel=1e-9)
    assert "points.models.PointsClassifier" in run(tmp_path, empty, *tool, "inspect", "model.pkl", fails=False)


@pytest.mark.parametrize(
    ("name", "plugin", "problem"),
    [
        ("sklearn", Plugin("scikit-learn", (1, 5), {}), "whose converters are part of iris-model"),
        ("acme", Plugin("acme", (1,), {"os.system": None}), "names 'os.system', which is not in its library 'acme'"),
        ("acme", Plugin("acme", (1,), {}, trusted=("builtins.eval",)), "names 'builtins.eval'"),
        ("acme", {"acme.Model": None}, "is a dict; expected a"),
    ],
)
def test_a_table_that_is_wrong_is_refused(name, plugin, problem, monkeypatch):
    monkeypatch.setattr("tests.readers.test_plugins.OFFERED", plugin, raising=False)
    with pytest.raises(PluginError) as caught:
        plugins._load(EntryPoint(name, "tests.readers.test_plugins:OFFERED", plugins.GROUP))
    assert problem in str(caught.value)


def test_a_plug_in_that_cannot_be_imported_is_named():
    with pytest.raises(PluginError, match="cannot be loaded: ModuleNotFoundError"):
        plugins._load(EntryPoint("acme", "no_such_module:PLUGIN", plugins.GROUP))


def test_a_plug_in_that_ends_the_process_is_named(tmp_path, monkeypatch):
    (tmp_path / "ends_the_process.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginError, match="cannot be loaded: SystemExit: 3"):
        plugins._load(EntryPoint("acme", "ends_the_process:PLUGIN", plugins.GROUP))


def test_a_broken_plug_in_stops_only_models_of_its_library(tmp_path, monkeypatch):
    described = tmp_path / "broken-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nbroken_library = no_such_module:PLUGIN\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins._find.cache_clear()
    with pytest.raises(PluginError, match=r"no_such_module:PLUGIN' \(broken\) cannot be loaded"):
        plugins.find_plugin("broken_library.Model")
    assert plugins.find_plugin("other_library.Model") is None
    plugins._find.cache_clear()


def test_versions_outside_of_the_range_are_refused(monkeypatch):
    import click

    class Model:
        pass

    Model.__module__ = "click.models"
    for oldest, before, problem in (
        ((99,), None, "with 99 or newer"),
        ((1,), (2,), "a version before 2"),
        ((1,), None, None),
    ):
        plugin = Plugin("click", oldest, {}, before=before)
        monkeypatch.setattr(plugins, "_find", {"click": plugin}.get)
        found = plugins.find_version_problem(Model())
        assert (found is None) if problem is None else (problem in found)
    assert click.__name__ == "click"
