"""Parse and build manifests and indexes. The bytes of an unchanged manifest are preserved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iris_model.errors import InvalidImage, PlatformNotFound
from iris_model.oci.configs import canonical_json, parse_json
from iris_model.oci.descriptors import NOTHING, Descriptor, expect_list, expect_object, expect_texts
from iris_model.oci.digests import Digest
from iris_model.oci.media_types import DOCKER, INDEXES, MANIFESTS, OCI, SCHEMA_1, MediaTypes, family_of_manifest
from iris_model.oci.platforms import Platform

LARGEST_MANIFEST = 4 << 20
"""In bytes. The distribution specification asks registries to accept this size. Larger ones do not occur."""

_ATTESTATION = "vnd.docker.reference.type"
_UNSAID = 99


@dataclass(frozen=True)
class Manifest:
    """The config and the layers of an image or another artifact, as descriptors."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    subject: Descriptor | None = None
    artifact_type: str = ""
    data: bytes = field(default=b"", repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes, what: str, media_type: str = "") -> Manifest:
        """Parse a manifest. `media_type` is what the registry sent. Raises InvalidImage."""
        document = expect_object(parse_json(data, what), what)
        kind = manifest_kind(document, media_type, what)
        if kind not in MANIFESTS:
            raise InvalidImage(f"{what}: it has the media type {kind!r}, expected {DOCKER.manifest} or {OCI.manifest}")
        subject = document.get("subject")
        return cls(
            kind,
            Descriptor.from_document(document.get("config"), f"{what}: config"),
            tuple(
                Descriptor.from_document(each, f"{what}: layer {position}")
                for position, each in enumerate(expect_list(document.get("layers"), f"{what}: layers"))
            ),
            expect_texts(document.get("annotations"), f"{what}: annotations"),
            Descriptor.from_document(subject, f"{what}: subject") if subject else None,
            str(document.get("artifactType") or ""),
            data,
        )

    @classmethod
    def build(
        cls,
        family: MediaTypes,
        config: Descriptor,
        layers: tuple[Descriptor, ...],
        *,
        annotations: Mapping[str, str] = NOTHING,
        subject: Descriptor | None = None,
        artifact_type: str = "",
    ) -> Manifest:
        """Return a new manifest. Docker's format has no annotations, so they are left out."""
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": family.manifest,
            "config": config.to_document(),
            "layers": [layer.to_document() for layer in layers],
        }
        kept = annotations if family is OCI else NOTHING
        if kept:
            document["annotations"] = dict(sorted(kept.items()))
        if subject:
            document["subject"] = subject.to_document()
        if artifact_type:
            document["artifactType"] = artifact_type
        return cls(family.manifest, config, layers, kept, subject, artifact_type, canonical_json(document))

    @property
    def family(self) -> MediaTypes:
        """Docker's or OCI's media types."""
        return family_of_manifest(self.media_type)

    @property
    def descriptor(self) -> Descriptor:
        """The descriptor of this manifest."""
        return Descriptor.of(self.media_type, self.data, artifact_type=self.artifact_type or "")

    @property
    def digest(self) -> Digest:
        """The permanent name of the image."""
        return Digest.of(self.data)


@dataclass(frozen=True)
class Index:
    """Several manifests under one name, usually one for each platform."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    data: bytes = field(default=b"", repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes, what: str, media_type: str = "") -> Index:
        """Parse an index. Raises InvalidImage."""
        document = expect_object(parse_json(data, what), what)
        kind = manifest_kind(document, media_type, what)
        if kind not in INDEXES:
            raise InvalidImage(f"{what}: it has the media type {kind!r}, expected {OCI.index} or {DOCKER.index}")
        return cls(
            kind,
            tuple(
                Descriptor.from_document(each, f"{what}: manifest {position}")
                for position, each in enumerate(expect_list(document.get("manifests"), f"{what}: manifests"))
            ),
            expect_texts(document.get("annotations"), f"{what}: annotations"),
            data,
        )

    @classmethod
    def build(cls, manifests: tuple[Descriptor, ...], annotations: Mapping[str, str] = NOTHING) -> Index:
        """Return a new OCI index."""
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": OCI.index,
            "manifests": [each.to_document() for each in manifests],
        }
        if annotations:
            document["annotations"] = dict(sorted(annotations.items()))
        return cls(OCI.index, manifests, annotations, canonical_json(document))

    @property
    def descriptor(self) -> Descriptor:
        """The descriptor of this index."""
        return Descriptor.of(self.media_type, self.data)

    @property
    def images(self) -> tuple[Descriptor, ...]:
        """The entries, without the attestations that `docker buildx` adds."""
        return tuple(each for each in self.manifests if not is_attestation(each))

    def select(self, platform: Platform, what: str) -> Descriptor:
        """Return the best image for a platform. An image without a platform is the last choice."""
        ranked = [
            (preference, position, each)
            for position, each in enumerate(self.images)
            if (preference := platform.preference(each.platform) if each.platform else _UNSAID) is not None
        ]
        if not ranked:
            there = sorted({str(each.platform) for each in self.images})
            raise PlatformNotFound(
                f"{what}: no image for {platform}, only for {', '.join(there)}"
                if there
                else f"{what}: no image for {platform}: the index lists no image",
                remedy="Choose one of these platforms, or another base image.",
            )
        return min(ranked, key=lambda each: each[:2])[2]


def is_attestation(descriptor: Descriptor) -> bool:
    """Whether an entry of an index is an attestation, not an image."""
    unknown = descriptor.platform is not None and descriptor.platform.os == "unknown"
    return unknown or _ATTESTATION in descriptor.annotations


def manifest_kind(document: Mapping[str, Any], media_type: str, what: str) -> str:
    """Return the media type of a manifest or index: from its own field, the registry, or its other fields."""
    own = document.get("mediaType")
    if isinstance(own, str) and own:
        return own
    if media_type in SCHEMA_1 or document.get("schemaVersion") == 1:
        raise InvalidImage(
            f"{what}: the manifest has Docker's old format (schema 1)",
            remedy="Pull and push the image again with a current Docker.",
        )
    if media_type in MANIFESTS | INDEXES:
        return media_type
    if "manifests" in document:
        return OCI.index
    if "layers" in document and "config" in document:
        return OCI.manifest
    raise InvalidImage(f"{what}: not an image manifest and not an index", remedy="Pass an image.")
