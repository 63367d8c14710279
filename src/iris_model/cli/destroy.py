"""`iris-model destroy`: everything that deploy made, away again."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from iris_model.cli.deployment import (
    aws_options,
    connect,
    list_other_functions,
    project_argument,
    read_deployment,
    stage_option,
)
from iris_model.cli.output import echo_json, json_option, progress
from iris_model.errors import IrisModelError


@click.command()
@project_argument
@stage_option
@aws_options
@click.option("--images", is_flag=True, help="Delete the repository with all images too.")
@click.option("--logs", is_flag=True, help="Delete the log group too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def destroy(
    project: Path,
    stage: str | None,
    profile: str | None,
    region: str | None,
    images: bool,
    logs: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete what deploy made: list it, ask, delete.

    The images and the log stay, unless they are named.

    \b
    Example:
      iris-model destroy --stage test
      iris-model destroy --images --logs --yes
    """
    settings, deployment = read_deployment(project, stage)
    _, aws = connect(profile, region or settings.deployment.region)
    from iris_model.aws.destroy import check_images_may_go, find_remains
    from iris_model.aws.destroy import destroy as destroy_on_aws

    remains = find_remains(aws, deployment)
    going = [*remains.resources, *([f"the stack {remains.stack}"] if remains.stack else [])]
    going += (
        [f"the repository {remains.repository} with {remains.images} images"] if images and remains.repository else []
    )
    going += [f"the log group {remains.log_group}"] if logs and remains.log_group else []
    if images and remains.repository:
        check_images_may_go(aws, deployment, list_other_functions(project, deployment))
    if going and not yes:
        click.echo(f"These go, in {aws.region}:", err=True)
        for name in going:
            click.echo(f"  {name}", err=True)
        _confirm()
    with progress() as on_step:
        destroy_on_aws(aws, deployment, remains, images=images, logs=logs, on_step=on_step)
    if as_json:
        echo_json({"deleted": going, **asdict(remains)})
        return
    click.echo(f"{deployment.function}: {len(going)} things are deleted." if going else "There is nothing to delete.")
    if remains.repository and not images:
        click.echo(f"The repository {remains.repository} stays with {remains.images} images; --images deletes it.")
    if remains.log_group and not logs:
        click.echo(f"The log group {remains.log_group} stays; --logs deletes it.")


def _confirm() -> None:
    try:
        click.confirm("Delete them?", abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise IrisModelError(
            "nothing was deleted: destroy asks first, and nobody can answer here",
            remedy="Look at the list, then add --yes.",
        ) from None
