"""Decide whether the engine's C kernels are shipped with a function.

The kernels are one file of about 100 KB. A sandbox loads it at its second request or first batch, never at its start.
It uses the limited API, so every Python from 3.11 can load it on the system and architecture it was built for. If it
cannot be loaded (another C library in the base image), Python computes the same answers.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from pathlib import Path

from iris_model.contract.architecture import Architecture
from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.packaging.built_parts import how_to_get
from iris_model.project.packaging.shipped import ROOT

# Operators that a kernel makes at least ten times faster, for one row or for thousands.
PROFITING = frozenset(("boosting", "kernels", "networks.products", "neighbors", "svm", "trees"))
# Python evaluates one row of a smaller model as fast, because the call of a kernel takes as long.
LEAST_MODEL_BYTES = 64 * 1024
# A network multiplies by every weight for each row.
LEAST_NETWORK_BYTES = 8 * 1024


def choose_kernels(
    settings: ProjectSettings, executor: str, operator_modules: Iterable[str] | None, model_bytes: int, python: str
) -> tuple[Path | None, str]:
    """Return the file to ship, or None with the reason if the model would profit from it.

    Raises ProjectError if `kernels = "always"` is impossible.
    """
    if settings.kernels == "never":
        return None, ""
    profits = operator_modules is None or bool(PROFITING & set(operator_modules))
    is_network = operator_modules is not None and "networks.products" in operator_modules
    least = LEAST_NETWORK_BYTES if is_network else LEAST_MODEL_BYTES
    wanted = executor == "compiled" and profits and model_bytes >= least
    if settings.kernels == "auto" and not wanted:
        return None, ""
    built = find_built_kernels()
    problem, remedy = _find_problem(settings, executor, built, python)
    if problem and settings.kernels == "always":
        raise ProjectError(
            f'kernels = "always" in {SETTINGS_FILE}: {problem}',
            remedy=remedy or 'Set kernels = "auto". Pure Python gives the same answers, more slowly for batches.',
        )
    return (None, f"{problem}. {remedy}" if remedy else problem) if problem else (built, "")


def find_built_kernels() -> Path | None:
    """Return the kernels of this installation, or None."""
    return next(iter(sorted((ROOT / "engine").glob("_kernels*.abi3.so"))), None)


def _find_problem(settings: ProjectSettings, executor: str, built: Path | None, python: str) -> tuple[str, str]:
    """Return why the kernels cannot be shipped, and how to get some that can; each empty if there is nothing to say."""
    machine = Architecture.named(platform.machine()) or platform.machine()
    if executor != "compiled":
        return f"the executor {executor} does not use the C kernels", ""
    if sys.platform != "linux":
        problem = f"the C kernels of this installation are for {sys.platform}, and the function runs on Linux"
        return problem, how_to_get(machine, machine=machine, system=sys.platform)
    if machine != settings.architecture:
        return (
            f"the C kernels of this installation are for {machine}, and the function runs on {settings.architecture}",
            "",
        )
    if built is None:
        problem = "the C kernels are not built in this installation (no C compiler was found)"
        return problem, how_to_get(machine, machine=machine, system=sys.platform)
    if tuple(map(int, python.split("."))) < (3, 11):
        return f"the C kernels are for Python 3.11 and later, and the function runs on {python}", ""
    return "", ""
