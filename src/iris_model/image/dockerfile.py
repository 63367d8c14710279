"""The Dockerfile of a project, as `init` writes it, with this project's base and handler filled in."""

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
    """The text; `pinned` names the base by the digest that the last `build` took."""
    base = settings.base_image
    if Path(base).exists() or (settings.directory / base).exists():
        raise ProjectError(
            f'base-image = "{base}" is a path, and a Dockerfile can only name an image',
            remedy="Push the base to a registry, and name it as it is called there: iris-model push PATH REFERENCE",
        )
    if pinned and "@" not in base:
        digest = Lock.read(settings.directory).base(base, str(image_platform(settings.architecture)))
        if digest is None:
            raise ProjectError(
                f"{base} is not pinned yet: there is no digest of it in iris-model.lock",
                remedy="Build once (iris-model build), or leave --pinned out.",
            )
        base = f"{base}@{digest}"
    text = (TEMPLATES / DOCKERFILE).read_text(encoding="utf-8")
    text = re.sub(r"^ARG BASE_IMAGE=.*$", lambda _: f"ARG BASE_IMAGE={base}", text, count=1, flags=re.MULTILINE)
    return re.sub(r"^CMD .*$", lambda _: f"CMD {json.dumps([settings.handler])}", text, count=1, flags=re.MULTILINE)
