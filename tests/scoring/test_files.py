"""Models from files, into files, through pickles; and `import iris_model`, which stays fast."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import iris_model as im
from iris_model.errors import DeploymentError, ModelFileError, ProjectError, StorageError
from iris_model.scoring import deploying
from iris_model.scoring.opening import forget_opened
from tests.scoring.models import ROWS, case, named


@pytest.fixture(autouse=True)
def _nothing_opened() -> None:
    forget_opened()


def test_saved_and_loaded(tmp_path: Path) -> None:
    _, model, _ = case("texts")
    path = model.save(tmp_path / "iris.safetensors")
    again = im.load(path)
    assert (again.predict(ROWS) == model.predict(ROWS)).all()
    assert again.digest == model.digest
    assert again.signature == model.signature
    assert again.report.rows == model.report.rows
    assert [each.name for each in tmp_path.iterdir()] == ["iris.safetensors"]


def test_a_loaded_model_is_saved_elsewhere(tmp_path: Path) -> None:
    first = im.load(case("texts")[1].save(tmp_path / "one.safetensors"))
    assert first.save(tmp_path / "two.safetensors").read_bytes() == (tmp_path / "one.safetensors").read_bytes()


def test_saving_under_another_suffix_is_refused(tmp_path: Path) -> None:
    _, model, _ = case("texts")
    with pytest.raises(im.IrisModelError, match=r"Use the name iris\.safetensors"):
        model.save(tmp_path / "iris.pkl")
    with pytest.raises(StorageError, match="cannot be written"):
        model.save(tmp_path / "nowhere" / "iris.safetensors")


def test_files_that_are_not_compiled_models_are_refused(tmp_path: Path) -> None:
    pickled = tmp_path / "iris.pkl"
    pickled.write_bytes(pickle.dumps(case("texts")[0]))
    with pytest.raises(ModelFileError, match=r"iris\.pkl is not a compiled model\nCompile it: iris_model\.compile"):
        im.load(pickled)
    with pytest.raises(ModelFileError, match="does not exist"):
        im.load(tmp_path / "none.safetensors")
    with pytest.raises(ModelFileError, match="neither a project nor a function directory"):
        im.load(tmp_path)
    (tmp_path / "broken.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(ModelFileError, match="compile the model again"):
        im.load(tmp_path / "broken.safetensors")


def test_a_file_is_compiled(tmp_path: Path) -> None:
    path = tmp_path / "iris.pkl"
    path.write_bytes(pickle.dumps(case("texts")[0]))
    assert (im.compile(path).predict(ROWS) == case("texts")[1].predict(ROWS)).all()


def test_a_project_is_packaged_and_loaded(tmp_path: Path) -> None:
    original, _, frame = named()
    project = deploying.write_project(original, name="iris", data=frame, directory=tmp_path / "iris")
    for place in (project, project / ".iris-model" / "function"):
        model = im.load(place)
        assert model.predict(frame).tolist() == original.predict(frame).tolist()


@pytest.mark.slow
def test_a_model_that_is_not_compiled_is_asked_through_its_library(tmp_path: Path) -> None:
    original, _, frame = named()
    project = deploying.write_project(original, name="iris", data=frame, directory=tmp_path / "iris")
    settings = project / "iris-model.toml"
    settings.write_text('executor = "original"\n' + settings.read_text())
    model = im.load(project)
    assert model.report is None
    assert model.predict(frame).tolist() == original.predict(frame).tolist()
    assert np.array_equal(model.predict_proba(frame), original.predict_proba(frame))
    assert pickle.loads(pickle.dumps(model)).predict(frame).tolist() == original.predict(frame).tolist()
    with pytest.raises(im.IrisModelError, match="is not compiled"):
        model.save(tmp_path / "iris.safetensors")


def test_a_pickle_has_path_and_digest(tmp_path: Path) -> None:
    path = case("texts")[1].save(tmp_path / "iris.safetensors")
    pickled = pickle.dumps(im.load(path))
    assert len(pickled) < 400
    first, second = pickle.loads(pickled), pickle.loads(pickled)
    assert first is second
    assert (first.predict(ROWS) == case("texts")[1].predict(ROWS)).all()


def test_a_pickle_refuses_another_model(tmp_path: Path) -> None:
    path = case("texts")[1].save(tmp_path / "iris.safetensors")
    pickled = pickle.dumps(im.load(path))
    case("numbers")[1].save(path)
    with pytest.raises(ModelFileError, match="is not the model that was pickled"):
        pickle.loads(pickled)
    path.unlink()
    with pytest.raises(ModelFileError, match="does not exist"):
        pickle.loads(pickled)


def test_a_saved_model_whose_file_is_gone_is_pickled_whole(tmp_path: Path) -> None:
    model = im.compile(case("texts")[0])
    model.save(tmp_path / "m.safetensors").unlink()
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(ROWS) == case("texts")[1].predict(ROWS)).all() and again.digest == model.digest


def test_a_model_of_a_file_that_is_gone_is_reported(tmp_path: Path) -> None:
    path = case("texts")[1].save(tmp_path / "m.safetensors")
    model = im.load(path)
    path.unlink()
    with pytest.raises(ModelFileError, match="no such file"):
        pickle.dumps(model)


def test_a_model_that_is_in_no_file_is_pickled_whole() -> None:
    original = case("texts")[0]
    again = pickle.loads(pickle.dumps(im.compile(original)))
    assert (again.predict(ROWS) == case("texts")[1].predict(ROWS)).all()


def test_how_a_model_is_shown() -> None:
    _, model, _ = named()
    assert repr(model).startswith("<iris_model.Model sklearn.pipeline.Pipeline (scikit-learn ")
    assert "classifier, columns 4: sepal length, sepal width, petal length, petal width, " in repr(model)
    html = model._repr_html_()
    assert "<table>" in html
    for word in ("task", "classifier", "setosa, versicolor, virginica", "KiB", "rows compared with the original"):
        assert word in html
    assert "rows compared" in str(model.report)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]


def test_import_is_cheap() -> None:
    program = "import sys; before = set(sys.modules); import iris_model; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {program}"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "['iris_model']\n"


def test_names_of_the_package() -> None:
    assert {"compile", "load", "deploy", "Model", "InvalidInput"} <= set(dir(im))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        im.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_deploy_writes_a_project_and_runs_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, _, frame = named()
    asked: list[list[str]] = []

    def run(command: Any) -> tuple[int, str, str]:
        asked.append(list(command[3:]))
        return 0, '{"url": "https://example.org"}', ""

    monkeypatch.setattr(deploying, "run_command", run)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # the second time, the project is there
        assert im.deploy(original, name="iris", data=frame, region="eu-west-1") == {"url": "https://example.org"}
    assert asked == [["deploy", "iris", "--json", "--region", "eu-west-1"]] * 2
    assert im.load("iris").predict(frame).tolist() == original.predict(frame).tolist()
    assert (tmp_path / "iris" / "data.csv").read_text().startswith("sepal length,sepal width,")
    with pytest.raises(ProjectError, match="is the project of 'iris', not of 'other'"):
        im.deploy(original, name="other", data=frame, directory="iris")
    with pytest.raises(ProjectError, match="Pass the fitted estimator"):
        im.deploy(case("texts")[1], name="iris")
    monkeypatch.setattr(deploying, "run_command", lambda command: (1, "", "error: no credentials\nhint: Log in.\n"))
    with pytest.raises(DeploymentError, match=r"^no credentials\nLog in\.$"):
        im.deploy(original, name="iris", data=frame)


def test_a_command_is_run(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; print(1); print('step', file=sys.stderr); print('error: it', file=sys.stderr); sys.exit(3)"
    assert deploying.run_command([sys.executable, "-c", program]) == (3, "1\n", "error: it\n")
    assert capfd.readouterr().err == "step\nerror: it\n"
