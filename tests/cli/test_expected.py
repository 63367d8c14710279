"""`invoke --check`: the answers of a project against `events/expected/`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from iris_model.cli.sources.expected import find_differences
from tests.cli.test_commands import run

EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("check") / "iris"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".iris-model"))
    (project / "events" / "expected").mkdir()
    return project


def test_answers_as_expected_and_others(project: Path) -> None:
    file = project / "events" / "expected" / "setosa.json"
    answer = json.loads(run("invoke", project, "--event", "setosa").stdout)
    file.write_text(json.dumps(answer))
    result = run("invoke", project, "--check")
    assert (result.exit_code, result.stdout) == (0, "setosa: as expected\n")
    answer["prediction"] = "virginica"
    file.write_text(json.dumps(answer))
    result = run("invoke", project, "--check", "--event", "setosa", "--json")
    assert result.exit_code == 2
    difference = 'prediction is "setosa", expected "virginica"'
    assert json.loads(result.stdout) == {"events": [{"event": "setosa", "differences": [difference]}]}


def test_nothing_to_check(tmp_path: Path, project: Path) -> None:
    result = run("invoke", tmp_path, "--check")
    assert result.exit_code == 1
    assert "has no expected answers" in result.stderr
    result = run("invoke", project, "--check", "--event", "versicolor")
    assert "versicolor.json cannot be read: No such file" in result.stderr
    assert run("invoke", project, "[1]", "--check").exit_code == 2


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        ({"a": 1.0}, {"a": 1.0 + 1e-9}, []),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a[1] is 3, expected 2"]),
        ({"a": 1}, {"b": 1}, ["a is missing", "b is not expected"]),
        ([1], [1, 2], ["the answer is [1, 2], expected [1]"]),
        (True, 1, ["the answer is 1, expected true"]),
        ({"a": {"b": "x"}}, {"a": {"b": None}}, ['a.b is null, expected "x"']),
    ],
)
def test_differences(expected: object, found: object, said: list[str]) -> None:
    assert list(find_differences(expected, found)) == said
