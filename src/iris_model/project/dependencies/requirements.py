"""Install `requirements.txt` into a function directory with pip, without files that depend on this machine."""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

from iris_model.contract.architecture import Architecture
from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.dependencies.pip_runs import run_pip

REQUIREMENTS_FILE = "requirements.txt"

# Files of the installer. RECORD lists scripts whose first line names this machine's Python. The others record the
# request and its origin. Lambda reads none of them.
_INSTALLER_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")

NO_PIP = "Install pip in the environment of iris-model: python -m ensurepip, or uv pip install pip."


def is_without_pip(said: str) -> bool:
    """Whether Python reported that it has no pip: environments of uv have none."""
    return "No module named pip" in said


def check_can_install(settings: ProjectSettings, running_python: str | None) -> None:
    """Refuse to install packages that do not run on the function's Python, processor or system.

    `running_python`: None if the packages are not installed by this Python.
    """
    requirements = settings.directory / REQUIREMENTS_FILE
    if not requirements.is_file():
        raise ProjectError(
            f"{requirements} does not exist, but the function needs packages",
            remedy="Create it with one exact version per line, such as scikit-learn==1.9.1",
        )
    if running_python is None:
        return
    machine = Architecture.named(platform.machine()) or platform.machine()
    target = (settings.python or running_python, settings.architecture, "linux")
    here = (running_python, machine, sys.platform)
    if target != here:
        raise ProjectError(
            f"the function runs on {_show(*target)}, and this is {_show(*here)}; packages installed here would not load there",
            remedy="Use `iris-model build`, or `docker build` in the project.",
        )


def _show(python: str, architecture: str, system: str) -> str:
    return f"Python {python} for {system} on {architecture}"


def install_requirements_into(directory: Path, requirements: Path) -> None:
    """Install into `directory`, then remove what depends on this machine."""
    arguments = ["install", "--no-compile", "--target", str(directory.resolve())]
    arguments += ["--requirement", str(requirements.resolve())]
    # Paths in the file are relative to the project.
    finished, failure = run_pip(arguments, requirements.resolve().parent)
    if failure is not None:
        raise ProjectError(failure[0], remedy=f"{failure[1]} Nothing was written.")
    if finished.returncode:
        raise ProjectError(
            f"pip could not install {requirements}:\n{finished.stderr.strip()}",
            remedy=NO_PIP if is_without_pip(finished.stderr) else "Fix the line that pip names. Nothing was written.",
        )
    shutil.rmtree(directory / "bin", ignore_errors=True)
    for info in directory.glob("*.dist-info"):
        for name in _INSTALLER_FILES:
            (info / name).unlink(missing_ok=True)
