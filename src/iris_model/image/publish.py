"""A built image to a registry: what is missing there, manifest last; then SBOM and provenance beside it, as referrers.

Base layers that the registry has, or can mount from a sister repository, are never opened, and so never downloaded. Whatever
happens to what lies beside the image, the image itself is pushed, and stays one plain manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iris_model.errors import OciError
from iris_model.image.connecting import Connect, connect_registry
from iris_model.image.documents import SUFFIXES
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
"""Where the list of what lies beside an image may be kept: by the registry or else under the specification's tag; by the
registry only; nowhere."""


@dataclass(frozen=True)
class Published:
    """What a push did, and what was put beside the image."""

    report: PushReport
    attached: tuple[str, ...] = ()
    """Media types of the documents that the registry keeps beside the image."""

    tag: str = ""
    """The tag under which they are listed, where the registry keeps no list itself."""

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
) -> Published:
    """Push an image; `documents` (media type -> bytes) go beside it, listed as `referrers` says (one of REFERRERS)."""
    client = connect(reference.repository.registry)
    same = base is not None and base.repository.registry == reference.repository.registry
    sisters = (base.repository.name,) if base is not None and same else ()
    pushed = push(client, image, reference, report=report, mount_from=sisters)
    if not documents or referrers == "none":
        return Published(pushed)
    repository = pushed.reference.repository
    try:
        if referrers == "api" and not find_referrers(client, repository, image.digest).listed_by_registry:
            return Published(
                pushed,
                note="the registry keeps no referrers by itself: SBOM and provenance lie beside the image on disk only",
            )
        artifacts = [_artifact(media_type, data) for media_type, data in documents.items()]
        kept = attach(client, repository, image.manifest.descriptor, artifacts)
        tag = "" if kept.listed_by_registry else fallback_tag(image.digest)
        return Published(pushed, tuple(documents), tag)
    except OciError as failure:
        # The image is there and right; what belongs beside it must not make that look like a failure.
        return Published(pushed, note=f"SBOM and provenance were not put beside the image: {failure.problem}")


def _artifact(media_type: str, data: bytes) -> Artifact:
    # A name, so that tools which fetch it (`oras pull`) know what to call the file.
    title = {TITLE: f"image{SUFFIXES[media_type]}"} if media_type in SUFFIXES else {}
    return Artifact(media_type, (ArtifactFile(media_type, data, title),))
