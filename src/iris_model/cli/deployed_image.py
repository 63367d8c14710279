"""Which image is deployed, how it comes into the repository, and which golden rows verify it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_model.cli.output import OnStep
from iris_model.errors import IrisModelError

if TYPE_CHECKING:
    from iris_model.aws.calls import Aws
    from iris_model.aws.deployment import Deployment
    from iris_model.aws.session import BotoTransport
    from iris_model.image.build import BuiltImage
    from iris_model.oci import Image

    Push = Callable[[Aws, Deployment, str], None]

_DIGEST = re.compile(r"(?:.*@)?(sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class ChosenImage:
    """An image by its digest; `function_directory` is what is in it, if it was built here."""

    digest: str
    push: Push
    function_directory: Path | None = None


def choose_image(
    named: str | None, deployment: Deployment, project: Path, transport: BotoTransport, on_step: OnStep
) -> ChosenImage:
    """Take the image that is named, or build the project's."""
    if named is None:
        return _build(project, transport, on_step)
    if (found := _DIGEST.fullmatch(named)) and (".dkr.ecr." in named or "@" not in named):
        return ChosenImage(found[1], _refuse)
    from iris_model.aws.push import open_image

    on_step(f"Opening the image {named}")
    image, findings = open_image(named, deployment.architecture, project / ".iris-model" / "cache")
    for finding in findings:
        click.echo(f"Note: Lambda may refuse {finding.subject[:26]}: {finding.problem}. {finding.remedy}", err=True)
    return ChosenImage(str(image.digest), _pusher(image, transport, on_step, place=Path(named)))


def find_built(project: Path) -> str | None:
    """Return the digest of the image that `iris-model build` wrote last, if it did."""
    from iris_model.image.build import layout_of
    from iris_model.oci import DOCKER, read_layout

    layout = layout_of(project)
    # A layout is in OCI's words; what is pushed is in Docker's, which Lambda knows longest.
    return str(read_layout(layout).with_family(DOCKER).digest) if (layout / "index.json").exists() else None


def _build(project: Path, transport: BotoTransport, on_step: OnStep) -> ChosenImage:
    """Build the image of the project, whatever the stage: all stages share it."""
    from iris_model.image.build import build_image, one_build_at_a_time

    with one_build_at_a_time(project, on_step):
        built = build_image(project, on_step=on_step)
    for note in built.notes if not built.packaged.unchanged else ():
        click.echo(f"Note: {note}.", err=True)
    push = _pusher(built.image, transport, on_step, built)
    return ChosenImage(str(built.image.digest), push, built.packaged.directory)


def _pusher(
    image: Image,
    transport: BotoTransport,
    on_step: OnStep,
    built: BuiltImage | None = None,
    *,
    place: Path | None = None,
) -> Push:
    """Make what pushes; what was built here has SBOM and provenance to go beside it, now or in files beside `place`."""
    from iris_model.aws.push import push_image
    from iris_model.image import provenance, sbom
    from iris_model.image.documents import read_documents

    def push(aws: Aws, deployment: Deployment, digest: str) -> None:
        documents, base = {}, None
        if place is not None:
            documents = read_documents(place, [digest])
        if built is not None:
            documents[sbom.MEDIA_TYPE] = sbom.render_sbom(built).data
            documents[provenance.MEDIA_TYPE] = provenance.render_provenance(built)
            base = built.base.reference
        push_image(
            aws, deployment, image, transport.endpoint_url("ecr"), on_step, documents=documents, base=base
        )  # fmt: skip

    return push


def _refuse(aws: Aws, deployment: Deployment, digest: str) -> None:
    raise IrisModelError(
        f"the repository {deployment.repository} does not have the image {digest[:19]}, of which only the digest was named",
        remedy="Name the image itself with --image: a path, or its name in another registry.",
    )
