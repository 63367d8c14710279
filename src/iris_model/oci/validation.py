"""Check whether an image is intact, and whether strict unpackers accept it. Findings are data, not exceptions.

    damage    the bytes differ from the image's metadata: no tool should accept it
    refused   a correct image that strict unpackers refuse; Docker accepts it, AWS Lambda does not
    risk      some strict unpackers refuse it; reports differ
    note      unpackers accept it, but a function that does not run as root may fail: files that not every user can read

The rules of strict unpackers are in docs/reference/registries.md: one plain manifest, gzip layers, every parent
directory in the layer itself; preferably no hard links and no devices, and files that any user can read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iris_model.oci.images import Image
from iris_model.oci.layers import Layer
from iris_model.oci.media_types import DOCKER, compression_of
from iris_model.oci.tars.layer_scan import LayerScan, TarEntry, scan_layer

DAMAGE, REFUSED, RISK, NOTE = "damage", "refused", "risk", "note"

_MOST_NAMES = 5


@dataclass(frozen=True)
class Finding:
    """One problem of an image."""

    severity: str
    code: str
    subject: str
    """The layer, the config or the manifest."""

    problem: str
    remedy: str


@dataclass(frozen=True)
class StrictLimits:
    """Size limits of a strict unpacker; the defaults are AWS Lambda's."""

    uncompressed: int = 10 << 30
    manifest: int = 25_400


def validate(image: Image, *, limits: StrictLimits | None = None) -> list[Finding]:
    """Return all findings about an image, damage first. Reads every layer completely, once."""
    scans = [scan_layer(layer) for layer in image.layers]
    found = [*find_damage(image, scans), *find_strict_faults(image, scans, limits or StrictLimits())]
    return sorted(found, key=lambda finding: (DAMAGE, REFUSED, RISK, NOTE).index(finding.severity))


def find_damage(image: Image, scans: Sequence[LayerScan]) -> Iterator[Finding]:
    """Yield differences between the image's metadata and its bytes."""
    manifest, config = image.manifest, image.config
    if manifest.config.digest != image.config_blob.digest or manifest.config.size != len(config.data):
        yield _damage(
            "config-digest", "config", f"the manifest refers to {manifest.config.digest}, but the config is another one"
        )
    if len(config.diff_ids) != len(image.layers):
        problem = f"it has {len(config.diff_ids)} diff_ids, but the manifest has {len(image.layers)} layers"
        yield _damage("layer-count", "config", problem)
    with_layer = [step for step in config.history if not step.get("empty_layer")]
    if config.history and len(with_layer) != len(image.layers):
        problem = f"its history has {len(with_layer)} steps with a layer, and the manifest {len(image.layers)} layers"
        yield Finding(RISK, "history", "config", problem, "Build the image again with a current tool.")
    for layer, scan in zip(image.layers, scans, strict=True):
        yield from _layer_damage(layer, scan)


def _layer_damage(layer: Layer, scan: LayerScan) -> Iterator[Finding]:
    subject = f"layer {layer.digest}"
    if scan.problem and scan.compression == "zstd" and scan.digest == layer.digest:
        yield Finding(RISK, "unchecked", subject, scan.problem, "Validate it with Python 3.14, which reads zstd.")
    elif scan.problem:
        yield _damage("unreadable", subject, scan.problem)
    if scan.size != layer.size:
        yield _damage("size", subject, f"it has {scan.size} bytes, expected {layer.size}")
    if scan.digest != layer.digest:
        yield _damage("digest", subject, f"its bytes have the digest {scan.digest}")
    elif scan.diff_id != layer.diff_id and not scan.problem:
        yield _damage("diff-id", subject, f"uncompressed it is {scan.diff_id}, expected {layer.diff_id}")


