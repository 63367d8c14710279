"""The documents of an image: files next to a layout or an archive on disk, referrers in a registry.

Returns JSON. The documents are not opened. If the registry fails, the result contains the problem.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from iris_model.errors import OciError
from iris_model.image.bases.connecting import Connect, connect_registry
from iris_model.image.supply_chain.documents import find_documents
from iris_model.oci import DOCKER, OCI, Image, Reference
from iris_model.oci.registry import find_referrers
from iris_model.oci.registry.referrer_tags import fallback_tag


def describe_documents(text: str, image: Image, *, connect: Connect = connect_registry) -> dict[str, Any]:
    """Return the documents of the image `text`, a reference as in `examine.open_image`, as JSON."""
    path = Path(text if Path(text).exists() or "@sha256:" in text else text.partition("@")[0])
    if path.exists():
        found = find_documents(path, _digests(image))
        return {"files": [{"media_type": media_type, "path": str(file)} for media_type, file in found.items()]}
    repository = Reference.parse(text).repository
    try:
        referrers = find_referrers(connect(repository.registry), repository, image.digest)
    except OciError as failure:
        return {"referrers": [], "problem": failure.problem}
    entries = [
        {
            "digest": str(each.digest),
            "artifact_type": each.artifact_type or each.media_type,
            "manifest_bytes": each.size,
            "annotations": dict(each.annotations),
        }
        for each in referrers.descriptors
    ]
    tag = "" if referrers.listed_by_registry else fallback_tag(image.digest)
    return {"referrers": entries, "listed_by": "registry" if not tag else f"tag {tag}"}


def _digests(image: Image) -> list[str]:
    """Return the image's digest in each family of media types: a layout has OCI's, a built image mostly Docker's."""
    found = [str(image.digest)]
    for family in (DOCKER, OCI):
        with suppress(OciError):
            found.append(str(image.with_family(family).digest))
    return found
