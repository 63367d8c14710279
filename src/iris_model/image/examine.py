"""Examine any image: its content, its config, Lambda's rules, and the difference of two images."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iris_model.errors import ImageError, InvalidReference, SeveralImages
from iris_model.image.bases.connecting import Connect, connect_registry
from iris_model.image.bases.merged_tree import MergedTree
from iris_model.image.docker_engine import find_id, save
from iris_model.oci import Image, Layer, Platform, Reference, read_image, validate
from iris_model.oci.references import names_registry
from iris_model.oci.registry import pull

_BLOCK = 1 << 20


def open_image(text: str, *, platform: Platform | None = None, connect: Connect = connect_registry) -> Image:
    """Open the image that `text` names: a layout or archive on disk (`PATH` or `PATH@NAME`), else a reference."""
    path, at, name = text, "", ""
    if not Path(text).exists() and "@" in text and "@sha256:" not in text:
        path, at, name = text.rpartition("@")
    if Path(path).exists():
        built = Path(path, ".iris-model", "image")
        if not _is_image(Path(path)) and _is_image(built):
            raise ImageError(
                f"{path} is a project, not an image", remedy=f"Pass {built}, the image that `build` wrote."
            )
        try:
            return read_image(Path(path), name=name if at else "", platform=platform)
        except SeveralImages as several:
            raise SeveralImages(several.problem, remedy=f"Choose one of them: {path}@NAME") from None
    missing = ImageError(f"{text}: no such file or directory", remedy="Pass an OCI layout, an archive, or a reference.")
    if _looks_like_a_path(text):
        raise missing
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        if "/" in text and Path(Path(text).parts[0]).is_dir():
            raise missing from None  # a path with a typo
        raise
    return pull(connect(reference.repository.registry), reference, platform=platform)


@contextmanager
def opening(text: str, *, platform: Platform | None = None) -> Iterator[tuple[Image, bool]]:
    """Yield (the image that `text` names, whether it is in Docker Engine). It is readable until the context ends.

    A name without a registry, such as `my-function` or `team/iris:2`, is first looked up in Docker Engine. So is the name
    of a directory that is not a layout: a project and its function have the same name by default.
    """
    is_elsewhere = _is_image(Path(text)) or _looks_like_a_path(text) or names_registry(text)
    if not is_elsewhere and find_id(text):
        with tempfile.TemporaryDirectory(prefix="iris-model-") as scratch:
            archive = Path(scratch) / "image.tar"
            save(text, archive)
            yield read_image(archive, platform=platform), True
        return
    yield open_image(text, platform=platform), False


def _is_image(path: Path) -> bool:
    """Return whether something with this name is on disk, other than a directory without an image."""
    return path.exists() and (
        not path.is_dir() or any((path / name).exists() for name in ("oci-layout", "manifest.json"))
    )


def _looks_like_a_path(text: str) -> bool:
    return text.startswith((".", "/")) or text.endswith(".tar")


def describe(image: Image, *, check: bool = True) -> dict[str, Any]:
    """Return the image as JSON. `check` reads every layer, which downloads layers from a registry."""
    config = image.config
    steps = [step for step in config.history if not step.get("empty_layer")]
    created_by = [str(step.get("created_by") or "") for step in steps] if len(steps) == len(image.layers) else []
    document: dict[str, Any] = {
        "digest": str(image.digest),
        "media_type": image.manifest.media_type,
        "manifest_bytes": len(image.manifest.data),
        "platform": str(image.platform),
        "config": {
            "digest": str(image.config_blob.digest),
            "entrypoint": list(config.entrypoint),
            "cmd": list(config.cmd),
            "working_directory": config.working_directory,
            "user": config.user,
            "environment": config.environment,
            "labels": config.labels,
        },
        "layers": [
            {
                "digest": str(layer.digest),
                "diff_id": str(layer.diff_id),
                "media_type": layer.descriptor.media_type,
                "compressed_bytes": layer.size,
                "created_by": created_by[position] if created_by else "",
            }
            for position, layer in enumerate(image.layers)
        ],
        "compressed_bytes": sum(layer.size for layer in image.layers),
    }
    if check:
        document["findings"] = [vars(finding) for finding in validate(image)]
    return document


@dataclass(frozen=True)
class FileState:
    """A file in the merged tree of an image."""

    kind: str
    size: int
    mode: int
    content: str
    """The sha256 of a file, or the target of a link."""


@dataclass(frozen=True)
class ImageDifference:
    """How image B differs from image A."""

    config: Mapping[str, tuple[Any, Any]]
    shared_layers: int
    shared_bytes: int
    new_bytes: int
    """Compressed bytes of the layers that only B has: a push of B after A sends these."""

    added: Mapping[str, FileState] = field(repr=False)
    removed: Mapping[str, FileState] = field(repr=False)
    changed: Mapping[str, tuple[FileState, FileState]] = field(repr=False)

    @property
    def equal(self) -> bool:
        """Whether the images run the same way."""
        return not (self.config or self.added or self.removed or self.changed)

    def to_document(self) -> dict[str, Any]:
        """Return the difference as JSON."""
        return {
            "equal": self.equal,
            "config": {key: list(pair) for key, pair in self.config.items()},
            "shared_layers": self.shared_layers,
            "shared_bytes": self.shared_bytes,
            "new_bytes": self.new_bytes,
            "added": {path: vars(state) for path, state in self.added.items()},
            "removed": {path: vars(state) for path, state in self.removed.items()},
            "changed": {path: [vars(one), vars(other)] for path, (one, other) in self.changed.items()},
        }


def compare(one: Image, other: Image) -> ImageDifference:
    """Compare two images. Opens only layers that they do not share."""
    common = 0
    for mine, theirs in zip(one.layers, other.layers, strict=False):
        if mine.diff_id != theirs.diff_id:
            break
        common += 1
    below: MergedTree[FileState] = MergedTree()
    if one.layers[common:] or other.layers[common:]:
        below = _lay(below, one.layers[:common])
    left, right = (_lay(below.copy(), each.layers[common:]).files for each in (one, other))
    had = {layer.digest for layer in one.layers}
    return ImageDifference(
        config=_config_difference(one, other),
        shared_layers=common,
        shared_bytes=sum(layer.size for layer in other.layers if layer.digest in had),
        new_bytes=sum(layer.size for layer in other.layers if layer.digest not in had),
        added={path: right[path] for path in sorted(right.keys() - left.keys())},
        removed={path: left[path] for path in sorted(left.keys() - right.keys())},
        changed={
            path: (left[path], right[path]) for path in sorted(left.keys() & right.keys()) if left[path] != right[path]
        },
    )


def _config_difference(one: Image, other: Image) -> dict[str, tuple[Any, Any]]:
    def fields(image: Image) -> dict[str, Any]:
        config = image.config
        return {
            "platform": str(image.platform),
            "entrypoint": list(config.entrypoint),
            "cmd": list(config.cmd),
            "working_directory": config.working_directory,
            "user": config.user,
            **{f"environment.{name}": value for name, value in config.environment.items()},
            **{f"label.{name}": value for name, value in config.labels.items()},
        }

    left, right = fields(one), fields(other)
    return {
        name: (left.get(name), right.get(name))
        for name in dict.fromkeys([*left, *right])
        if left.get(name) != right.get(name)
    }


def _lay(tree: MergedTree[FileState], layers: Sequence[Layer]) -> MergedTree[FileState]:
    def read(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> FileState:
        return _read_state(archive, member, tree)

    for layer in layers:
        tree.lay(layer, read)
    return tree


def _read_state(archive: tarfile.TarFile, member: tarfile.TarInfo, tree: MergedTree[FileState]) -> FileState:
    if member.isfile():
        stream, hasher = archive.extractfile(member), hashlib.sha256()
        while stream and (block := stream.read(_BLOCK)):
            hasher.update(block)
        return FileState("file", member.size, member.mode, hasher.hexdigest())
    if member.islnk():
        return tree.find(member.linkname) or FileState("hard link", 0, member.mode, member.linkname)
    if member.isdir():
        return FileState("directory", 0, member.mode, "")
    return FileState("symlink" if member.issym() else "special", 0, member.mode, member.linkname)
