"""Assemble an image from base, layers and config. The same input gives the same digest."""

from __future__ import annotations

from collections.abc import Sequence

import iris_model
from iris_model.contract.native_function import BOOTSTRAP_FILE, PYTHON_ENTRY
from iris_model.errors import ImageError
from iris_model.image.bases.base import Base
from iris_model.image.layers import TASK_ROOT, FunctionLayer
from iris_model.oci import Image, MediaTypes
from iris_model.oci.configs import CREATED
from iris_model.project import ProjectSettings

_CREATED_BY = {
    "packages": "iris-model build: packages of requirements.txt",
    "runtime": "iris-model build: runtime",
    "model": "iris-model build: model and handler",
}
_VERSION = "iris-model.version"
_SNAPSTART = "com.amazonaws.lambda.feature.snapstart"
PYTHON_ENTRY_POINT = f"/{TASK_ROOT}/{PYTHON_ENTRY}"
NATIVE_ENTRY_POINT = f"/{TASK_ROOT}/{BOOTSTRAP_FILE}"


def entry_point(base: Base, settings: ProjectSettings) -> list[str]:
    """Return the command that starts a sandbox. It has -S, because the function directory contains all imports."""
    if settings.runtime == "native":
        return [NATIVE_ENTRY_POINT]
    return [base.program, "-S", PYTHON_ENTRY_POINT]


def runtime_of(image: Image) -> str | None:
    """Return the runtime that the command of an image starts, "native" or "python"; None if it is another command."""
    return {NATIVE_ENTRY_POINT: "native", PYTHON_ENTRY_POINT: "python"}.get("".join(image.config.entrypoint[-1:]))


def labels(settings: ProjectSettings, base: Base) -> dict[str, str]:
    """Return labels that do not depend on time or place.

    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    found = {
        "org.opencontainers.image.title": settings.name,
        "org.opencontainers.image.base.digest": str(base.image.digest),
        _VERSION: iris_model.__version__,
    }
    if base.reference is not None:
        tag = f":{base.reference.tag}" if base.reference.tag else ""
        found["org.opencontainers.image.base.name"] = f"{base.reference.repository}{tag}"
    if settings.deployment.snapstart:
        # Also on AWS's bases: Lambda expects their own runtime there, but this image starts ours.
        found[_SNAPSTART] = "Allow"
    return found


def assemble(base: Base, layers: Sequence[FunctionLayer], settings: ProjectSettings, family: MediaTypes) -> Image:
    """Return the image: the base, the layers above it, and the command."""
    foreign = [str(layer.digest) for layer in base.image.layers if layer.compression not in ("gzip", "zstd", "none")]
    if foreign:
        raise ImageError(
            f"base {base.name}: the layer {foreign[0]} may not be copied (a Windows base image)",
            remedy="Choose a Linux base image.",
        )
    _check_has_no_function(base)
    image = base.image.with_gzip_layers(store=base.cache.blobs).with_family(family)
    for each in layers:
        image = image.append_layer(each.layer, created_by=_CREATED_BY[each.name])
    config = image.config
    config = config.with_run(
        entrypoint=entry_point(base, settings),
        cmd=[settings.handler],
        working_directory=f"/{TASK_ROOT}",
        environment={**config.environment, **settings.environment},
        labels={**config.labels, **labels(settings, base)},
    )
    return image.with_config(config.with_fields(created=CREATED))


def _check_has_no_function(base: Base) -> None:
    """Refuse a base with iris-model in it.

    Parts of an older runtime would be imported, because Python prefers sources to bytecode.
    """
    config = base.image.config
    if _VERSION in config.labels or {PYTHON_ENTRY_POINT, NATIVE_ENTRY_POINT} & set(config.entrypoint):
        below = config.labels.get("org.opencontainers.image.base.name", "")
        raise ImageError(
            f"base {base.name}: it is the image of another iris-model function, and has files in /{TASK_ROOT}",
            remedy=f"Use the base image of that function: --base {below}"
            if below
            else "Use the base image of that function (--base).",
        )
