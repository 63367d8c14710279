"""`docker build` in a project that `iris-model init` made: the host needs only that directory."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from iris_model.project.packaging.native import find_bootstrap
from tests.support.docker_base import build_image
from tests.support.docker_engine import build, container, inspect_image, run_once

pytestmark = pytest.mark.e2e
BOOTSTRAP = find_bootstrap("x86_64")


def init(directory: Path, *options: str) -> Path:
    command = [sys.executable, "-m", "iris_model.cli", "init", str(directory), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


def test_the_iris_project(tmp_path: Path, lambda_python: str) -> None:
    project = init(tmp_path / "flowers")
    image = build(
        "iris-model-test/project:latest", project, build_arguments={"BUILD_IMAGE": build_image(lambda_python)}
    )
    with container(image) as function:
        answer = json.loads(function.invoke(b"[5.1, 3.5, 1.4, 0.2]").body)
    assert answer["prediction"] == "setosa"
    described = json.loads(run_once(image, "cat", "/var/task/function.json"))
    assert described.get("runtime") == ("native" if BOOTSTRAP else None)


def test_a_project_with_a_dockerfile_of_an_older_version(tmp_path: Path, lambda_python: str) -> None:
    """It starts Python, so `auto` packages for Python."""
    project = init(tmp_path / "flowers")
    settings = project / "iris-model.toml"
    text = settings.read_text()
    settings.write_text(f'runtime = "python"\n{text}')
    command = [sys.executable, "-m", "iris_model.cli", "dockerfile", str(project)]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    settings.write_text(text)
    assert "/var/task/bootstrap" not in written
    (project / "Dockerfile").write_text(written)
    image = build("iris-model-test/older:latest", project, build_arguments={"BUILD_IMAGE": build_image(lambda_python)})
    with container(image) as function:
        assert json.loads(function.invoke(b"[5.1, 3.5, 1.4, 0.2]").body)["prediction"] == "setosa"
    assert "runtime" not in json.loads(run_once(image, "cat", "/var/task/function.json"))


@pytest.mark.skipif(BOOTSTRAP is None, reason="this installation has no native runtime for x86_64")
@pytest.mark.parametrize("base", ["scratch", "public.ecr.aws/lambda/python:3.13"])
def test_a_native_function_without_a_compiler(tmp_path: Path, lambda_python: str, base: str) -> None:
    """The executable is in the wheel that `init` writes. On scratch there is nothing else but model and handler."""
    project = init(tmp_path / "flowers")
    settings = project / "iris-model.toml"
    text = re.sub("(?m)^base-image.*\n", "", settings.read_text())
    settings.write_text(f'base-image = "{base}"\nruntime = "native"\npython = "3.13"\n{text}')
    command = [sys.executable, "-m", "iris_model.cli", "dockerfile", str(project)]
    written = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    (project / "Dockerfile").write_text(written)
    image = build("iris-model-test/native:latest", project, build_arguments={"BUILD_IMAGE": build_image(lambda_python)})
    if base == "scratch" and BOOTSTRAP:
        # The system's C library makes a larger executable than that of releases.
        assert inspect_image(image)["Size"] <= BOOTSTRAP.stat().st_size + 100_000
    with container(image, options=["--read-only"]) as function:
        answers = [json.loads(function.invoke(body).body) for body in (b"[5.1,3.5,1.4,0.2]", b"[5.7,2.8,4.5,1.3]")]
    assert [answer["prediction"] for answer in answers] == ["setosa", "versicolor"]
    assert "Init Duration" in function.log


def test_a_function_that_chose_python_by_itself(tmp_path: Path, lambda_python: str) -> None:
    """A handler of the user's own: one Dockerfile starts either runtime."""
    project = init(tmp_path / "flowers")
    settings = project / "iris-model.toml"
    text = re.sub("(?m)^base-image.*\n", "", settings.read_text())
    settings.write_text(f'python = "3.13"\n{text}')
    with (project / "app.py").open("a") as app:
        app.write("\nprint('my own line')\n")
    command = [sys.executable, "-m", "iris_model.cli", "dockerfile", str(project)]
    (project / "Dockerfile").write_text(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    image = build(
        "iris-model-test/automatic:latest", project, build_arguments={"BUILD_IMAGE": build_image(lambda_python)}
    )
    with container(image) as function:
        assert json.loads(function.invoke(b"[5.1, 3.5, 1.4, 0.2]").body)["prediction"] == "setosa"
    assert "my own line" in function.log


def test_a_model_that_only_its_library_can_serve(tmp_path: Path, lambda_python: str) -> None:
    """NMF solves each row step by step, which no reader can repeat exactly: the library travels and answers itself."""
    from sklearn.datasets import load_iris
    from sklearn.decomposition import NMF
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    flowers = load_iris()
    model = make_pipeline(NMF(2, random_state=0, max_iter=500), LogisticRegression())
    model.fit(flowers.data, flowers.target_names[flowers.target])
    model_file = tmp_path / "factored.pkl"
    model_file.write_bytes(pickle.dumps(model))

    project = init(tmp_path / "factored", "--model", str(model_file))
    image = build(
        "iris-model-test/original:latest", project, build_arguments={"BUILD_IMAGE": build_image(lambda_python)}
    )
    assert json.loads(run_once(image, "cat", "/var/task/function.json"))["executor"] == "original"
    row = [5.7, 2.8, 4.5, 1.3]
    with container(image, options=["--read-only", "--tmpfs", "/tmp", "--user", "993"]) as function:
        answer = json.loads(function.invoke(json.dumps(row).encode(), timeout=60).body)
    assert answer["prediction"] == model.predict([row])[0]
    assert list(answer["probabilities"].values()) == pytest.approx(model.predict_proba([row])[0])


def test_lightgbm_with_the_categories_of_a_frame(tmp_path: Path, older_lambda_python: str) -> None:
    """The first stage needs what the pickle does not name: pandas, and the library of OpenMP, which the base lacks.

    `init` names the base image of the Python in use, 3.11.
    """
    import lightgbm
    import numpy
    import pandas

    random = numpy.random.RandomState(0)
    frame = pandas.DataFrame({"age": random.normal(40, 9, 200), "town": random.choice(["Rome", "Zürich"], 200)})
    frame = frame.astype({"town": "category"})
    stays = numpy.where((frame["age"] > 40) ^ (frame["town"] == "Rome"), "stay", "leave")
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, min_data_per_group=5).fit(frame, stays)
    model_file = tmp_path / "churn.pkl"
    model_file.write_bytes(pickle.dumps(model))

    project = init(tmp_path / "churn", "--model", str(model_file))
    image = build(
        "iris-model-test/categories:latest", project, build_arguments={"BUILD_IMAGE": build_image(older_lambda_python)}
    )
    assert json.loads(run_once(image, "cat", "/var/task/function.json"))["executor"] == "compiled"
    with container(image) as function:
        answer = json.loads(function.invoke('{"town": "Zürich", "age": 50.5}'.encode()).body)
    asked = pandas.DataFrame({"age": [50.5], "town": pandas.Categorical(["Zürich"], frame["town"].cat.categories)})
    assert answer["prediction"] == model.predict(asked)[0]
    assert list(answer["probabilities"].values()) == pytest.approx(model.predict_proba(asked)[0], rel=1e-9)
