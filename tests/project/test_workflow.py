"""The workflow that `init --ci github` writes: valid by GitHub's own schema, and without a key in it."""

from __future__ import annotations

import json
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


@pytest.mark.slow
def test_the_workflow_matches_the_schema(workflow: Path):
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
    assert document["jobs"]["deploy"]["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"
    runs = [step.get("run", "") for step in document["jobs"]["deploy"]["steps"]]
    assert "iris-model deploy ." in runs


def test_pull_requests_get_a_role_that_can_only_plan_and_main_alone_the_other(workflow: Path):
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    roles = {
        name: [step["with"]["role-to-assume"] for step in job["steps"] if "aws-actions" in step.get("uses", "")]
        for name, job in jobs.items()
    }
    assert roles == {"build": [], "plan": ["${{ vars.AWS_PLAN_ROLE }}"], "deploy": ["${{ vars.AWS_ROLE }}"]}
    page = (Path(__file__).parents[2] / "docs/how-to/github-actions.md").read_text(encoding="utf-8")
    trusted = [
        json.loads(each)["Statement"][0]["Condition"] for each in re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    ]
    subject = "token.actions.githubusercontent.com:sub"
    assert [set(each) for each in trusted] == [{"StringEquals"}] * 2
    assert [each["StringEquals"][subject] for each in trusted] == [
        "repo:<owner>/<repository>:ref:refs/heads/main",
        "repo:<owner>/<repository>:pull_request",
    ]


def test_the_workflow_uses_existing_commands(workflow: Path):
    used = set(re.findall(r"\biris-model ([a-z]+) ", workflow.read_text(encoding="utf-8")))
    assert used - set(COMMANDS) == set()


def run_step(workflow: Path, job: str, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a step as GitHub does, with `bash -e`, in the project."""
    steps = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"][job]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == name]
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    project = workflow.parents[2]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=project, env=environment, stdin=subprocess.DEVNULL
    )


def tool(directory: Path, script: str) -> str:
    """A PATH with a fake `iris-model`."""
    directory.mkdir()
    (directory / "iris-model").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "iris-model").chmod(0o755)
    return f"{directory}:/usr/bin:/bin"


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (2, 0), (1, 1)])
def test_a_plan_with_changes_is_not_a_failure_and_is_in_the_summary(
    workflow: Path, tmp_path: Path, status: int, expected: int
):
    path = tool(tmp_path / "bin", f'test "$*" = "deploy . --plan" || exit 9; echo "1. update the stack"; exit {status}')
    done = run_step(workflow, "plan", "Plan", PATH=path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert done.returncode == expected, done.stderr
    assert (tmp_path / "summary").read_text() == "```\n1. update the stack\n```\n"


def test_every_event_is_asked_and_the_first_failure_ends_the_job(workflow: Path, tmp_path: Path):
    names = sorted(path.stem for path in (workflow.parents[2] / "events").glob("*.json"))
    assert len(names) > 1
    log = tmp_path / "asked"
    assert [name for name in names if name.startswith("bad-")]
    answers = f'echo "$4" >> {log}; case "$4" in bad-*) exit 3;; esac'
    done = run_step(workflow, "build", "Answer the test events", PATH=tool(tmp_path / "good", answers))
    assert (done.returncode, log.read_text().split()) == (0, names)
    first_good = next(name for name in names if not name.startswith("bad-"))
    for end, last in (("exit 3", first_good), ("exit 0", names[0])):
        log.unlink()
        path = tool(tmp_path / end.replace(" ", "-"), f'echo "$4" >> {log}; {end}')
        done = run_step(workflow, "build", "Answer the test events", PATH=path)
        assert (done.returncode, log.read_text().split()[-1]) == (1, last)


def test_without_ci_there_is_no_workflow(tmp_path: Path):
    scaffold_iris_project(tmp_path / "iris")
    assert not (tmp_path / "iris" / ".github").exists()
