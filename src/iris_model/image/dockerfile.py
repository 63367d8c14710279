"""The Dockerfile that `init` writes, with the project's base and handler."""

from __future__ import annotations

import json
import re
from pathlib import Path

from iris_model.errors import ProjectError
from iris_model.image.lock import Lock
from iris_model.image.target import image_platform
from iris_model.project import ProjectSettings
from iris_model.project.scaffold import DOCKERFILE, TEMPLATES


def render_dockerfile(settings: ProjectSettings, *, pinned: bool = False) -> str:
    """Return the Dockerfile. `pinned`: use the base's digest from the last `build`."""
    base = settings.base_image
    if Path(base).exists() or (settings.directory / base).exists():
        raise ProjectError(
            f'base-image = "{base}" is a path, but a Dockerfile needs an image reference',
            remedy="Push the base image to a registry with `iris-model push PATH REFERENCE`, and use that reference.",
        )
    if pinned and "@" not in base:
        digest = Lock.read(settings.directory).base(base, str(image_platform(settings.architecture)))
        if digest is None:
            raise ProjectError(
                f"{base} is not pinned: iris-model.lock has no digest for it",
                remedy="Run `iris-model build` once, or omit --pinned.",
            )
        base = f"{base}@{digest}"
    text = (TEMPLATES / DOCKERFILE).read_text(encoding="utf-8")
    text = re.sub(r"^ARG BASE_IMAGE=.*$", lambda _: f"ARG BASE_IMAGE={base}", text, count=1, flags=re.MULTILINE)
    return re.sub(r"^CMD .*$", lambda _: f"CMD {json.dumps([settings.handler])}", text, count=1, flags=re.MULTILINE)
