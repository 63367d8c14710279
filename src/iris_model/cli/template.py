"""`iris-model template`: the CloudFormation template of a project."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.deployed_image import find_built
from iris_model.cli.deployment import project_argument, read_deployment, stage_option
from iris_model.cli.output import echo_json
from iris_model.errors import DeploymentError


@click.command()
@project_argument
@stage_option
@click.option(
    "--image",
    metavar="URI",
    help="The image by its digest, REGISTRY/REPOSITORY@sha256:... or the digest alone.  [default: what build wrote last]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the template as JSON; CloudFormation takes both.")
def template(project: Path, stage: str | None, image: str | None, as_json: bool) -> None:
    """Print the CloudFormation template of a project.

    It is what `deploy` deploys: one plain template without transforms, to read, to keep, and to deploy with any tool.
    It is made without reaching AWS.

    \b
    Example:
      iris-model template
      iris-model template --stage prod --image $URI > template.yaml
    """
    _, deployment = read_deployment(project, stage)
    from iris_model.aws.images import read_image
    from iris_model.aws.template import render_template

    image = image or find_built(project)
    if image is None:
        raise DeploymentError(
            f"{project} has no image yet, and the template names it by its digest",
            remedy="Build it (iris-model build), or name one: --image sha256:...",
        )
    text = render_template(deployment, read_image(image, deployment.repository))
    if as_json:
        from iris_model.aws.yaml_text import plain, read

        echo_json(plain(read(text)))
        return
    click.echo(text, nl=False)
