"""Pull an image. The manifest and the config are fetched at once, layers only when they are opened."""

from __future__ import annotations

from iris_model.errors import InvalidImage, PlatformNotFound
from iris_model.oci.blobs import read_verified
from iris_model.oci.configs import Config, parse_json
from iris_model.oci.descriptors import Descriptor, expect_object
from iris_model.oci.images import Image, image_layers
from iris_model.oci.layers import Layer
from iris_model.oci.manifests import LARGEST_MANIFEST, Index, Manifest, manifest_kind
from iris_model.oci.media_types import INDEXES
from iris_model.oci.platforms import Platform
from iris_model.oci.references import Reference
from iris_model.oci.registry.client import RegistryClient

_DEEPEST_INDEX = 4


def resolve(client: RegistryClient, reference: Reference, platform: Platform) -> tuple[Descriptor, Manifest]:
    """Return what a reference names for a platform: indexes are resolved to one image."""
    what, version = f"pull {reference}", reference.version
    for _ in range(_DEEPEST_INDEX):
        descriptor, data = client.manifest(reference.repository, version)
        if not _is_index(descriptor, data, what):
            return descriptor, Manifest.parse(data, what, descriptor.media_type)
        chosen = Index.parse(data, what, descriptor.media_type).select(platform, str(reference))
        version = str(chosen.digest)
    raise InvalidImage(
        f"{what}: indexes are nested more than {_DEEPEST_INDEX} deep",
        remedy="Name one image by its digest: NAME@sha256:...",
    )


def pull(client: RegistryClient, reference: Reference, *, platform: Platform | None = None) -> Image:
    """Return the image of a reference.

    Without a platform, an index gives linux/amd64, and a single image is returned as it is.
    """
    _, manifest = resolve(client, reference, platform or Platform())
    what = f"pull {reference}"
    config = Config(
        read_verified(client.blob(reference.repository, manifest.config), f"{what}: config", limit=LARGEST_MANIFEST)
    )
    if platform is not None and platform.preference(config.platform) is None:
        raise PlatformNotFound(
            f"{reference}: it is for {config.platform} only, requested was {platform}",
            remedy="Choose this platform, or another image.",
        )
    layers = tuple(
        Layer(each, diff_id, client.blob(reference.repository, each))
        for each, diff_id in image_layers(manifest, config, what)
    )
    return Image.of_manifest(manifest, config, layers)


def _is_index(descriptor: Descriptor, data: bytes, what: str) -> bool:
    return manifest_kind(expect_object(parse_json(data, what), what), descriptor.media_type, what) in INDEXES
