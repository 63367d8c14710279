"""Images built without Docker, in Docker: loaded, pulled, run, read by skopeo and umoci, compared with `docker build`."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_iris_image import ENTRY_POINT, assert_curls_answer, task_files
from tests.e2e.test_project_image import init
from tests.support.docker_base import build_image
from tests.support.docker_engine import build, container, docker, inspect_image
from tests.support.docker_registry import RealRegistry, docker_registry, program
from tests.support.requirement import require

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of these tests' own, shared by them: a base is compressed once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def older_base(older_lambda_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base with the Python that runs the tests, as a file."""
    return save(older_lambda_python, tmp_path_factory.mktemp("base") / "base.tar")


def save(image: str, path: Path) -> Path:
    docker("save", "--output", str(path), image, timeout=300)
    return path


@pytest.fixture(scope="session")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that `init` made."""
    return init(tmp_path_factory.mktemp("flowers") / "flowers")


@pytest.fixture(scope="session")
def loaded(flowers: Path, older_base: Path, cache: Path) -> str:
    """Its image, built without Docker and loaded into it."""
    iris_model(cache, "build", flowers, "--base", older_base, "--load", "-t", "iris-model-test/built:1")
    return "iris-model-test/built:1"


def iris_model(cache: Path, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "iris_model.cli", *map(str, arguments), "--json"]
    environment = {**os.environ, "IRIS_MODEL_CACHE": str(cache)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def test_the_curls_answer(loaded: str) -> None:
    with container(loaded) as function:
        assert_curls_answer(function)


def test_the_image_runs_under_the_limits_of_lambda(loaded: str) -> None:
    with container(loaded, options=["--read-only", "--tmpfs", "/tmp", "--user", "993", "--memory", "128m"]) as function:
        assert_curls_answer(function)


def test_the_entry_point_of_the_base_runs_it_with_awslambdaric(loaded: str) -> None:
    with container(loaded, ["app.handler"], options=["--entrypoint", "/lambda-entrypoint.sh"]) as function:
        assert_curls_answer(function)


def test_the_image_answers_with_another_command_and_working_directory(loaded: str) -> None:
    with container(loaded, ["app.handler"], options=["--workdir", "/tmp"]) as function:
        assert_curls_answer(function)


def test_docker_build_makes_the_same_files_and_the_same_config(
    loaded: str, flowers: Path, older_lambda_python: str
) -> None:
    arguments = {"BASE_IMAGE": older_lambda_python, "BUILD_IMAGE": build_image(older_lambda_python)}
    other = build("iris-model-test/flowers:docker", flowers, build_arguments=arguments)
    ours, theirs = ({entry[0]: entry[1:] for entry in task_files(image)} for image in (loaded, other))
    assert ours.keys() == theirs.keys()
    # Bytecode is one compiler's, and the container has another patch release; function.json has its digests.
    differing = {path for path in ours if ours[path] != theirs[path]}
    assert {path for path in differing if not path.endswith((".pyc", "function.json"))} == set()
    one, two = inspect_image(loaded)["Config"], inspect_image(other)["Config"]
    for key in ("Entrypoint", "Cmd", "WorkingDir", "Env", "User"):
        assert one[key] == two[key], key
    assert one["Entrypoint"] == ENTRY_POINT


def test_skopeo_and_umoci_read_the_layout(flowers: Path, older_base: Path, cache: Path, tmp_path: Path) -> None:
    skopeo, umoci = require(lambda: program("skopeo")), require(lambda: program("umoci"))
    layout = tmp_path / "layout"
    document = iris_model(cache, "build", flowers, "--base", older_base, "-o", layout, "-t", "flowers:7")
    inspected = subprocess.run([skopeo, "inspect", f"oci:{layout}:7"], capture_output=True, text=True, check=True)
    layers = json.loads(inspected.stdout)["Layers"]
    assert layers[-2:] == [each["digest"] for each in document["layers"]]
    subprocess.run([umoci, "unpack", "--image", f"{layout}:7", str(tmp_path / "bundle")], check=True, timeout=300)
    task = tmp_path / "bundle" / "rootfs" / "var" / "task"
    function = json.loads((task / "function.json").read_text())
    unpacked = {str(path.relative_to(task)) for path in task.rglob("*") if path.is_file()}
    assert unpacked == {*function["files"], "function.json"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    require(lambda: program("docker-registry"))
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def test_pushed_pulled_and_run_from_a_registry(
    flowers: Path, older_base: Path, cache: Path, registry: RealRegistry
) -> None:
    reference = f"{registry.host}/team/flowers:1"
    first = iris_model(cache, "build", flowers, "--base", older_base, "-t", reference, "--push")
    again = iris_model(cache, "build", flowers, "--base", older_base, "-t", reference, "--push")
    assert (first["push"]["unchanged"], again["push"]["unchanged"]) == (False, True)
    assert first["push"]["note"] or first["push"]["attached"]
    pinned = f"{registry.host}/team/flowers@{first['digest']}"
    docker("pull", "--quiet", pinned, timeout=300)
    try:
        with container(pinned) as function:
            assert_curls_answer(function)
    finally:
        docker("image", "rm", "--force", pinned, check=False)
    iris_model(cache, "build", flowers, "--base", older_base)
    assert iris_model(cache, "image", "diff", reference, flowers / ".iris-model" / "image")["equal"]


def test_a_base_in_a_registry_and_a_changed_model(
    tmp_path: Path, older_base: Path, cache: Path, registry: RealRegistry
) -> None:
    """Only the model's layer goes over the wire, and the base is mounted from its own repository."""
    base = f"{registry.host}/lambda/python:3.11"
    iris_model(cache, "push", older_base, base, "--force")
    project = init(tmp_path / "flowers")
    reference = f"{registry.host}/team/other:1"
    first = iris_model(cache, "build", project, "--base", base, "-t", reference, "--push")
    assert first["push"]["mounted"] and len(first["push"]["uploaded"]) == 3
    (project / "app.py").write_text((project / "app.py").read_text() + "\n# changed\n")
    second = iris_model(cache, "build", project, "--base", base, "-t", reference, "--push")
    model = second["layers"][-1]
    assert set(second["push"]["uploaded"]) - {model["digest"]} == {second["push"]["uploaded"][-1]}  # and the config
    assert second["push"]["bytes_sent"] < 30_000


