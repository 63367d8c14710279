"""Descriptors: a manifest's description of a blob: media type, digest and size.

JSON is not trusted: fields of the wrong type raise InvalidImage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from iris_model.errors import InvalidImage, InvalidReference
from iris_model.oci.digests import Digest
from iris_model.oci.platforms import Platform

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Descriptor:
    """The digest, size and media type of a blob."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    artifact_type: str = ""
    urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, media_type: str, data: bytes, **more: Any) -> Descriptor:
        """Return the descriptor of bytes."""
        return cls(media_type, Digest.of(data), len(data), **more)

    @classmethod
    def from_document(cls, document: Any, where: str) -> Descriptor:
        """Parse a descriptor. `where` is its place, for messages. Raises InvalidImage."""
        fields = expect_object(document, where)
        media_type, digest, size = fields.get("mediaType"), fields.get("digest"), fields.get("size")
        if not isinstance(media_type, str) or not isinstance(digest, str):
            raise InvalidImage(
                f"{where}: a descriptor needs the strings mediaType and digest, got {media_type!r} and {digest!r}"
            )
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise InvalidImage(f"{where}: the size of {digest} is {size!r}, expected a number of bytes")
        try:
            parsed = Digest.parse(digest)
        except InvalidReference as wrong:
            raise InvalidImage(f"{where}: {wrong.problem}") from None
        platform = fields.get("platform")
        return cls(
            media_type,
            parsed,
            size,
            Platform.from_document(expect_object(platform, f"{where}: platform")) if platform else None,
            expect_texts(fields.get("annotations"), f"{where}: annotations"),
            str(fields.get("artifactType") or ""),
            expect_text_list(fields.get("urls"), f"{where}: urls"),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the descriptor as JSON, as in manifests."""
        document: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        if self.urls:
            document["urls"] = list(self.urls)
        if self.annotations:
            document["annotations"] = dict(sorted(self.annotations.items()))
        if self.platform:
            document["platform"] = self.platform.to_document()
        if self.artifact_type:
            document["artifactType"] = self.artifact_type
        return document


def expect_object(document: Any, where: str) -> Mapping[str, Any]:
    """Return `document` if it is a JSON object. Raises InvalidImage."""
    if not isinstance(document, Mapping):
        raise InvalidImage(f"{where}: expected a JSON object, got {type(document).__name__}")
    return document


def expect_list(document: Any, where: str) -> list[Any]:
    """Return `document` if it is a JSON array. Raises InvalidImage."""
    if not isinstance(document, list):
        raise InvalidImage(f"{where}: expected a JSON array, got {type(document).__name__}")
    return document


def expect_text_list(document: Any, where: str) -> tuple[str, ...]:
    """Return a JSON array of strings; empty if absent. Raises InvalidImage."""
    found = [] if document is None else expect_list(document, where)
    if not all(isinstance(each, str) for each in found):
        raise InvalidImage(f"{where}: every entry must be a string")
    return tuple(found)


def expect_texts(document: Any, where: str) -> Mapping[str, str]:
    """Return a JSON object of strings; empty if absent. Raises InvalidImage."""
    if document is None:
        return NOTHING
    found = expect_object(document, where)
    if not all(isinstance(value, str) for value in found.values()):
        raise InvalidImage(f"{where}: every value must be a string")
    return MappingProxyType(dict(found))
