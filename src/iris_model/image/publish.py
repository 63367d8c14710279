"""A built image to a registry: what is missing there, manifest last; then SBOM and provenance beside it, as referrers.

Base layers that the registry has, or can mount from a sister repository, are never opened, and so never downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iris_model.errors import RegistryError
from iris_model.image.base import Connect
from iris_model.oci import Image, Reference
from iris_model.oci.media_types import INDEXES
from iris_model.oci.progress import Reporter, silent
from iris_model.oci.registry import ArtifactFile, PushReport, RegistryClient, list_referrers, push, push_artifact
from iris_model.oci.registry.client import scopes_of
from iris_model.oci.registry.transport import Request


@dataclass(frozen=True)
class Published:
    """What a push did, and what was put beside the image."""

    report: PushReport
    attached: tuple[str, ...] = ()
    """Media types of the documents that the registry keeps beside the image."""

    note: str = ""


def publish(
    image: Image,
    reference: Reference,
    *,
    documents: Mapping[str, bytes] | None = None,
    base: Reference | None = None,
    connect: Connect = RegistryClient,
    report: Reporter = silent,
) -> Published:
    """Push an image; `documents` (media type -> bytes) go beside it where the registry keeps such things."""
    client = connect(reference.repository.registry)
    same = base is not None and base.repository.registry == reference.repository.registry
    sisters = (base.repository.name,) if base is not None and same else ()
    pushed = push(client, image, reference, report=report, mount_from=sisters)
    if not documents:
        return Published(pushed)
    try:
        if not keeps_referrers(client, pushed.reference):
            return Published(
                pushed, note="the registry keeps no referrers: SBOM and provenance lie beside the image on disk only"
            )
        return Published(pushed, _attach(client, image, pushed.reference, documents))
    except RegistryError as failure:
        # The image is there and right; what belongs beside it must not make that look like a failure.
        return Published(pushed, note=f"SBOM and provenance were not put beside the image: {failure.problem}")


def keeps_referrers(client: RegistryClient, reference: Reference) -> bool:
    """Whether the registry lists referrers by itself. Where it does not, clients keep them under a tag, which immutable tags
    and lifecycle rules of a repository would stumble over; so there we leave them out."""
    repository = reference.repository
    path = f"/v2/{repository.name}/referrers/{reference.digest}"
    request = Request("GET", path, f"list what refers to {reference}", scopes_of(repository), (("Accept", INDEX),))
    answer = client.transport.ask(request)
    return answer.status == 200 and answer.header("Content-Type").partition(";")[0].strip() in INDEXES


INDEX = "application/vnd.oci.image.index.v1+json"


def _attach(client: RegistryClient, image: Image, pinned: Reference, documents: Mapping[str, bytes]) -> tuple[str, ...]:
    there = {each.artifact_type for each in list_referrers(client, pinned.repository, image.digest)}
    for media_type, data in documents.items():
        if media_type not in there:
            file = ArtifactFile(media_type, data, {})
            push_artifact(client, pinned.repository, image.manifest.descriptor, media_type, [file])
    return tuple(documents)
