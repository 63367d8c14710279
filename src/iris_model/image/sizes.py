"""Measure an image: its size, its largest parts, and the limits of Lambda and of the project.

Exceeding a limit is an error before anything is sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iris_model.errors import ImageError
from iris_model.image.bases.base import Base
from iris_model.image.layers import FunctionLayer, list_layers
from iris_model.oci import Image, StrictLimits
from iris_model.project import PackagedFunction
from iris_model.project.configuration.settings import Budgets

_MOST = 8


@dataclass(frozen=True)
class Size:
    """One line of the table."""

    kind: str
    """`base`, `layer`, `package` or `file`."""

    name: str
    compressed_bytes: int | None
    """The size in the image; None before the layer is built."""

    uncompressed_bytes: int | None
    """The size of the files; None for a base that was never opened."""


@dataclass(frozen=True)
class SizeReport:
    """All sizes of an image."""

    base: Size
    layers: tuple[Size, ...]
    packages: tuple[Size, ...]
    files: tuple[Size, ...]
    manifest_bytes: int

    @property
    def layers_bytes(self) -> int:
        """The compressed bytes above the base."""
        return sum(layer.compressed_bytes or 0 for layer in self.layers)

    @property
    def uncompressed_bytes(self) -> int:
        """The bytes of the whole image; without the base if it was never opened."""
        return (self.base.uncompressed_bytes or 0) + sum(layer.uncompressed_bytes or 0 for layer in self.layers)

    @property
    def rows(self) -> tuple[Size, ...]:
        """The largest parts, as a table."""
        return (self.base, *self.layers, *self.packages[:_MOST], *self.files[:_MOST])

    def to_document(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "layers_above_base_bytes": self.layers_bytes,
            "uncompressed_bytes": self.uncompressed_bytes,
            "base_known": self.base.uncompressed_bytes is not None,
            "manifest_bytes": self.manifest_bytes,
            "largest": [vars(row) for row in self.rows],
        }


def measure(image: Image, base: Base, layers: Sequence[FunctionLayer]) -> SizeReport:
    """Return the sizes of a built image in bytes: its layers, packages and files."""
    report = _add_up(base, {each.name: each.files for each in layers})
    sized = tuple(Size("layer", each.name, each.layer.size, each.uncompressed_bytes) for each in layers)
    return replace(report, layers=sized, manifest_bytes=len(image.manifest.data))


def measure_before(packaged: PackagedFunction, base: Base) -> SizeReport:
    """Return the known sizes before layers are built, because compressing an image that is too large takes minutes."""
    return _add_up(base, list_layers(packaged))


def _add_up(base: Base, parts: Mapping[str, Mapping[str, int]]) -> SizeReport:
    facts = base.known_facts
    compressed = sum(layer.size for layer in base.image.layers)
    packages: dict[str, int] = defaultdict(int)
    for path, size in parts.get("packages", {}).items():
        packages[_package_of(path)] += size
    return SizeReport(
        base=Size("base", base.name, compressed, facts.uncompressed_bytes if facts else None),
        layers=tuple(Size("layer", name, None, sum(files.values())) for name, files in parts.items() if files),
        packages=_largest("package", packages),
        files=_largest("file", {path: size for files in parts.values() for path, size in files.items()}),
        manifest_bytes=0,
    )


def check_limits(report: SizeReport, budgets: Budgets, limits: StrictLimits | None = None) -> None:
    """Raise one error with all exceeded limits of Lambda and budgets of the project."""
    limits = limits or StrictLimits()
    problems = []
    if report.uncompressed_bytes > limits.uncompressed:
        problems.append(
            f"uncompressed it has {_mib(report.uncompressed_bytes)}, and Lambda accepts at most {_mib(limits.uncompressed)}"
        )
    if report.manifest_bytes > limits.manifest:
        problems.append(f"its manifest has {report.manifest_bytes} bytes, and Lambda accepts at most {limits.manifest}")
    if budgets.image_mib is not None and report.uncompressed_bytes > budgets.image_mib << 20:
        problems.append(
            f"uncompressed it has {_mib(report.uncompressed_bytes)}; budgets.image-mib allows {budgets.image_mib}"
        )
    if budgets.image_layers_kib is not None and report.layers_bytes > budgets.image_layers_kib << 10:
        problems.append(
            f"its layers above the base image have {report.layers_bytes / 1024:.0f} KiB; "
            f"budgets.image-layers-kib allows {budgets.image_layers_kib}"
        )
    if problems:
        largest = [f"{row.kind} {row.name}: {_size(row.uncompressed_bytes or 0)}" for row in report.rows]
        raise ImageError(
            "the image is too large: "
            + "; ".join(problems)
            + ". Largest parts, uncompressed:\n"
            + "\n".join(f"  {line}" for line in largest),
            remedy="Remove packages or files, choose a smaller base image, or raise the budget. Nothing was written.",
        )


def _largest(kind: str, sizes: dict[str, int]) -> tuple[Size, ...]:
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Size(kind, name, None, size) for name, size in ordered)


def _package_of(path: str) -> str:
    """Return the first part of a path; `numpy.libs` and `numpy-2.1.dist-info` belong to numpy."""
    first = path.partition("/")[0]
    for ending in (".libs", ".dist-info", ".data"):
        if first.endswith(ending):
            return first.removesuffix(ending).partition("-")[0]
    return first.removesuffix(".py") if "/" not in path else first


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def _size(size: int) -> str:
    return _mib(size) if size >= 1 << 20 else f"{size / 1024:.1f} KiB"
