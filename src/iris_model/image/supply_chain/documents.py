"""The documents of an image next to a layout or an archive: file names, and whether they describe it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from iris_model.image.supply_chain import provenance, sbom

SUFFIXES = {sbom.MEDIA_TYPE: ".cdx.json", provenance.MEDIA_TYPE: ".intoto.json"}
"""Media type -> the suffix that is added to the name of the image's file."""

VULNERABILITIES_SUFFIX = ".vulnerabilities.json"
_LARGEST = 64 << 20


def document_path(place: Path, media_type: str) -> Path:
    """Return the path of a document of the image at `place`."""
    return place.with_name(place.name + SUFFIXES[media_type])


def find_documents(place: Path, digests: Iterable[str]) -> dict[str, Path]:
    """Return the documents next to `place` for an image with one of these digests, by media type.

    Documents of other builds are ignored.
    """
    wanted, found = set(digests), {}
    for media_type in SUFFIXES:
        path = document_path(place, media_type)
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            if path.stat().st_size <= _LARGEST and wanted & _subjects(media_type, json.loads(path.read_bytes())):
                found[media_type] = path
    return found


def read_documents(place: Path, digests: Iterable[str]) -> dict[str, bytes]:
    """Return the content of the documents that `find_documents` returns, by media type."""
    return {media_type: path.read_bytes() for media_type, path in find_documents(place, digests).items()}


def _subjects(media_type: str, document: Any) -> set[str]:
    if media_type == sbom.MEDIA_TYPE:
        return {str(document["metadata"]["component"]["version"])}
    return {f"{kind}:{value}" for each in document["subject"] for kind, value in each["digest"].items()}
