"""The media types of images: Docker's (manifest version 2, schema 2) and OCI's, and how they correspond.

A manifest and its config and layers have the same family; registries and unpackers refuse a mix.
"""

from __future__ import annotations

from dataclasses import dataclass

from iris_model.errors import InvalidImage


@dataclass(frozen=True)
class MediaTypes:
    """The media types of one family. A family without zstd layers has "" for them."""

    name: str
    manifest: str
    index: str
    config: str
    layer: str
    layer_gzip: str
    layer_zstd: str


DOCKER = MediaTypes(
    name="docker",
    manifest="application/vnd.docker.distribution.manifest.v2+json",
    index="application/vnd.docker.distribution.manifest.list.v2+json",
    config="application/vnd.docker.container.image.v1+json",
    layer="application/vnd.docker.image.rootfs.diff.tar",
    layer_gzip="application/vnd.docker.image.rootfs.diff.tar.gzip",
    layer_zstd="",
)

OCI = MediaTypes(
    name="oci",
    manifest="application/vnd.oci.image.manifest.v1+json",
    index="application/vnd.oci.image.index.v1+json",
    config="application/vnd.oci.image.config.v1+json",
    layer="application/vnd.oci.image.layer.v1.tar",
    layer_gzip="application/vnd.oci.image.layer.v1.tar+gzip",
    layer_zstd="application/vnd.oci.image.layer.v1.tar+zstd",
)

FAMILIES = (DOCKER, OCI)

MANIFESTS = frozenset(family.manifest for family in FAMILIES)
INDEXES = frozenset(family.index for family in FAMILIES)

SCHEMA_1 = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
"""Docker's first manifest format, not used by registries since 2019. It is listed so that the error can name it."""

EMPTY = "application/vnd.oci.empty.v1+json"
"""The config of an artifact that has none: the two bytes `{}`."""

_FOREIGN_LAYERS = {
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": "gzip",
    "application/vnd.docker.image.rootfs.foreign.diff.tar": "none",
    "application/vnd.oci.image.layer.nondistributable.v1.tar": "none",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": "gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": "zstd",
}
"""Layers that must not be pushed (Windows base images). They are deprecated in the specification."""


def family_of_manifest(media_type: str) -> MediaTypes:
    """Return the family of a manifest's media type."""
    for family in FAMILIES:
        if media_type == family.manifest:
            return family
    raise InvalidImage(
        f"a manifest has the media type {media_type!r}, expected {DOCKER.manifest} or {OCI.manifest}",
        remedy="Pass an image, not an artifact or an index.",
    )


def compression_of(media_type: str) -> str:
    """Return `none`, `gzip` or `zstd`; "" if the media type is not that of a layer."""
    for family in FAMILIES:
        if media_type == family.layer:
            return "none"
        if media_type == family.layer_gzip:
            return "gzip"
        if media_type == family.layer_zstd:
            return "zstd"
    return _FOREIGN_LAYERS.get(media_type, "")


def is_foreign(media_type: str) -> bool:
    """Whether a layer is stored elsewhere and must not be pushed."""
    return media_type in _FOREIGN_LAYERS


def layer_type(compression: str, family: MediaTypes) -> str:
    """Return a family's media type for a layer with this compression."""
    found = {"none": family.layer, "gzip": family.layer_gzip, "zstd": family.layer_zstd}[compression]
    if not found:
        raise InvalidImage(
            f"a layer is compressed with {compression}, and the {family.name} format does not support that",
            remedy="Use the OCI format for this image, or choose a base image with gzip layers.",
        )
    return found