def test_a_model_that_only_its_library_can_serve_on_another_python(
    tmp_path: Path, lambda_python: str, cache: Path
) -> None:
    """Packages for Python 3.13, chosen, checked and laid out by a Python 3.11 that cannot load them."""
    from sklearn.datasets import load_iris
    from sklearn.decomposition import NMF
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    flowers = load_iris()
    model = make_pipeline(NMF(2, random_state=0, max_iter=500), LogisticRegression())
    model.fit(flowers.data, flowers.target_names[flowers.target])
    (tmp_path / "factored.pkl").write_bytes(pickle.dumps(model))
    project = init(tmp_path / "factored", "--model", str(tmp_path / "factored.pkl"))
    base = save(lambda_python, tmp_path / "base.tar")
    tag = "iris-model-test/built-original:1"
    document = iris_model(cache, "build", project, "--base", base, "--load", "-t", tag)
    assert [each["name"] for each in document["layers"]] == ["packages", "runtime", "model"]
    row = [5.7, 2.8, 4.5, 1.3]
    with container(tag, options=["--read-only", "--tmpfs", "/tmp", "--user", "993"]) as function:
        answer = json.loads(function.invoke(json.dumps(row).encode(), timeout=60).body)
    assert answer["prediction"] == model.predict([row])[0]
    assert list(answer["probabilities"].values()) == pytest.approx(model.predict_proba([row])[0])


def test_a_base_without_a_shell(tmp_path: Path, slim_python: str, flowers: Path, cache: Path) -> None:
    """As distroless: no sh, and nothing of Lambda."""
    (tmp_path / "Dockerfile").write_text(f"FROM {slim_python} AS whole\nRUN rm -f /bin/sh /bin/bash /bin/dash\n")
    tag = build("iris-model-test/no-shell:1", tmp_path)
    document = iris_model(
        cache,
        "build",
        flowers,
        "--base",
        save(tag, tmp_path / "base.tar"),
        "--load",
        "-t",
        "iris-model-test/on-no-shell:1",
    )
    assert document["base"]["python"] == "3.11"
    with container("iris-model-test/on-no-shell:1") as function:
        assert_curls_answer(function)
