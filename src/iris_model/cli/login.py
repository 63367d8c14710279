"""`iris-model login`: Docker may push to ECR."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from iris_model.cli.deployment import aws_options, connect, project_argument, read_deployment, stage_option
from iris_model.cli.output import echo_json, json_option


@click.command()
@project_argument
@stage_option
@aws_options
@json_option
def login(project: Path, stage: str | None, profile: str | None, region: str | None, as_json: bool) -> None:
    """Log Docker in to the registry of ECR, for 12 hours.

    It writes what `docker login` writes. `iris-model deploy` does not need it.

    \b
    Example:
      iris-model login --region eu-west-1
    """
    settings, _ = read_deployment(project, stage)
    transport, aws = connect(profile, region or settings.deployment.region)
    from iris_model.aws.docker_login import config_path, write_login
    from iris_model.aws.repository import log_in, registry_at

    found = log_in(aws)
    found = replace(found, registry=registry_at(found.registry, transport.endpoint_url("ecr")))
    place = write_login(config_path(os.environ), found)
    if as_json:
        echo_json({"registry": found.registry, "kept_in": place})
        return
    click.echo(f"Docker may push to {found.registry} for 12 hours; the password is kept in {place}.")
