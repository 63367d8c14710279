"""OCI image layouts: `oci-layout`, `index.json` and `blobs/`, in a directory or in a tar file.

Reads any layout, even with Docker media types. Writing adds an image under a name, or replaces the one with that name:
blobs first, `index.json` last and atomically, so that readers never see a partial image.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from iris_model.errors import InvalidImage, SeveralImages, StorageError
from iris_model.oci.blob_store import BlobStore
from iris_model.oci.blobs import Blob, BytesBlob
from iris_model.oci.configs import Config, canonical_json
from iris_model.oci.descriptors import Descriptor
from iris_model.oci.digests import Digest
from iris_model.oci.images import Image, image_layers
from iris_model.oci.layers import Layer
from iris_model.oci.manifests import LARGEST_MANIFEST, Index, Manifest
from iris_model.oci.media_types import INDEXES, OCI
from iris_model.oci.platforms import Platform
from iris_model.oci.storage.file_trees import DirectoryTree, FileTree, file_blob, open_tree, read_file
from iris_model.oci.writing import atomic_directory, atomic_file, one_at_a_time

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation that gives an entry of `index.json` its name: a tag."""

CONTAINERD_NAME = "io.containerd.image.name"
"""The same annotation of containerd, and of Docker since 25: a whole reference."""

LAYOUT_FILE = "oci-layout"
LAYOUT_DATA = b'{"imageLayoutVersion":"1.0.0"}'

_DEEPEST_INDEX = 4


def is_layout(tree: FileTree) -> bool:
    """Whether the files are a layout."""
    return tree.find(LAYOUT_FILE) is not None and tree.find("index.json") is not None


def read_layout(path: Path, *, name: str = "", platform: Platform | None = None) -> Image:
    """Return the image with that name; without a name, the only one. An index is resolved to `platform`."""
    return image_of_layout(open_tree(path), name=name, platform=platform)


def image_of_layout(tree: FileTree, *, name: str = "", platform: Platform | None = None) -> Image:
    """Return the image with that name in an open layout; without a name, the only one."""
    if not is_layout(tree):
        raise InvalidImage(
            f"{tree.place}: not an OCI layout: {LAYOUT_FILE} or index.json is missing",
            remedy="Pass the directory that contains both.",
        )
    index = Index.parse(_index_data(tree), f"{tree.place}: index.json")
    chosen = _choose(index, name, platform, tree)
    for _ in range(_DEEPEST_INDEX):
        what = f"{tree.place}: {chosen.digest}"
        data = _checked_data(tree, chosen, what)
        if chosen.media_type not in INDEXES:
            return _image(tree, Manifest.parse(data, what, chosen.media_type), what)
        chosen = Index.parse(data, what, chosen.media_type).select(platform or Platform(), what)
    raise InvalidImage(
        f"{tree.place}: indexes are nested more than {_DEEPEST_INDEX} deep", remedy="Pass the image itself."
    )


def write_layout(image: Image, path: Path, *, name: str = "latest") -> Descriptor:
    """Write an image to a layout directory, which is created if needed. Return its entry of `index.json`.

    The layout always gets OCI media types, because other readers of layouts support only these.
    """
    image = image.with_family(OCI)
    entry = replace(image.manifest.descriptor, annotations={REF_NAME: name}, platform=image.platform)
    if not _is_layout_directory(path):
        if path.exists() and (not path.is_dir() or any(path.iterdir())) and not _is_layout_directory(path):
            raise StorageError(
                f"{path}: the path exists and is not an OCI layout",
                remedy="Choose another path, or remove the existing file.",
            )
        try:
            with atomic_directory(path) as scratch:
                _write_blobs(image, scratch)
                (scratch / LAYOUT_FILE).write_bytes(LAYOUT_DATA)
                (scratch / "index.json").write_bytes(layout_index((entry,)))
            return entry
        except StorageError:
            if not _is_layout_directory(path):
                raise  # else another process was faster, and our image is added to its layout
    _write_blobs(image, path)
    with one_at_a_time(path):
        others = tuple(
            each
            for each in Index.parse(_index_data(DirectoryTree(path)), f"{path}: index.json").manifests
            if each.annotations.get(REF_NAME) != name
        )
        with atomic_file(path / "index.json") as file:
            file.write(layout_index((*others, entry)))
    return entry


def _is_layout_directory(path: Path) -> bool:
    return path.is_dir() and is_layout(DirectoryTree(path))


def image_blobs(image: Image) -> dict[Digest, Blob]:
    """Return all blobs of an image, with the manifest, each once."""
    small = (image.config_blob, BytesBlob.of(image.manifest.data))
    return {blob.digest: blob for blob in (*(layer.blob for layer in image.layers), *small)}


def layout_index(entries: tuple[Descriptor, ...]) -> bytes:
    """Return the bytes of `index.json`."""
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [entry.to_document() for entry in entries],
        }
    )


def _write_blobs(image: Image, path: Path) -> None:
    store = BlobStore(path)
    for blob in image_blobs(image).values():
        store.add(blob)


def _index_data(tree: FileTree) -> bytes:
    return read_file(tree, "index.json", limit=LARGEST_MANIFEST)


def _choose(index: Index, name: str, platform: Platform | None, tree: FileTree) -> Descriptor:
    """Return the entry with a name, which may be a tag or a whole reference, depending on the writer."""
    by_names = [(_names(each), each) for each in index.manifests]
    found = [each for names, each in by_names if not name or name in names]
    if not found:
        found = [each for names, each in by_names if any(there.endswith(f":{name}") for there in names)]
    known = sorted({there for names, _ in by_names for there in names})
    if not found:
        raise InvalidImage(
            f"{tree.place}: it has no image called {name!r}; there are {', '.join(known) or 'images without a name'}",
            remedy="Choose one of these names.",
        )
    if len({each.digest for each in found}) == 1:
        return found[0]
    if not name and len({names for names, _ in by_names}) > 1:
        raise SeveralImages(
            f"{tree.place}: it has several images ({', '.join(known)}), and none was selected",
            remedy="Select one of them: PATH@NAME",
        )
    return Index(index.media_type, tuple(found)).select(platform or Platform(), str(tree.place))


def _names(descriptor: Descriptor) -> tuple[str, ...]:
    return tuple(filter(None, (descriptor.annotations.get(key, "") for key in (REF_NAME, CONTAINERD_NAME))))


def _checked_data(tree: FileTree, descriptor: Descriptor, what: str) -> bytes:
    data = read_file(tree, blob_name(descriptor.digest), limit=LARGEST_MANIFEST)
    if Digest.of(data, descriptor.digest.algorithm) != descriptor.digest:
        raise InvalidImage(
            f"{what}: the content does not match the digest", remedy="Build the layout again: it is damaged."
        )
    return data


def blob_name(digest: Digest) -> str:
    """Return the path of a blob in a layout."""
    return f"blobs/{digest.algorithm}/{digest.hex}"


def _image(tree: FileTree, manifest: Manifest, what: str) -> Image:
    config = Config(_checked_data(tree, manifest.config, f"{what}: config"))
    layers = tuple(
        Layer(descriptor, diff_id, file_blob(tree, blob_name(descriptor.digest), descriptor.digest))
        for descriptor, diff_id in image_layers(manifest, config, what)
    )
    return Image.of_manifest(manifest, config, layers)
