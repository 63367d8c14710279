"""`iris-model login`: log Docker in to Amazon ECR."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from iris_model.cli.render.output import echo_json, json_option
from iris_model.cli.sources.deployment import (
    aws_options,
    connect,
    project_argument,
    read_deployment,
    stage_option,
)
from iris_model.cli.terminal import echo


@click.command()
@project_argument
@stage_option
@aws_options
@json_option
def login(project: Path, stage: str | None, profile: str | None, region: str | None, as_json: bool) -> None:
    """Log Docker in to Amazon ECR for 12 hours.

    It writes the same configuration as `docker login`. `iris-model deploy` does not need it.

    \b
    Example:
      iris-model login --region eu-west-1
    """
    settings, _ = read_deployment(project, stage)
    transport, aws = connect(profile, region or settings.deployment.region)
    from iris_model.aws.ecr.docker_login import write_login
    from iris_model.aws.ecr.repository import log_in, registry_at
    from iris_model.oci.registry.docker_config import config_path

    found = log_in(aws)
    found = replace(found, registry=registry_at(found.registry, transport.endpoint_url("ecr")))
    place = write_login(config_path(os.environ), found)
    if as_json:
        echo_json({"registry": found.registry, "kept_in": place})
        return
    echo(f"Docker is logged in to {found.registry} for 12 hours. The password is stored in {place}.")
