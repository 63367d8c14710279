"""Base and layers in, the image out: what runs in it, and what it says of itself. Same input, same digest."""

from __future__ import annotations

from collections.abc import Sequence

import iris_model
from iris_model.errors import ImageError
from iris_model.image.base import Base
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
_ENTRY_POINT = f"/{TASK_ROOT}/iris_model/runtime/__main__.py"


def entry_point(base: Base) -> list[str]:
    """What starts a sandbox. -S: the function directory holds all that is imported."""
    return [base.program, "-S", _ENTRY_POINT]


def labels(settings: ProjectSettings, base: Base) -> dict[str, str]:
    """Labels of https://github.com/opencontainers/image-spec/blob/main/annotations.md, none that depends on time or place."""
    found = {
        "org.opencontainers.image.title": settings.name,
        "org.opencontainers.image.base.digest": str(base.image.digest),
        _VERSION: iris_model.__version__,
    }
    if base.reference is not None:
        tag = f":{base.reference.tag}" if base.reference.tag else ""
        found["org.opencontainers.image.base.name"] = f"{base.reference.repository}{tag}"
    return found


def assemble(base: Base, layers: Sequence[FunctionLayer], settings: ProjectSettings, family: MediaTypes) -> Image:
    """Put the layers on the base, and say what runs."""
    foreign = [str(layer.digest) for layer in base.image.layers if layer.compression not in ("gzip", "zstd", "none")]
    if foreign:
        raise ImageError(
            f"base {base.name}: the layer {foreign[0]} may not be copied (a base of Windows)",
            remedy="Choose a Linux base.",
        )
    _check_has_no_function(base)
    image = base.image.with_gzip_layers(store=base.cache.blobs).with_family(family)
    for each in layers:
        image = image.append_layer(each.layer, created_by=_CREATED_BY[each.name])
    config = image.config
    config = config.with_run(
        entrypoint=entry_point(base),
        cmd=[settings.handler],
        working_directory=f"/{TASK_ROOT}",
        environment={**config.environment, **settings.environment},
        labels={**config.labels, **labels(settings, base)},
    )
    return image.with_config(config.with_fields(created=CREATED))


def _check_has_no_function(base: Base) -> None:
    """An older runtime below ours would be imported in part, since sources come before bytecode."""
    config = base.image.config
    if _VERSION in config.labels or _ENTRY_POINT in config.entrypoint:
        below = config.labels.get("org.opencontainers.image.base.name", "")
        raise ImageError(
            f"base {base.name}: it is a function of iris-model, whose files in /{TASK_ROOT} would mix with this one's",
            remedy=f"Name what it was built on: --base {below}" if below else "Name what it was built on (--base).",
        )
