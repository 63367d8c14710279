"""`iris-model destroy`: delete everything that deploy created."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.sources.deployment import (
    aws_options,
    connect,
    list_other_functions,
    project_argument,
    read_deployment,
    stage_option,
)
from iris_model.cli.terminal import echo
from iris_model.errors import IrisModelError


@click.command()
@project_argument
@stage_option
@aws_options
@click.option(
    "--images",
    is_flag=True,
    help="Also delete the repository with all its images, or the bucket with all its zip archives.",
)
@click.option("--logs", is_flag=True, help="Also delete the log group.")
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
    """Delete everything that deploy created.

    The command lists the resources and asks before it deletes them. The images and the log are kept, unless you add
    --images or --logs.

    \b
    Example:
      iris-model destroy --stage test
      iris-model destroy --images --logs --yes
    """
    settings, deployment = read_deployment(project, stage)
    _, aws = connect(profile, region or settings.deployment.region)
    from iris_model.aws.deploying.destroy import check_images_may_go, find_remains
    from iris_model.aws.deploying.destroy import destroy as destroy_on_aws

    remains = find_remains(aws, deployment)
    going = [*remains.resources, *([f"the stack {remains.stack}"] if remains.stack else [])]
    going += (
        [f"the repository {remains.repository} with {remains.images} images"] if images and remains.repository else []
    )
    if images and remains.bucket:
        going.append(f"the bucket {remains.bucket} with {remains.archives} archives")
    going += [f"the log group {remains.log_group}"] if logs and remains.log_group else []
    if images and remains.repository:
        check_images_may_go(aws, deployment, list_other_functions(project, deployment))
    if remains.stack_remark:
        echo(f"The stack {remains.stack} is {remains.stack_remark}.", err=True)
    if going and not yes:
        echo(f"These resources will be deleted in {aws.region}:", err=True)
        for name in going:
            echo(f"  {name}", err=True)
        _confirm()
    with progress() as on_step:
        retained = destroy_on_aws(aws, deployment, remains, images=images, logs=logs, on_step=on_step)
    if as_json:
        echo_json({"deleted": going, "retained": retained, **asdict(remains)})
        return
    gone = len(going) - len(retained)
    echo(f"{deployment.function}: {gone} resources were deleted." if going else "Nothing to delete.")
    if retained:
        echo(f"CloudFormation could not delete {', '.join(retained)}. Delete what is left in the console.")
    if remains.repository and not images:
        echo(f"The repository {remains.repository} is kept with {remains.images} images; --images deletes it.")
    if remains.bucket and not images:
        echo(f"The bucket {remains.bucket} is kept with {remains.archives} archives; --images deletes it.")
    if remains.log_group and not logs:
        echo(f"The log group {remains.log_group} is kept; --logs deletes it.")


def _confirm() -> None:
    try:
        click.confirm("Delete them?", abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        echo(err=True)
        raise IrisModelError(
            "nothing was deleted: destroy asks first, and there is no terminal to answer",
            remedy="Check the list, then add --yes.",
        ) from None
