"""Images: immutable values. Every change returns another image; blobs are opened only when their bytes are needed.

source (registry, layout, archive) ──► Image ──► append_layer, with_config, with_family ──► Image ──► sink (the same places)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from iris_model.errors import InvalidImage
from iris_model.oci.blob_store import BlobStore
from iris_model.oci.blobs import BytesBlob
from iris_model.oci.configs import CREATED, Config
from iris_model.oci.descriptors import Descriptor
from iris_model.oci.digests import Digest
from iris_model.oci.layers import Layer, gzip_layer
from iris_model.oci.manifests import Manifest
from iris_model.oci.media_types import DOCKER, MediaTypes
from iris_model.oci.platforms import Platform
from iris_model.oci.tars.gzips import DEFAULT_LEVEL


@dataclass(frozen=True)
class Image:
    """A config and layers, lowest first, with one family of media types."""

    config: Config
    layers: tuple[Layer, ...] = ()
    family: MediaTypes = DOCKER
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    source: Manifest | None = field(default=None, repr=False, compare=False)
    """The manifest that this image was read from. If it still describes the image, its bytes are used unchanged."""

    @classmethod
    def empty(cls, platform: Platform, family: MediaTypes = DOCKER) -> Image:
        """Return an image without layers, to build on."""
        return cls(Config.empty(platform), (), family)

    @classmethod
    def of_manifest(cls, manifest: Manifest, config: Config, layers: tuple[Layer, ...]) -> Image:
        """Return the image of a manifest."""
        return cls(config, layers, manifest.family, manifest.annotations, manifest)

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest: the original one if nothing changed, otherwise a new one."""
        made = Manifest.build(
            self.family,
            Descriptor.of(self.family.config, self.config.data),
            tuple(layer.descriptor for layer in self.layers),
            annotations=self.annotations,
        )
        found = self.source
        if found is not None and _says_the_same(found, made):
            return found
        return made

    @property
    def digest(self) -> Digest:
        """The digest of the manifest, the permanent name of the image."""
        return self.manifest.digest

    @property
    def platform(self) -> Platform:
        """The platform of the image."""
        return self.config.platform

    @property
    def config_blob(self) -> BytesBlob:
        """The config as a blob."""
        return BytesBlob.of(self.config.data)

    @property
    def size(self) -> int:
        """The number of bytes in a registry, each blob once."""
        blobs = {layer.digest: layer.size for layer in self.layers}
        return sum(blobs.values()) + len(self.config.data) + len(self.manifest.data)

    def append_layer(self, layer: Layer, *, created_by: str = "", created: str = CREATED) -> Image:
        """Return an image with one more layer on top."""
        history = {"created": created, **({"created_by": created_by} if created_by else {})}
        return replace(
            self,
            config=self.config.with_layer(layer.diff_id, history),
            layers=(*self.layers, layer.with_family(self.family)),
        )

    def with_config(self, config: Config) -> Image:
        """Return an image with this config, which must have the same layers."""
        if config.diff_ids != tuple(layer.diff_id for layer in self.layers):
            raise InvalidImage(
                "the layers of the new config differ from those of the image",
                remedy="Change the existing config of the image.",
            )
        return replace(self, config=config)

    def with_family(self, family: MediaTypes) -> Image:
        """Return the image with the media types of another family. The blobs are the same, the digest is not."""
        if family is self.family:
            return self
        return replace(self, family=family, layers=tuple(layer.with_family(family) for layer in self.layers))

    def with_gzip_layers(self, *, store: BlobStore | None = None, level: int = DEFAULT_LEVEL) -> Image:
        """Return the image with every layer compressed with gzip; the image itself if they already are."""
        layers = tuple(gzip_layer(layer, store=store, level=level) for layer in self.layers)
        return self if layers == self.layers else replace(self, layers=layers)


def image_layers(manifest: Manifest, config: Config, what: str) -> tuple[tuple[Descriptor, Digest], ...]:
    """Return each layer's descriptor and diff_id. Raises InvalidImage if their numbers differ."""
    if len(manifest.layers) != len(config.diff_ids):
        raise InvalidImage(
            f"{what}: the manifest has {len(manifest.layers)} layers and the config {len(config.diff_ids)} diff_ids, "
            "expected the same number",
            remedy="Check that it is an image, and not another artifact. If it is, it is damaged: build or pull it again.",
        )
    return tuple(zip(manifest.layers, config.diff_ids, strict=True))


def _says_the_same(found: Manifest, made: Manifest) -> bool:
    """Whether an original manifest still describes the image; its config may have an unusual media type."""
    return (
        found.media_type == made.media_type
        and found.config.digest == made.config.digest
        and found.layers == made.layers
        and dict(found.annotations) == dict(made.annotations)
    )
