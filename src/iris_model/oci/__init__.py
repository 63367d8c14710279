"""Container images and registries, with the standard library and urllib3. Independent of models and AWS.

    source               view     mutation                                   view     sink
    registry             Image    append_layer, with_config, with_family     Image    registry
    OCI layout                    with_gzip_layers                                    OCI layout
    Docker archive                                                                    Docker archive

The names are those of the specifications: descriptor, digest (of compressed bytes), diff_id (of uncompressed bytes), media
type, layer, config, manifest, index, blob, reference, tag, repository, platform. All are immutable. A blob is opened only when
its bytes are needed: an image of a registry can be changed and pushed back without downloading a base layer.

A manifest names the config and the compressed layers; the config names the uncompressed layers. So the layers are
written first, then the config, and the manifest last. A tag names the old image until the new one is complete.
"""

from iris_model.oci.blob_store import BlobStore
from iris_model.oci.blobs import Blob, BytesBlob, FileBlob
from iris_model.oci.configs import Config
from iris_model.oci.descriptors import Descriptor
from iris_model.oci.digests import Digest
from iris_model.oci.images import Image
from iris_model.oci.layers import Layer, build_layer
from iris_model.oci.manifests import Index, Manifest
from iris_model.oci.media_types import DOCKER, OCI, MediaTypes
from iris_model.oci.platforms import Platform
from iris_model.oci.references import Reference, Repository
from iris_model.oci.storage.archives import read_archive, read_image, write_archive
from iris_model.oci.storage.fetching import fetch_layers
from iris_model.oci.storage.layouts import read_layout, write_layout
from iris_model.oci.tars.layer_entries import (
    LayerEntry,
    directory_entry,
    file_entry,
    link_entry,
    tree_entries,
)
from iris_model.oci.validation import Finding, StrictLimits, validate

__all__ = [
    "DOCKER",
    "OCI",
    "Blob",
    "BlobStore",
    "BytesBlob",
    "Config",
    "Descriptor",
    "Digest",
    "FileBlob",
    "Finding",
    "Image",
    "Index",
    "Layer",
    "LayerEntry",
    "Manifest",
    "MediaTypes",
    "Platform",
    "Reference",
    "Repository",
    "StrictLimits",
    "build_layer",
    "directory_entry",
    "fetch_layers",
    "file_entry",
    "link_entry",
    "read_archive",
    "read_image",
    "read_layout",
    "tree_entries",
    "validate",
    "write_archive",
    "write_layout",
]
