"""The image or archive to deploy, the function that pushes it, and the golden rows for verification."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iris_model.cli.render.output import OnStep
from iris_model.cli.verbosity import echo_note
from iris_model.errors import IrisModelError

if TYPE_CHECKING:
    from iris_model.aws.client.calls import Aws
    from iris_model.aws.client.session import BotoTransport
    from iris_model.contract.deployment import Deployment
    from iris_model.image.build import BuiltImage
    from iris_model.oci import Image

    Push = Callable[[Aws, Deployment, str], None]

_DIGEST = re.compile(r"(?:.*@)?(sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class ChosenImage:
    """An image or an archive by digest. `function_directory`: its content, if it was built on this machine. `runtime`:
    "native", "python", or None if that is not known, and `runtime_reason`: why. `lambda_runtime`: Lambda's runtime of an
    archive.
    """

    digest: str
    push: Push
    function_directory: Path | None = None
    runtime: str | None = None
    lambda_runtime: str = ""
    runtime_reason: str = ""


def choose_image(
    named: str | None, deployment: Deployment, project: Path, transport: BotoTransport, on_step: OnStep
) -> ChosenImage:
    """Return the given image, or build the image or the archive of the project."""
    if deployment.is_zip:
        return _build_archive(named, project, on_step)
    if named is None:
        return _build(project, transport, on_step)
    if (found := _DIGEST.fullmatch(named)) and (".dkr.ecr." in named or "@" not in named):
        return ChosenImage(found[1], _refuse)
    from iris_model.aws.ecr.push import open_image
    from iris_model.image.assemble import runtime_of

    on_step(f"Opening the image {named}")
    image, findings = open_image(named, deployment.architecture, project / ".iris-model" / "cache")
    for finding in findings:
        echo_note(f"Lambda may refuse {finding.subject[:26]}: {finding.problem}. {finding.remedy}")
    push = _pusher(image, transport, on_step, place=Path(named))
    return ChosenImage(str(image.digest), push, runtime=runtime_of(image))


def _build_archive(named: str | None, project: Path, on_step: OnStep) -> ChosenImage:
    from iris_model.aws.s3.bucket import upload_archive
    from iris_model.aws.state.observe import find_account
    from iris_model.cli.sources.built_archive import build_project_archive

    if named is not None:
        raise IrisModelError(
            f'--image {named}: the project has package-type = "zip", and its archive is built from the project',
            remedy="Omit --image.",
        )
    built, _ = build_project_archive(project, on_step)
    for note in built.notes if not built.packaged.unchanged else ():
        echo_note(f"{note}.")

    def push(aws: Aws, deployment: Deployment, digest: str) -> None:
        upload_archive(aws, deployment, find_account(aws), digest, built.data)

    packaged = built.packaged
    return ChosenImage(
        built.digest, push, packaged.directory, packaged.settings.runtime, built.runtime, packaged.runtime_reason
    )


def find_built(project: Path) -> str | None:
    """Return the digest that the last image of `iris-model build` has when it is pushed; None without a build."""
    from iris_model.oci import DOCKER

    image = _read_built(project)
    # Layouts use OCI media types. Pushes use Docker media types, which Lambda has supported for longer.
    return str(image.with_family(DOCKER).digest) if image else None


def find_built_runtime(project: Path) -> str | None:
    """Return the runtime of the last image of `iris-model build`: "native" or "python"; None without a build."""
    from iris_model.image.assemble import runtime_of

    image = _read_built(project)
    return runtime_of(image) if image else None


def find_built_architecture(project: Path) -> str | None:
    """Return the architecture of the last image of `iris-model build`, in the words of Lambda; None without a build."""
    from iris_model.contract.architecture import Architecture

    image = _read_built(project)
    return Architecture.named(image.platform.architecture) if image else None


def _read_built(project: Path) -> Image | None:
    from iris_model.image.build import layout_of
    from iris_model.oci import read_layout

    layout = layout_of(project)
    return read_layout(layout) if (layout / "index.json").exists() else None


def _build(project: Path, transport: BotoTransport, on_step: OnStep) -> ChosenImage:
    """Build the image of the project. It does not depend on the stage: all stages share it."""
    from iris_model.image.assemble import runtime_of
    from iris_model.image.build import build_image, one_build_at_a_time

    with one_build_at_a_time(project, on_step):
        built = build_image(project, on_step=on_step)
    for note in built.notes if not built.packaged.unchanged else ():
        echo_note(f"{note}.")
    push = _pusher(built.image, transport, on_step, built)
    reason = built.packaged.runtime_reason
    return ChosenImage(
        str(built.image.digest), push, built.packaged.directory, runtime_of(built.image), runtime_reason=reason
    )


def _pusher(
    image: Image,
    transport: BotoTransport,
    on_step: OnStep,
    built: BuiltImage | None = None,
    *,
    place: Path | None = None,
) -> Push:
    """Return the function that pushes. SBOM and provenance of a local build are attached, from memory or from files next
    to `place`.
    """
    from iris_model.aws.ecr.push import push_image
    from iris_model.image.supply_chain import provenance, sbom
    from iris_model.image.supply_chain.documents import read_documents

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
        f"the repository {deployment.repository} does not have the image {digest[:19]}, and only its digest was given",
        remedy="Pass the image itself with --image: a path, or a reference in another registry.",
    )