def find_strict_faults(image: Image, scans: Sequence[LayerScan], limits: StrictLimits) -> Iterator[Finding]:
    """Yield what strict unpackers would refuse in an intact image."""
    size = len(image.manifest.data)
    if size > limits.manifest:
        problem = f"it has {size} bytes, expected at most {limits.manifest}"
        yield Finding(REFUSED, "manifest-size", "manifest", problem, "Build with fewer layers.")
    total = sum(scan.uncompressed_size for scan in scans)
    if total > limits.uncompressed:
        problem = f"all layers have {total} bytes uncompressed, expected at most {limits.uncompressed}"
        yield Finding(REFUSED, "image-size", "image", problem, "Remove files that the function does not need.")
    if image.manifest.config.media_type != image.family.config:
        problem = f"the config has the media type {image.manifest.config.media_type}, expected {image.family.config}"
        yield Finding(REFUSED, "config-type", "config", problem, "This is an artifact, not an image.")
    if not image.platform.architecture or image.platform.os != "linux":
        problem = f"it is for {image.platform}, expected linux and an architecture"
        yield Finding(REFUSED, "platform", "config", problem, "Choose a base image for Linux.")
    below: set[str] = set()
    for layer, scan in zip(image.layers, scans, strict=True):
        yield from _compression_faults(layer, scan, image)
        yield from _entry_faults(f"layer {layer.digest}", scan.entries, below)
        below.update(entry.path for entry in scan.entries if entry.kind == "directory")


def _compression_faults(layer: Layer, scan: LayerScan, image: Image) -> Iterator[Finding]:
    subject, said = f"layer {layer.digest}", layer.descriptor.media_type
    named = compression_of(said)
    remedy = "Compress it with gzip, and set that media type."
    if not named:
        yield Finding(
            REFUSED, "layer-type", subject, f"its media type is {said}, expected {image.family.layer_gzip}", remedy
        )
    elif named != scan.compression:
        yield Finding(
            REFUSED, "layer-type", subject, f"its media type is {said}, but its content is {scan.compression}", remedy
        )
    if scan.compression == "none":
        severity = REFUSED if image.family is DOCKER else RISK
        yield Finding(severity, "uncompressed", subject, "it is not compressed, expected gzip", remedy)
    elif scan.compression == "zstd":
        yield Finding(RISK, "zstd", subject, "it is compressed with zstd, expected gzip", remedy)


def _entry_faults(subject: str, entries: Sequence[TarEntry], below: set[str]) -> Iterator[Finding]:
    directories: set[str] = set()
    orphans: list[str] = []
    elsewhere: list[str] = []
    for entry in entries:
        parent = posixpath.dirname(entry.path)
        if parent and parent not in directories:
            (elsewhere if parent in below else orphans).append(entry.path)
        if entry.kind == "directory":
            directories.add(entry.path)
    by_kind = {
        kind: [entry.path for entry in entries if entry.kind == kind] for kind in ("hard link", "device", "pipe")
    }
    outside = [entry.path for entry in entries if ".." in entry.path.split("/")]
    closed = [entry.path for entry in entries if not _is_open(entry)]
    rules = (
        (REFUSED, "missing-parent", orphans, "has no entry for its directory before it", "Write directories first."),
        (
            RISK,
            "parent-below",
            elsewhere,
            "has its directory in a lower layer only",
            "Write directories in every layer.",
        ),
        (RISK, "hard-link", by_kind["hard link"], "is a hard link", "Write the file twice, or a symbolic link."),
        (RISK, "device", by_kind["device"], "is a device", "Remove it: /dev is created when the image runs."),
        (RISK, "pipe", by_kind["pipe"], "is a named pipe", "Create it when the program starts."),
        (REFUSED, "outside", outside, "is outside the image", "Do not use this image."),
        (NOTE, "closed", closed, "cannot be read by every user", "Give files mode 644 and directories 755."),
    )
    for severity, code, paths, what, remedy in rules:
        if paths:
            yield Finding(severity, code, subject, f"{_some(paths)} {what}", remedy)


def _is_open(entry: TarEntry) -> bool:
    if entry.kind == "directory":
        return entry.mode & 0o005 == 0o005
    return entry.kind != "file" or bool(entry.mode & 0o004)


def _some(paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_NAMES
    return ", ".join(paths[:_MOST_NAMES]) + (f" and {more} more: each" if more > 0 else "")


def _damage(code: str, subject: str, problem: str) -> Finding:
    return Finding(DAMAGE, code, subject, problem, "Download or build the image again.")
