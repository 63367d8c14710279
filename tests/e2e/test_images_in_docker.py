"""`image inspect` and `image diff` of a name that Docker Engine on this machine has."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.support.docker_engine import docker

pytestmark = pytest.mark.e2e
NAME = "iris-model-test/from-scratch"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two images of one file each."""
    directory = tmp_path_factory.mktemp("docker")
    made = [f"{NAME}:one", f"{NAME}:two"]
    for name in made:
        (directory / "word").write_text(name)
        (directory / "Dockerfile").write_text(
            'FROM scratch\nCOPY word /word\nENTRYPOINT ["/word"]\nCMD ["app.handler"]\n'
        )
        docker("build", "--quiet", "--tag", name, str(directory))
    yield made[0], made[1]
    docker("image", "rm", "--force", *made)


def test_inspect_shows_what_docker_has(names: tuple[str, str]) -> None:
    shown = run("image", "inspect", names[0], "--json")
    assert shown.exit_code == 0, shown.stderr
    found = json.loads(shown.stdout)
    said = json.loads(subprocess.run(["docker", "image", "inspect", names[0]], capture_output=True, check=True).stdout)
    assert found["config"]["digest"] == said[0]["Id"]
    assert found["config"]["entrypoint"] == said[0]["Config"]["Entrypoint"] == ["/word"]
    assert [layer["diff_id"] for layer in found["layers"]] == said[0]["RootFS"]["Layers"]
    assert "is in Docker Engine on this machine" in shown.stderr
    is_plain = any(layer["digest"] == layer["diff_id"] for layer in found["layers"])
    assert (f"its ID is {said[0]['Id']}" in shown.stderr) == is_plain
    assert run("image", "inspect", names[0]).exit_code == 0


def test_diff_reads_both(names: tuple[str, str]) -> None:
    found = json.loads(run("image", "diff", *names, "--json").stdout)
    assert found["equal"] is False
    assert "word" in json.dumps(found)


def test_a_path_is_never_asked_of_docker(
    names: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAME.partition("/")[0]).mkdir()
    result = run("image", "inspect", f"./{NAME}:one")
    assert result.exit_code == 1
    assert "no such file or directory" in result.stderr


def test_the_project_of_the_same_name_does_not_hide_the_image(
    names: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = tmp_path / names[0]
    project.mkdir(parents=True)
    (project / "iris-model.toml").write_text('name = "x"\n')
    result = run("image", "inspect", names[0], "--json")
    assert result.exit_code == 0, result.stderr
    assert "is in Docker Engine on this machine" in result.stderr
