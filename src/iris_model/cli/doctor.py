"""`iris-model doctor`: what would stop a deployment, found before it begins."""

from __future__ import annotations

import datetime
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_model.cli.deployment import aws_options, project_argument, read_deployment, require_extra, stage_option
from iris_model.cli.output import echo_json, json_option, progress
from iris_model.errors import IrisModelError
from iris_model.project.settings import SETTINGS_FILE

if TYPE_CHECKING:
    from iris_model.aws.deployment import Deployment
    from iris_model.aws.doctor import Check
    from iris_model.project.settings import ProjectSettings

_MARKS = {"good": "ok", "warning": "note", "bad": "BAD"}


@click.command()
@project_argument
@stage_option
@aws_options
@json_option
def doctor(project: Path, stage: str | None, profile: str | None, region: str | None, as_json: bool) -> None:
    """Look for what would stop a deployment.

    Python, Docker, credentials, region, clock, and which permissions are missing. Exits with 1 if something is bad. Outside of a
    project it does without the permissions, which are for its names.

    \b
    Example:
      iris-model doctor --stage prod
    """
    require_extra()
    from iris_model.aws.doctor import BAD

    settings: ProjectSettings | None = None
    deployment: Deployment | None = None
    if project != Path() or stage is not None or (project / SETTINGS_FILE).exists():
        settings, deployment = read_deployment(project, stage)
        region = region or settings.deployment.region
    checks = _check_aws(deployment, profile, region)
    with progress() as on_step:
        on_step("Looking at Python and Docker")
        checks = [_check_python(settings), _check_docker(), *checks]
    if settings is None:
        checks.append(_no_project())
    if as_json:
        echo_json([asdict(check) for check in checks])
    else:
        for check in checks:
            click.echo(f"{_MARKS[check.verdict]:<6}{check.name:<15}{check.says}")
            if check.remedy:
                click.echo(f"{'':<21}{check.remedy}")
    if any(check.verdict == BAD for check in checks):
        raise click.exceptions.Exit(1)


def _check_aws(deployment: Deployment | None, profile: str | None, region: str | None) -> list[Check]:
    """Before anything is shown: the code of an MFA device may be asked for."""
    from iris_model.aws.calls import Aws
    from iris_model.aws.doctor import BAD, GOOD, Check, check_aws
    from iris_model.aws.session import BotoTransport

    try:
        transport = BotoTransport(profile, region)
    except IrisModelError as error:
        return [Check("configuration", BAD, error.problem, error.remedy)]
    found = [Check("region", GOOD, transport.region)]
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
        says = f"{here} here, {settings.python} in the function: its modules travel as sources, which start more slowly"
        return Check("Python", WARNING, says, f"Package with Python {settings.python}.")
    return Check("Python", GOOD, here)


def _no_project() -> Check:
    from iris_model.aws.doctor import WARNING, Check

    says = f"there is no {SETTINGS_FILE} here, so that its permissions were not looked at"
    return Check("project", WARNING, says, "Name one: iris-model doctor PROJECT, or make one: iris-model init DIR")


def _check_docker() -> Check:
    from iris_model.aws.doctor import GOOD, WARNING, Check

    if shutil.which("docker") is None:
        return Check("Docker", WARNING, "not here", "Nothing needs it: iris-model builds images by itself.")
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return Check("Docker", WARNING, "does not answer", "Start it anew, or do without it.")
    if done.returncode:
        return Check("Docker", WARNING, "installed, and not running", "Start it, or do without it.")
    return Check("Docker", GOOD, done.stdout.strip())
