"""Whether the C kernels of the engine travel in a function: its settings and model in, the file or a reason out.

The kernels are one file of some 100 KB. A sandbox loads it at its second request or first batch, never while it starts. It
is in the limited API, so every Python from 3.11 on can load it, on the system and processor that it was built for. Where
it cannot be loaded all the same (another C library in the base image), Python answers, and answers the same.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from pathlib import Path

from iris_model.errors import ProjectError
from iris_model.project.settings import SETTINGS_FILE, ProjectSettings
from iris_model.project.shipped import ROOT

# Operators that a kernel makes ten times faster and more, for one row or for thousands.
PROFITING = frozenset(("boosting", "kernels", "neighbors", "svm", "trees"))
# Below this a model answers one row as fast in Python: no more nodes than a kernel needs time to be called.
LEAST_MODEL_BYTES = 64 * 1024

# What machines call themselves, and what the settings call them.
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


def choose_kernels(
    settings: ProjectSettings, executor: str, operator_modules: Iterable[str] | None, model_bytes: int, python: str
) -> tuple[Path | None, str]:
    """Return the file that travels, or None, and for a user who would profit why it does not.

    Raises ProjectError where `kernels = "always"` cannot be had.
    """
    if settings.kernels == "never":
        return None, ""
    profits = operator_modules is None or bool(PROFITING & set(operator_modules))
    wanted = executor == "compiled" and profits and model_bytes >= LEAST_MODEL_BYTES
    if settings.kernels == "auto" and not wanted:
        return None, ""
    built = find_built_kernels()
    problem = _find_problem(settings, executor, built, python)
    if problem and settings.kernels == "always":
        raise ProjectError(
            f'kernels = "always" in {SETTINGS_FILE}: {problem}',
            remedy='Set kernels = "auto": what answers then is Python, which answers the same, batches slower.',
        )
    return (None, problem) if problem else (built, "")


def find_built_kernels() -> Path | None:
    """The kernels of this installation."""
    return next(iter(sorted((ROOT / "engine").glob("_kernels*.abi3.so"))), None)


def _find_problem(settings: ProjectSettings, executor: str, built: Path | None, python: str) -> str:
    machine = ARCHITECTURES.get(platform.machine(), platform.machine())
    if executor != "compiled":
        return f"the executor {executor} has no use for the C kernels"
    if built is None:
        return "the C kernels are not built in this installation (no C compiler was there when it was made)"
    if sys.platform != "linux":
        return f"the C kernels of this installation are for {sys.platform}, and the function runs on Linux"
    if machine != settings.architecture:
        return f"the C kernels of this installation are for {machine}, and the function runs on {settings.architecture}"
    if tuple(map(int, python.split("."))) < (3, 11):
        return f"the C kernels are for Python 3.11 and later, and the function runs on {python}"
    return ""
