"""The layout in a project's `.iris-model`: it contains only the last build, under any name.

`status` and `push` read it without a name, so it must contain only one image.
"""

from __future__ import annotations

from pathlib import Path

from iris_model.image.destinations.outputs import put_layout, remove_unnamed_blobs
from iris_model.oci import Image, Index
from iris_model.oci.storage.layouts import REF_NAME, layout_index
from iris_model.oci.writing import atomic_file


def put_last_build(image: Image, path: Path, name: str) -> bool:
    """Replace the image in the layout. Return False if the layout already contains it."""
    changed = put_layout(image, path, name)
    renamed = _forget_other_names(path, name)
    remove_unnamed_blobs(path)
    return changed or renamed


def _forget_other_names(path: Path, name: str) -> bool:
    index = Index.parse((path / "index.json").read_bytes(), f"{path}: index.json")
    kept = tuple(each for each in index.manifests if each.annotations.get(REF_NAME) == name)
    if len(kept) == len(index.manifests):
        return False
    with atomic_file(path / "index.json") as file:
        file.write(layout_index(kept))
    return True
