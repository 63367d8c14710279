"""Push an image from anywhere to ECR: open it, then send the missing blobs.

An image for another architecture or a damaged one is refused before a byte is sent. AWS does not document whether
Lambda accepts hard links or devices. They are reported, and the verification decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.ecr.images import tag_for
from iris_model.aws.ecr.repository import log_in, registry_of
from iris_model.aws.state.observe import find_repository
from iris_model.contract.architecture import Architecture
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError
from iris_model.image.destinations.publish import publish
from iris_model.oci import DOCKER, BlobStore, Image, Platform, Reference, Repository, read_image, validate
from iris_model.oci.progress import Progress
from iris_model.oci.registry import Credentials, RegistryClient, fixed, pull
from iris_model.oci.validation import DAMAGE, REFUSED, Finding


def open_image(named: str, architecture: str, cache: Path) -> tuple[Image, list[Finding]]:
    """Open a layout or an archive at a path, or an image of a registry. Return it with findings about Lambda's rules.

    Layers of a registry's image are not read.
    """
    if not Path(named).exists():
        reference = Reference.parse(named)
        client = RegistryClient(reference.repository.registry)
        return pull(client, reference, platform=Platform(architecture=Architecture(architecture).oci)), []
    # Docker media types and gzip: what Lambda has always accepted.
    image = read_image(Path(named)).with_gzip_layers(store=BlobStore(cache)).with_family(DOCKER)
    check_architecture(image, named, architecture)
    findings = validate(image)
    damaged = [finding for finding in findings if finding.severity == DAMAGE]
    if damaged:
        listing = "\n".join(f"  - {finding.subject}: {finding.problem}" for finding in damaged)
        raise DeploymentError(f"the image {named} is damaged:\n{listing}", remedy=damaged[0].remedy)
    return image, [finding for finding in findings if finding.severity == REFUSED]


def check_architecture(image: Image, named: str, architecture: str) -> None:
    """Refuse an image for another architecture than the function's."""
    found = image.platform.architecture
    if found != Architecture(architecture).oci:
        word = Architecture.named(found) or found
        raise DeploymentError(
            f"the image {named} is for {found}, but the function is for {architecture}, so it would not start",
            remedy=f'Build it for {architecture}, or set architecture = "{word}" in iris-model.toml.',
        )


def push_image(
    aws: Aws,
    deployment: Deployment,
    image: Image,
    endpoint_url: str,
    on_step: OnStep,
    *,
    documents: Mapping[str, bytes] | None = None,
    base: Reference | None = None,
) -> None:
    """Push what the repository does not have; the manifest is last.

    `documents` (media type -> bytes) are attached to the image.
    """
    repository = find_repository(aws, deployment.repository)
    if repository is None:
        raise DeploymentError(
            f"the repository {deployment.repository} was deleted by another user or process",
            remedy="Run the same command again.",
        )
    login = log_in(aws)
    registry = registry_of(repository, endpoint_url)
    is_emulator = registry != login.registry
    client = RegistryClient(
        registry,
        credentials=fixed(Credentials(login.user, login.password)),
        plain_http=True if is_emulator and endpoint_url.startswith("http://") else None,
    )
    target = Reference(Repository(registry, deployment.repository), tag_for(str(image.digest)))

    def report(progress: Progress) -> None:
        if progress.total:
            share = 100 * progress.done // progress.total
            on_step(f"Pushing {str(progress.digest)[:19]}: {share} % of {progress.total / 1e6:.1f} MB")

    try:
        published = publish(
            image,
            target,
            documents=documents,
            referrers="api",  # ECR lists referrers itself; a list under a tag cannot be changed if tags are immutable
            base=base,
            connect=lambda registry: client,
            report=report,
        )
        if published.note:
            on_step(published.note)
    finally:
        client.close()
