"""`iris-model template`: the CloudFormation template of a project."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.deployment import project_argument, read_deployment, stage_option
from iris_model.cli.output import echo_json


@click.command()
@project_argument
@stage_option
@click.option(
    "--image",
    required=True,
    metavar="URI",
    help="The image by its digest: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris@sha256:..., or the digest alone.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the template as JSON; CloudFormation takes both.")
def template(project: Path, stage: str | None, image: str, as_json: bool) -> None:
    """Print the CloudFormation template of a project.

    It is what `deploy` deploys: one plain template without transforms, to read, to keep, and to deploy with any tool.
    It is made without reaching AWS.

    \b
    Example:
      iris-model template --image sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
      iris-model template --stage prod --image $URI > template.yaml
    """
    _, deployment = read_deployment(project, stage)
    from iris_model.aws.images import read_image
    from iris_model.aws.template import render_template

    text = render_template(deployment, read_image(image, deployment.repository))
    if as_json:
        from iris_model.aws.yaml_text import plain, read

        echo_json(plain(read(text)))
        return
    click.echo(text, nl=False)
