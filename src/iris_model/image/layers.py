"""Build the layers above the base: packages, runtime, model, in this order, so that a new model pushes one small layer.

A layer with unchanged files is not compressed again: the project's `.iris-model` keeps it, and the digests in the
function directory identify it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iris_model.contract.function_file import FUNCTION_FILE
from iris_model.contract.native_function import BOOTSTRAP_FILE, NATIVE_FILE
from iris_model.oci import DOCKER, BlobStore, Descriptor, Digest, Layer, build_layer, file_entry
from iris_model.oci.writing import storage_errors
from iris_model.project import PackagedFunction

TASK_ROOT = "var/task"
# Increase this number when the same files give a layer with other bytes.
_FORMAT = "2"


@dataclass(frozen=True)
class FunctionLayer:
    """A layer above the base, and its part of the function."""

    name: str
    """`packages`, `runtime` or `model`."""

    files: Mapping[str, int] = field(repr=False)
    """Path in the function directory -> bytes."""

    layer: Layer
    unchanged: bool
    """Whether the last build had the same layer."""

    @property
    def uncompressed_bytes(self) -> int:
        """The size of its files."""
        return sum(self.files.values())


def build_layers(packaged: PackagedFunction, store: BlobStore) -> tuple[FunctionLayer, ...]:
    """Build the layers that are not empty, lowest first."""
    digests = _digests(packaged)
    parts = divide(digests, packaged.own_files)
    return tuple(
        _build(name, packaged.directory, {path: digests[path] for path in paths}, store)
        for name, paths in parts.items()
        if paths
    )


def list_layers(packaged: PackagedFunction) -> dict[str, dict[str, int]]:
    """Return the content of the layers before they are built: name -> path -> bytes."""
    parts = divide(_digests(packaged), packaged.own_files)
    return {name: {path: (packaged.directory / path).stat().st_size for path in paths} for name, paths in parts.items()}


def _digests(packaged: PackagedFunction) -> dict[str, str]:
    digests: dict[str, str] = json.loads((packaged.directory / FUNCTION_FILE).read_bytes())["files"]
    digests[FUNCTION_FILE] = _sha256(packaged.directory / FUNCTION_FILE)
    return digests


def divide(paths: Iterable[str], own_files: Sequence[str]) -> dict[str, list[str]]:
    """Return layer -> its files. Files that are neither ours nor the user's belong to `packages`."""
    own = {*own_files, *(_bytecode_stem(path) for path in own_files if path.endswith(".py"))}
    parts: dict[str, list[str]] = {"packages": [], "runtime": [], "model": []}
    for path in sorted(paths):
        if path in own or ("__pycache__" in path and path.partition(".cpython-")[0] in own):
            parts["model"].append(path)
        elif path.startswith("iris_model/") or path in (BOOTSTRAP_FILE, NATIVE_FILE):
            parts["runtime"].append(path)
        else:
            parts["packages"].append(path)
    return parts


def _bytecode_stem(path: str) -> str:
    folder, _, name = path.rpartition("/")
    stem = f"__pycache__/{name.removesuffix('.py')}"
    return f"{folder}/{stem}" if folder else stem


def _build(name: str, directory: Path, digests: Mapping[str, str], store: BlobStore) -> FunctionLayer:
    files = {path: (directory / path).stat().st_size for path in digests}
    programs = [path for path in sorted(digests) if (directory / path).stat().st_mode & 0o111]
    key = hashlib.sha256(json.dumps([_FORMAT, sorted(digests.items()), programs]).encode()).hexdigest()
    record = store.directory / "layers" / f"{key[:32]}.json"
    known = _read_record(record, store)
    if known is not None:
        return FunctionLayer(name, files, known, unchanged=True)
    entries = [file_entry(f"{TASK_ROOT}/{path}", directory / path, executable=path in programs) for path in digests]
    layer = build_layer(entries, family=DOCKER, store=store)
    document = {"digest": str(layer.digest), "diff_id": str(layer.diff_id), "size": layer.size}
    with storage_errors(record):
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(document), encoding="utf-8")
    return FunctionLayer(name, files, layer, unchanged=False)


def _read_record(path: Path, store: BlobStore) -> Layer | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        document = json.loads(path.read_text(encoding="utf-8"))
        digest, size = Digest.parse(document["digest"]), int(document["size"])
        blob = store.find(digest, size)
        if blob is not None:
            path.touch()  # `remove_old_layers` removes the oldest
            return Layer(Descriptor(DOCKER.layer_gzip, digest, size), Digest.parse(document["diff_id"]), blob)
    return None


def remove_old_layers(store: BlobStore, *, keep: int = 24) -> None:
    """Remove all but the newest `keep` layers: every build of another model leaves old ones."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        records = sorted(
            (store.directory / "layers").glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True
        )
        kept = {json.loads(path.read_text(encoding="utf-8"))["digest"].partition(":")[2] for path in records[:keep]}
        for path in records[keep:]:
            path.unlink()
        for blob in (store.directory / "blobs" / "sha256").iterdir():
            if blob.name not in kept:
                blob.unlink()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
