"""Push a built image to a registry: missing blobs, then the manifest, then SBOM and provenance as referrers.

Base layers that the registry has, or can mount from another repository, are not opened and therefore not downloaded.
The image itself is one plain manifest, independent of the attached documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iris_model.errors import OciError
from iris_model.image.bases.connecting import Connect, connect_registry
from iris_model.image.supply_chain.documents import SUFFIXES
from iris_model.oci import Image, Reference
from iris_model.oci.progress import Reporter, silent
from iris_model.oci.registry import (
    Artifact,
    ArtifactFile,
    PushReport,
    attach,
    find_referrers,
    push,
)
from iris_model.oci.registry.referrer_tags import fallback_tag
from iris_model.oci.registry.referrers import TITLE

REFERRERS = ("auto", "api", "none")
"""Who keeps the list of referrers. auto: the registry, or else the tag of the specification; api: only the registry;
none: no list."""


@dataclass(frozen=True)
class PublishedImage:
    """The result of a push, and what was attached to the image."""

    report: PushReport
    attached: tuple[str, ...] = ()
    """Media types of the documents that are attached to the image."""

    tag: str = ""
    """The tag that lists them, if the registry keeps no list itself."""

    note: str = ""


def publish(
    image: Image,
    reference: Reference,
    *,
    documents: Mapping[str, bytes] | None = None,
    referrers: str = "auto",
    base: Reference | None = None,
    connect: Connect = connect_registry,
    report: Reporter = silent,
) -> PublishedImage:
    """Push an image with its documents.

    `documents` (media type -> bytes) are attached to the image. `referrers`: how they are listed, one of REFERRERS.
    """
    client = connect(reference.repository.registry)
    same = base is not None and base.repository.registry == reference.repository.registry
    sisters = (base.repository.name,) if base is not None and same else ()
    pushed = push(client, image, reference, report=report, mount_from=sisters)
    if not documents or referrers == "none":
        return PublishedImage(pushed)
    repository = pushed.reference.repository
    try:
        if referrers == "api" and not find_referrers(client, repository, image.digest).listed_by_registry:
            return PublishedImage(
                pushed,
                note="the registry does not list referrers: SBOM and provenance are on disk only",
            )
        artifacts = [_artifact(media_type, data) for media_type, data in documents.items()]
        kept = attach(client, repository, image.manifest.descriptor, artifacts)
        tag = "" if kept.listed_by_registry else fallback_tag(image.digest)
        return PublishedImage(pushed, tuple(documents), tag)
    except OciError as failure:
        # The image was pushed. A problem with its documents must not be reported as a failed push.
        return PublishedImage(pushed, note=f"SBOM and provenance were not attached to the image: {failure.problem}")


def _artifact(media_type: str, data: bytes) -> Artifact:
    # A file name for tools that download it (`oras pull`).
    title = {TITLE: f"image{SUFFIXES[media_type]}"} if media_type in SUFFIXES else {}
    return Artifact(media_type, (ArtifactFile(media_type, data, title),))
