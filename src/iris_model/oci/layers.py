"""Layers: tar files, usually compressed, with two digests.

The manifest names a layer by the *digest* of its compressed bytes, the config by its *diff_id*, the digest of its
uncompressed bytes. If a layer is compressed again, its digest changes and its diff_id does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from iris_model.oci.blob_store import BlobStore, BlobWriter
from iris_model.oci.blobs import Blob, BytesBlob, verified
from iris_model.oci.descriptors import Descriptor
from iris_model.oci.digests import BLOCK, Digest
from iris_model.oci.media_types import DOCKER, OCI, MediaTypes, compression_of, layer_type
from iris_model.oci.tars.gzips import DEFAULT_LEVEL, GzipWriter, Writable, decompressed
from iris_model.oci.tars.layer_entries import LayerEntry, arrange
from iris_model.oci.tars.tar_writing import FIXED_TIME, write_tar

_Fill = Callable[[Writable], None]


@dataclass(frozen=True)
class Layer:
    """A layer: its descriptor, its diff_id, and its bytes."""

    descriptor: Descriptor
    diff_id: Digest
    blob: Blob = field(repr=False, compare=False)

    @property
    def digest(self) -> Digest:
        """The digest of the compressed bytes."""
        return self.descriptor.digest

    @property
    def size(self) -> int:
        """The number of compressed bytes."""
        return self.descriptor.size

    @property
    def compression(self) -> str:
        """`none`, `gzip` or `zstd`, from its media type."""
        return compression_of(self.descriptor.media_type)

    def with_family(self, family: MediaTypes) -> Layer:
        """Return the same bytes with the media type of another family."""
        media_type = layer_type(self.compression or "none", family)
        return replace(self, descriptor=replace(self.descriptor, media_type=media_type))

    @contextmanager
    def open_tar(self) -> Iterator[BinaryIO]:
        """Yield the uncompressed bytes, not verified, to read files."""
        what = f"layer {self.digest}"
        with self.blob.open() as stream, decompressed(stream, what) as tar:
            yield tar


def build_layer(
    entries: Iterable[LayerEntry],
    *,
    family: MediaTypes = DOCKER,
    store: BlobStore | None = None,
    level: int = DEFAULT_LEVEL,
    modified: int = FIXED_TIME,
) -> Layer:
    """Return a gzip layer of entries: sorted, with parent directories, the same bytes for the same entries.

    The layer is written to `store`, or kept in memory if there is no store.
    """
    arranged = arrange(entries)
    return _compress(lambda target: write_tar(arranged, target, modified=modified), family, store, level)


def gzip_layer(layer: Layer, *, store: BlobStore | None = None, level: int = DEFAULT_LEVEL) -> Layer:
    """Return the layer compressed with gzip; the layer itself if it already is.

    `docker save` writes layers as plain tar files.
    """
    if layer.compression == "gzip":
        return layer
    family = DOCKER if layer.descriptor.media_type == DOCKER.layer else OCI

    def copy(target: Writable) -> None:
        if layer.compression == "none":
            with verified(layer.blob, f"layer {layer.digest}") as blocks:
                for block in blocks:
                    target.write(block)
        else:
            with layer.open_tar() as tar:
                while block := tar.read(BLOCK):
                    target.write(block)

    return _compress(copy, family, store, level)


class _Measured:
    """Passes bytes on to a compressor, and computes their diff_id."""

    def __init__(self, target: Writable) -> None:
        self._target = target
        self._hasher = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hasher.update(data)
        return self._target.write(data)

    @property
    def diff_id(self) -> Digest:
        return Digest("sha256", self._hasher.hexdigest())


class _Memory:
    """The destination of a layer without a store."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    @property
    def blob(self) -> BytesBlob:
        return BytesBlob.of(bytes(self._data))


def _compress(fill: _Fill, family: MediaTypes, store: BlobStore | None, level: int) -> Layer:
    blob: Blob
    if store is None:
        memory = _Memory()
        diff_id = _fill_compressed(fill, memory, level)
        blob = memory.blob
    else:
        writer: BlobWriter
        with store.writer() as writer:
            diff_id = _fill_compressed(fill, writer, level)
        blob = writer.blob
    return Layer(Descriptor(family.layer_gzip, blob.digest, blob.size), diff_id, blob)


def _fill_compressed(fill: _Fill, target: Writable, level: int) -> Digest:
    compressor = GzipWriter(target, level)
    measured = _Measured(compressor)
    fill(measured)
    compressor.finish()
    return measured.diff_id
