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

from iris_model.cli.deployment import aws_options, connect, project_argument, read_deployment, stage_option
from iris_model.cli.output import echo_json, json_option, progress
from iris_model.errors import IrisModelError

if TYPE_CHECKING:
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

    Python, Docker, credentials, region, clock, and which permissions are missing. Exits with 1 if something is bad.

    \b
    Example:
      iris-model doctor --stage prod
    """
    settings, deployment = read_deployment(project, stage)
    from iris_model.aws.doctor import BAD, Check, check_aws

    with progress() as on_step:
        on_step("Looking at Python and Docker")
        checks = [_check_python(settings), _check_docker()]
        on_step("Asking AWS")
        try:
            _, aws = connect(profile, region or settings.deployment.region)
            checks += check_aws(aws, deployment, lambda: datetime.datetime.now(datetime.UTC))
        except IrisModelError as error:
            checks.append(Check("region", BAD, error.problem, error.remedy))
    if as_json:
        echo_json([asdict(check) for check in checks])
    else:
        for check in checks:
            click.echo(f"{_MARKS[check.verdict]:<6}{check.name:<13}{check.says}")
            if check.remedy:
                click.echo(f"{'':<19}{check.remedy}")
    if any(check.verdict == BAD for check in checks):
        raise click.exceptions.Exit(1)


def _check_python(settings: ProjectSettings) -> Check:
    from iris_model.aws.doctor import GOOD, WARNING, Check

    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if settings.python and settings.python != here:
        says = f"{here} here, {settings.python} in the function: its modules travel as sources, which start more slowly"
        return Check("Python", WARNING, says, f"Package with Python {settings.python}.")
    return Check("Python", GOOD, here)


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
