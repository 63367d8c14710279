"""The Dockerfile that `init` writes, with the project's base, handler and runtime."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from iris_model.contract.native_function import SCRATCH
from iris_model.errors import ProjectError
from iris_model.image.assemble import NATIVE_ENTRY_POINT
from iris_model.image.lock import Lock
from iris_model.image.target import image_platform
from iris_model.project import ProjectSettings
from iris_model.project.scaffold import AWS_PYTHONS, DEFAULT_BASE, DOCKERFILE, TEMPLATES

# With `auto`, `package` in the first stage chooses.
_STARTS_PYTHON = """\
# If `package` chose the Python runtime, a file with the name of the executable starts it.
RUN test -e /out/bootstrap || { printf '#!/bin/sh\\nexec python3 -S %s "$@"\\n' /var/task/iris_model/runtime/__main__.py \\
    > /out/bootstrap && chmod 755 /out/bootstrap; }
"""

_COMMENT = "# A static executable, which needs nothing of the base: BASE_IMAGE may be scratch.\n"


def render_dockerfile(settings: ProjectSettings, *, pinned: bool = False) -> str:
    """Return the Dockerfile. `pinned`: use the base's digest from the last `build`."""
    base = settings.base_image
    if Path(base).exists() or (settings.directory / base).exists():
        raise ProjectError(
            f'base-image = "{base}" is a path, but a Dockerfile needs an image reference',
            remedy="Push the base image to a registry with `iris-model push PATH REFERENCE`, and use that reference.",
        )
    if pinned and "@" not in base and base != SCRATCH:
        digest = Lock.read(settings.directory).base(base, str(image_platform(settings.architecture)))
        if digest is None:
            raise ProjectError(
                f"{base} is not pinned: iris-model.lock has no digest for it",
                remedy="Run `iris-model build` once, or omit --pinned.",
            )
        base = f"{base}@{digest}"
    text = (TEMPLATES / DOCKERFILE).read_text(encoding="utf-8")
    if settings.runtime == "native" or (settings.runtime == "auto" and base == SCRATCH):
        text = _with_native_runtime(text, settings)
    elif settings.runtime == "auto":
        text = _with_executable(text, "# The executable, or the script that starts Python.\n")
        text = _with_line(text, "# Second stage.*", lambda found: f"{_STARTS_PYTHON}\n{found[0]}")
    text = _with_line(text, "ARG BASE_IMAGE=.*", f"ARG BASE_IMAGE={base}")
    return _with_line(text, "CMD .*", f"CMD {json.dumps([settings.handler])}")


def _with_native_runtime(text: str, settings: ProjectSettings) -> str:
    """Start the executable. The base needs no Python, so the first stage has an image of its own."""
    text = _with_line(text, "ARG BUILD_IMAGE=.*", f"ARG BUILD_IMAGE={_build_image(settings)}")
    text = _with_line(
        text, "# BASE_IMAGE is .*", "# BASE_IMAGE is what the function runs on; any Linux image will do, and scratch."
    )
    text = _with_line(
        text, "(# BUILD_IMAGE is .*) It must have the same Python, and pip", r"\1 It must have Python and pip"
    )
    return _with_executable(text, _COMMENT)


def _with_executable(text: str, comment: str) -> str:
    return _with_line(text, "# -S: .*\nENTRYPOINT .*", f"{comment}ENTRYPOINT {json.dumps([NATIVE_ENTRY_POINT])}")


def _build_image(settings: ProjectSettings) -> str:
    """Return AWS's base image with the project's Python, or the default one."""
    python = tuple(map(int, settings.python.split("."))) if settings.python else None
    return f"public.ecr.aws/lambda/python:{settings.python}" if python in AWS_PYTHONS else DEFAULT_BASE


def _with_line(text: str, pattern: str, line: str | Callable[[re.Match[str]], str]) -> str:
    text, count = re.subn(f"^{pattern}", line, text, count=1, flags=re.MULTILINE)
    if not count:
        raise AssertionError(f"the template of the Dockerfile has no line {pattern}")
    return text
