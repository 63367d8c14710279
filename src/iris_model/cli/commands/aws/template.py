"""`iris-model template`: print the CloudFormation template of a project."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.render.output import echo_json
from iris_model.cli.sources.built_archive import find_built_archive
from iris_model.cli.sources.deployed_image import find_built, find_built_architecture
from iris_model.cli.sources.deployment import project_argument, read_deployment, stage_option
from iris_model.errors import DeploymentError


@click.command()
@project_argument
@stage_option
@click.option(
    "--image",
    metavar="URI",
    help="Image by digest: REGISTRY/REPOSITORY@sha256:... or the digest alone.  [default: the last build]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["cloudformation", "sam"]),
    default="cloudformation",
    show_default=True,
    help="Template format. sam uses AWS::Serverless::Function.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of YAML.")
def template(project: Path, stage: str | None, image: str | None, form: str, as_json: bool) -> None:
    """Print the CloudFormation template of a project.

    It is the template that `deploy` uses. It contains no macros (`Transform`), so you can deploy it with any tool.
    With --format sam it is a template for `sam deploy` and `sam local`. AWS is not contacted.

    \b
    Example:
      iris-model template
      iris-model template --stage prod --image $URI > template.yaml
      iris-model template --format sam > template.yaml
    """
    _, deployment = read_deployment(project, stage)
    from iris_model.aws.cloudformation.code import find_code
    from iris_model.aws.cloudformation.sam import render_sam_template
    from iris_model.aws.cloudformation.template import render_template
    from iris_model.aws.ecr.images import read_image

    make = render_sam_template if form == "sam" else render_template
    if deployment.is_zip:
        if image is not None:
            raise DeploymentError(
                f'--image {image}: the project has package-type = "zip"',
                remedy="Omit --image: the template names the last build.",
            )
        archive = find_built_archive(project)
        if archive is None:
            raise DeploymentError(
                f"{project} has no archive yet, and the template needs its digest", remedy="Run `iris-model build`."
            )
        if archive.architecture != deployment.architecture:
            raise DeploymentError(
                f"the last archive of {project} is for {archive.architecture}, and the function has {deployment.architecture}",
                remedy="Run `iris-model build`, or set architecture in iris-model.toml.",
            )
        text = make(deployment, find_code(deployment, archive.digest, archive.lambda_runtime))
    else:
        built_for = None if image else find_built_architecture(project)
        image = image or find_built(project)
        if built_for not in (None, deployment.architecture):
            raise DeploymentError(
                f"the last image of {project} is for {built_for}, and the function has {deployment.architecture}",
                remedy="Run `iris-model build`, or set architecture in iris-model.toml.",
            )
        if image is None:
            raise DeploymentError(
                f"{project} has no image yet, and the template needs its digest",
                remedy="Run `iris-model build`, or pass --image sha256:...",
            )
        text = make(deployment, read_image(image, deployment.repository))
    if as_json:
        from iris_model.aws.cloudformation.yaml_text import plain, read

        echo_json(plain(read(text)))
        return
    click.echo(text, nl=False)
