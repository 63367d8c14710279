"""`iris-model push`: push an image to a registry."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.options.referrers import referrers_option
from iris_model.cli.render.image_text import echo_published, published_document, transfer_bars
from iris_model.cli.render.output import echo_json, json_option
from iris_model.cli.render.registry_advice import registry_advice


@click.command()
@click.argument("source", metavar="PATH|REF")
@click.argument("reference", metavar="REF")
@click.option(
    "--format",
    "family_name",
    type=click.Choice(["docker", "oci", "as-is"]),
    default="docker",
    show_default=True,
    help="Manifest media type. With docker, the digest is the one that `build` prints. as-is pushes the image in its own "
    "format; for a layout on disk, that is OCI.",
)
@referrers_option
@click.option("--force", is_flag=True, help="Push the image even if AWS Lambda would refuse it.")
@json_option
def push(source: str, reference: str, family_name: str, referrers: str, force: bool, as_json: bool) -> None:
    """Push an image from disk or another registry.

    Layers that the registry already has are not sent. The manifest is sent last, so the tag changes only when
    everything is there. An image that AWS Lambda would refuse is not pushed. SBOM and provenance that `build` wrote
    next to PATH are attached as referrers.

    \b
    Example:
      iris-model push .iris-model/image registry.example/team/iris:1
      iris-model push image.tar 123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris:1
    """
    from iris_model.errors import ImageError
    from iris_model.image.destinations.publish import publish
    from iris_model.image.examine import open_image
    from iris_model.image.supply_chain.documents import read_documents
    from iris_model.oci import DOCKER, OCI, Reference, validate

    target = Reference.parse(reference)
    image = open_image(source)
    if family_name != "as-is":
        image = image.with_gzip_layers().with_family({"docker": DOCKER, "oci": OCI}[family_name])
    findings = [each for each in validate(image) if each.severity in ("damage", "refused")] if not force else []
    if findings:
        listing = "\n".join(f"  - {each.subject}: {each.problem}" for each in findings)
        raise ImageError(
            f"{source}: AWS Lambda would refuse this image:\n{listing}",
            remedy=f"{findings[0].remedy} Or use --force to push it anyway. Nothing was pushed.",
        )
    with registry_advice(target), transfer_bars() as report:
        documents = read_documents(Path(source.partition("@")[0]), [str(image.digest)])
        published = publish(image, target, documents=documents, referrers=referrers, report=report)
    if as_json:
        echo_json(published_document(published))
    else:
        echo_published(published)
