"""The Dockerfile that `init` writes, with the project's base, handler and runtime."""

from __future__ import annotations

import json
import re
from pathlib import Path

from iris_model.contract.native_function import SCRATCH
from iris_model.errors import ProjectError
from iris_model.image.assemble import NATIVE_ENTRY_POINT, PYTHON_ENTRY_POINT
from iris_model.image.lock import Lock
from iris_model.image.target import image_platform
from iris_model.project import ProjectSettings
from iris_model.project.scaffold import AWS_PYTHONS, DEFAULT_BASE, DOCKERFILE, TEMPLATES

# The template is for `auto`: `package` in the first stage selects the runtime, and this script starts Python.
_SCRIPT = r"# If `package` selected .*\n# -S: .*\nRUN test -e /out/bootstrap .*\n .*\n\n"
_ENTRY_POINT = r"# The executable, or the script .*\nENTRYPOINT .*"
_PYTHON_COMMENT = (
    "# -S: do not search for site-packages, because every import is in the function directory. This makes cold starts "
    "faster."
)

_COMMENT = "# A static executable. It needs nothing from the base image, so BASE_IMAGE may be scratch."


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
    elif settings.runtime == "python":
        text = _with_entry_point(text, _PYTHON_COMMENT, ["python3", "-S", PYTHON_ENTRY_POINT])
    text = _with_line(text, "ARG BASE_IMAGE=.*", f"ARG BASE_IMAGE={base}")
    return _with_line(text, "CMD .*", f"CMD {json.dumps([settings.handler])}")


def _with_native_runtime(text: str, settings: ProjectSettings) -> str:
    """Start the executable. The base needs no Python, so the first stage has an image of its own."""
    text = _with_line(text, "ARG BUILD_IMAGE=.*", f"ARG BUILD_IMAGE={_build_image(settings)}")
    text = _with_line(
        text, "# BASE_IMAGE is .*", "# BASE_IMAGE is the image that the function runs on: any Linux image, or scratch."
    )
    text = _with_line(
        text, "(# BUILD_IMAGE is .*) It must have the same Python, and pip", r"\1 It must have Python and pip"
    )
    return _with_entry_point(text, _COMMENT, [NATIVE_ENTRY_POINT])


def _with_entry_point(text: str, comment: str, command: list[str]) -> str:
    """Start one runtime, without the script for the other one."""
    return _with_line(_with_line(text, _SCRIPT, ""), _ENTRY_POINT, f"{comment}\nENTRYPOINT {json.dumps(command)}")


def _build_image(settings: ProjectSettings) -> str:
    """Return AWS's base image with the project's Python, or the default one."""
    python = tuple(map(int, settings.python.split("."))) if settings.python else None
    return f"public.ecr.aws/lambda/python:{settings.python}" if python in AWS_PYTHONS else DEFAULT_BASE


def _with_line(text: str, pattern: str, line: str) -> str:
    text, count = re.subn(f"^{pattern}", line, text, count=1, flags=re.MULTILINE)
    if not count:
        raise AssertionError(f"the template of the Dockerfile has no line {pattern}")
    return text
