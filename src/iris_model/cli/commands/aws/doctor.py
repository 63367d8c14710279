"""`iris-model doctor`: check what would stop a deployment."""

from __future__ import annotations

import datetime
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.sources.deployment import (
    aws_options,
    project_argument,
    read_deployment,
    require_extra,
    stage_option,
)
from iris_model.cli.terminal import echo
from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.errors import IrisModelError, ProjectError

if TYPE_CHECKING:
    from iris_model.aws.doctor import Check
    from iris_model.contract.deployment import Deployment
    from iris_model.project.configuration.settings import ProjectSettings

# verdict -> the word, and its color in a terminal
_MARKS = {"good": ("ok", "green"), "warning": ("note", "yellow"), "bad": ("BAD", "red")}
# The region for credential checks if none is set: STS and IAM answer for all regions there.
_ANY_REGION = "us-east-1"


@click.command()
@project_argument
@stage_option
@aws_options
@json_option
def doctor(project: Path, stage: str | None, profile: str | None, region: str | None, as_json: bool) -> None:
    """Check what would stop a deployment.

    It checks Python, Docker, region, credentials, clock, role, secrets, and the permissions on each resource. It
    reports all problems, and exits with 1 if one of them stops a deployment. Outside of a project, it skips the
    checks that need the project.

    \b
    Example:
      iris-model doctor --stage prod
    """
    require_extra()
    from iris_model.aws.doctor import BAD, Check, check_settings

    settings: ProjectSettings | None = None
    deployment: Deployment | None = None
    problems: list[Check] = []
    if project != Path() or stage is not None or (project / SETTINGS_FILE).exists():
        try:
            settings, deployment = read_deployment(project, stage)
            region = region or settings.deployment.region
            problems += check_settings(deployment)
        except ProjectError as error:
            problems.append(Check("project", BAD, error.problem, error.remedy))
    checks = [*problems, *_check_aws(deployment, profile, region)]
    with progress() as on_step:
        on_step("Checking Python and Docker")
        checks = [_check_python(settings), _check_docker(), *checks]
    if settings is None and not problems:
        checks.append(_no_project())
    if as_json:
        echo_json([asdict(check) for check in checks])
    else:
        for check in checks:
            word, colour = _MARKS[check.verdict]
            click.secho(word, fg=colour, nl=False)
            echo(f"{'':<{6 - len(word)}}{check.name:<15}{check.says}")
            if check.remedy:
                echo(f"{'':<21}{check.remedy}")
    if any(check.verdict == BAD for check in checks):
        raise click.exceptions.Exit(1)


def _check_aws(deployment: Deployment | None, profile: str | None, region: str | None) -> list[Check]:
    """Resolve the credentials before any output, because an MFA code may be requested."""
    from iris_model.aws.client.calls import Aws
    from iris_model.aws.client.session import BotoTransport, RegionProblem
    from iris_model.aws.doctor import BAD, GOOD, WARNING, Check, check_aws

    try:
        transport = BotoTransport(profile, region)
        found = [Check("region", GOOD, transport.region)]
    except RegionProblem as error:
        # Credentials can be checked without a region; permissions cannot.
        found = [Check("region", BAD, error.problem, error.remedy)]
        if deployment is not None:
            found.append(
                Check(
                    "permissions", WARNING, "not checked without a region", "Set a region, then run the command again."
                )
            )
        transport, deployment = BotoTransport(profile, _ANY_REGION), None
    except IrisModelError as error:
        return [Check("configuration", BAD, error.problem, error.remedy)]
    try:
        transport.find_credentials()
    except IrisModelError as error:
        return [*found, Check("credentials", BAD, error.problem, error.remedy)]
    with progress() as on_step:
        on_step("Asking AWS")
        return found + check_aws(Aws(transport), deployment, lambda: datetime.datetime.now(datetime.UTC))


def _check_python(settings: ProjectSettings | None) -> Check:
    from iris_model.aws.doctor import GOOD, WARNING, Check

    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if settings and settings.python and settings.python != here:
        says = (
            f"{here} here, {settings.python} in the function: its modules are packaged as source code, which "
            "starts more slowly"
        )
        return Check("Python", WARNING, says, f"Run iris-model with Python {settings.python}.")
    return Check("Python", GOOD, here)


def _no_project() -> Check:
    from iris_model.aws.doctor import WARNING, Check

    says = f"no {SETTINGS_FILE} here, so the permissions were not checked"
    return Check(
        "project", WARNING, says, "Run `iris-model doctor PROJECT`, or create a project with `iris-model init DIR`."
    )


def _check_docker() -> Check:
    from iris_model.aws.doctor import GOOD, WARNING, Check

    if shutil.which("docker") is None:
        return Check("Docker", WARNING, "not here", "Docker is optional: iris-model builds images without it.")
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return Check("Docker", WARNING, "does not answer", "Restart it. Docker is optional.")
    if done.returncode:
        return Check("Docker", WARNING, "installed, but not running", "Start it. Docker is optional.")
    return Check("Docker", GOOD, done.stdout.strip())
