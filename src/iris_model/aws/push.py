"""An image, wherever it is, to the repository: what is named in, the image with its digest out; then its missing blobs into ECR.

An image for another processor or with damage is refused here, before a byte is sent. Whether Lambda's unpacker takes hard links
or devices depends on more than is written down: those are told, and the verification shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import Deployment
from iris_model.aws.images import tag_for
from iris_model.aws.observe import find_repository
from iris_model.aws.repository import log_in, registry_of
from iris_model.errors import DeploymentError
from iris_model.image.publish import publish
from iris_model.oci import DOCKER, BlobStore, Image, Platform, Reference, Repository, read_image, validate
from iris_model.oci.progress import Progress
from iris_model.oci.registry import Credentials, RegistryClient, fixed, pull
from iris_model.oci.validation import DAMAGE, REFUSED, Finding

# Lambda's word -> that of images.
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


def open_image(named: str, architecture: str, cache: Path) -> tuple[Image, list[Finding]]:
    """Open a layout or an archive at a path, or an image of a registry; with what Lambda may say against it.

    Nothing large is read but what is on this disk: an image of a registry is taken at its word.
    """
    if not Path(named).exists():
        reference = Reference.parse(named)
        client = RegistryClient(reference.repository.registry)
        return pull(client, reference, platform=Platform(architecture=_ARCHITECTURES[architecture])), []
    # Docker's words and gzip: what Lambda has taken from the beginning.
    image = read_image(Path(named)).with_gzip_layers(store=BlobStore(cache)).with_family(DOCKER)
    check_architecture(image, named, architecture)
    findings = validate(image)
    damaged = [finding for finding in findings if finding.severity == DAMAGE]
    if damaged:
        listing = "\n".join(f"  - {finding.subject}: {finding.problem}" for finding in damaged)
        raise DeploymentError(f"the image {named} is damaged:\n{listing}", remedy=damaged[0].remedy)
    return image, [finding for finding in findings if finding.severity == REFUSED]


def check_architecture(image: Image, named: str, architecture: str) -> None:
    """Refuse an image that is for another processor than the function."""
    found = image.platform.architecture
    if found != _ARCHITECTURES[architecture]:
        raise DeploymentError(
            f"the image {named} is for {found}, and the function for {architecture}: it would not start",
            remedy=f'Build it for {architecture}, or set architecture = "{_lambda_word(found)}" in iris-model.toml.',
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
    """Push what the repository does not have yet; the manifest goes last. `documents` (media type -> bytes) go beside it."""
    repository = find_repository(aws, deployment.repository)
    if repository is None:
        raise DeploymentError(
            f"the repository {deployment.repository} was deleted by somebody else", remedy="Run the same command again."
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
            referrers="api",  # ECR lists them itself; a list under a tag would be one that these tags cannot change
            base=base,
            connect=lambda registry: client,
            report=report,
        )
        if published.note:
            on_step(published.note)
    finally:
        client.close()


def _lambda_word(architecture: str) -> str:
    return next((word for word, theirs in _ARCHITECTURES.items() if theirs == architecture), architecture)
