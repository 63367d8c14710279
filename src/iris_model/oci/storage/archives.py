"""Docker archives: the tar files of `docker save` and `docker load`.

Reads archives of every Docker version: old ones with a directory for each layer, new ones that are an OCI layout as
well, and pure OCI archives. `docker save` writes layers as plain tar files; `Image.with_gzip_layers` compresses them
for a registry. Writes both forms in one, as Docker does since 25: a layout, and a `manifest.json` for the same blobs.
The same image gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from iris_model.errors import InvalidImage, InvalidReference, SeveralImages
from iris_model.oci.blobs import verified
from iris_model.oci.configs import Config, canonical_json, parse_json
from iris_model.oci.descriptors import Descriptor, expect_list, expect_object, expect_text_list
from iris_model.oci.digests import Digest
from iris_model.oci.images import Image
from iris_model.oci.layers import Layer
from iris_model.oci.manifests import LARGEST_MANIFEST
from iris_model.oci.media_types import DOCKER, OCI, layer_type
from iris_model.oci.platforms import Platform
from iris_model.oci.references import Reference
from iris_model.oci.storage.file_trees import FileTree, file_blob, open_tree, read_file
from iris_model.oci.storage.layouts import (
    CONTAINERD_NAME,
    LAYOUT_DATA,
    LAYOUT_FILE,
    REF_NAME,
    blob_name,
    image_blobs,
    image_of_layout,
    is_layout,
    layout_index,
)
from iris_model.oci.tars.gzips import detect_compression
from iris_model.oci.tars.layer_entries import directory_entry
from iris_model.oci.tars.tar_writing import write_member, write_tar
from iris_model.oci.writing import atomic_file

_MANIFEST = "manifest.json"


def read_archive(path: Path, *, name: str = "", platform: Platform | None = None) -> Image:
    """Return the image with that name in an archive; without a name, the only one."""
    return read_image(path, name=name, platform=platform)


def image_of_archive(tree: FileTree, *, name: str = "", platform: Platform | None = None) -> Image:
    """Return the image with that name in an open archive; without a name, the only one.

    An archive that is also a layout is read as one, for the true manifest.
    """
    if is_layout(tree):
        return image_of_layout(tree, name=name, platform=platform)
    if tree.find(_MANIFEST) is None:
        raise InvalidImage(
            f"{tree.place}: it is not an image: there is neither {_MANIFEST} nor {LAYOUT_FILE} in it",
            remedy="Pass a file that `docker save` wrote, or an OCI layout.",
        )
    entry = _choose(tree, name)
    config = Config(read_file(tree, str(entry.get("Config")), limit=LARGEST_MANIFEST))
    names = expect_text_list(entry.get("Layers"), f"{tree.place}: Layers")
    if len(names) != len(config.diff_ids):
        raise InvalidImage(
            f"{tree.place}: {len(names)} layers, and {len(config.diff_ids)} diff_ids in the config, expected the same number",
            remedy="Save the image again: the archive is damaged.",
        )
    layers = tuple(_layer(tree, each, diff_id) for each, diff_id in zip(names, config.diff_ids, strict=True))
    family = OCI if any(layer.compression == "zstd" for layer in layers) else DOCKER
    return Image(config, tuple(layer.with_family(family) for layer in layers), family)


def read_image(path: Path, *, name: str = "", platform: Platform | None = None) -> Image:
    """Return the image at a path: a layout or archive, a directory or tar file."""
    return image_of_archive(open_tree(path), name=name, platform=platform)


def write_archive(image: Image, path: Path, *, names: Sequence[Reference] = ()) -> None:
    """Write an image for `docker load`, which tags it with `names`."""
    for name in names:
        if not name.tag:
            raise InvalidReference(f"{name}: an archive needs a tag", remedy=f"Use {name.repository}:latest.")
    blobs = dict(sorted(image_blobs(image).items()))
    folders = sorted(
        {str(parent) for digest in blobs for parent in PurePosixPath(blob_name(digest)).parents if parent.name}
    )
    small = {
        "index.json": layout_index(_entries(image, names)),
        _MANIFEST: canonical_json(
            [
                {
                    "Config": blob_name(image.config_blob.digest),
                    "RepoTags": [familiar_name(name) for name in names],
                    "Layers": [blob_name(layer.digest) for layer in image.layers],
                }
            ]
        ),
        LAYOUT_FILE: LAYOUT_DATA,
    }
    with atomic_file(path) as file:
        write_tar((directory_entry(folder) for folder in folders), file, end=False)
        for digest, blob in blobs.items():
            with verified(blob, f"blob {digest}") as blocks:
                write_member(file, blob_name(digest), blocks, blob.size)
        for member, data in small.items():
            write_member(file, member, [data], len(data))
        write_tar((), file)


def familiar_name(reference: Reference) -> str:
    """Return Docker's short form of a name, without defaults."""
    name = str(reference.repository).removeprefix("docker.io/").removeprefix("library/")
    return f"{name}:{reference.tag}"


def _entries(image: Image, names: Sequence[Reference]) -> tuple[Descriptor, ...]:
    """Return the entries of `index.json`: one for each name, with the annotations of Docker and containerd."""
    plain = replace(image.manifest.descriptor, platform=image.platform)
    named = [{CONTAINERD_NAME: str(replace(name, digest=None)), REF_NAME: name.tag} for name in names]
    return tuple(replace(plain, annotations=annotations) for annotations in named) or (plain,)


def _choose(tree: FileTree, name: str) -> Mapping[str, Any]:
    what = f"{tree.place}: {_MANIFEST}"
    document = parse_json(read_file(tree, _MANIFEST, limit=LARGEST_MANIFEST), what)
    entries = [expect_object(entry, what) for entry in expect_list(document, what)]
    tags = [expect_text_list(entry.get("RepoTags"), f"{what}: RepoTags") for entry in entries]
    found = [entry for entry, there in zip(entries, tags) if not name or any(_is_called(tag, name) for tag in there)]
    if len(found) != 1:
        known = ", ".join(sorted(tag for there in tags for tag in there)) or "images without a name"
        if not name:
            raise SeveralImages(
                f"{tree.place}: it has {len(entries)} images, and none was selected: {known}",
                remedy="Select one of them: PATH@NAME",
            )
        raise InvalidImage(
            f"{tree.place}: it has {len(found) or 'no'} images with the name {name!r}; available: {known}",
            remedy="Select one of them: PATH@NAME",
        )
    return found[0]


def _is_called(tag: str, name: str) -> bool:
    return tag == name or tag.rpartition(":")[2] == name


def _layer(tree: FileTree, name: str, diff_id: Digest) -> Layer:
    """Return a layer. It is read once to compute its digest."""
    blob = file_blob(tree, name)
    with blob.open() as stream:
        compression = detect_compression(stream.read(4))
    family = OCI if compression == "zstd" else DOCKER
    return Layer(Descriptor(layer_type(compression, family), blob.digest, blob.size), diff_id, blob)
