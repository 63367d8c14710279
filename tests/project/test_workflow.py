"""The workflow that `init --ci github` writes: right by GitHub's own schema, and without a key in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from iris_model.cli import COMMANDS
from iris_model.project.scaffold import WORKFLOWS, scaffold_iris_project


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ci") / "iris"
    made = scaffold_iris_project(directory, ci="github")
    assert ".github/workflows/iris-model.yml" in made.files
    return directory / WORKFLOWS["github"][1]


def test_it_is_right_by_the_schema(workflow: Path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_key_is_stored_and_only_jobs_that_need_it_get_a_token(workflow: Path):
    text = workflow.read_text(encoding="utf-8")
    assert "secrets." not in text and "aws-access-key-id" not in text
    document = yaml.safe_load(text)
    assert document["permissions"] == {"contents": "read"}
    tokens = {name: job.get("permissions", {}).get("id-token") for name, job in document["jobs"].items()}
    assert tokens == {"build": None, "plan": "write", "deploy": "write"}


def test_it_plans_on_pull_requests_of_this_repository_and_deploys_on_main_alone(workflow: Path):
    document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    triggers = document[True]  # YAML 1.1 reads the key `on` so
    assert triggers == {"pull_request": None, "push": {"branches": ["main"]}}
    assert "head.repo.full_name == github.repository" in document["jobs"]["plan"]["if"]
    assert document["jobs"]["deploy"]["if"] == "github.event_name == 'push'"
    runs = [step.get("run", "") for step in document["jobs"]["deploy"]["steps"]]
    assert "iris-model deploy ." in runs


def test_it_runs_commands_that_there_are(workflow: Path):
    used = set(re.findall(r"\biris-model ([a-z]+) ", workflow.read_text(encoding="utf-8")))
    assert used - set(COMMANDS) == set()


def test_without_ci_there_is_no_workflow(tmp_path: Path):
    scaffold_iris_project(tmp_path / "iris")
    assert not (tmp_path / "iris" / ".github").exists()
