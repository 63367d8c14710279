"""Record what a function directory was made from, so that packaging again without a change does nothing.

A stamp is a cache in the project's `.iris-model`. It may be deleted at any time, and is valid only while the function
directory is unchanged. To be fast, this module imports neither numpy nor the model's library.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from iris_model.contract.function_file import FUNCTION_FILE
from iris_model.project.caching.surroundings import describe_installation, digest_files
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.packaging.description import describe_settings
from iris_model.project.packaging.function_directory import FIXED_TIME, list_files

WORK_DIRECTORY = ".iris-model"


def digest_inputs(settings: ProjectSettings, files: Mapping[str, Path], *, packages: str, compiler: str) -> str:
    """Digest everything that the function directory depends on.

    `packages`: how requirements are installed. `compiler`: the Python that compiles the bytecode.
    """
    # `asdict` cannot copy a mapping proxy. `function.json` has the relevant part of the deployment, and nothing of the
    # page.
    elsewhere = ("deployment", "playground")
    described = {name: value for name, value in vars(settings).items() if name not in elsewhere}
    described |= {
        "environment": dict(settings.environment),
        "labels": dict(settings.labels),
        "function file": describe_settings(settings),
        "budgets": asdict(settings.budgets),
    }
    del described["directory"]  # moving a project does not change its function
    inputs = {
        **describe_installation(),
        "settings": described,
        "files": digest_files(files),
        "packages": packages,
        "compiler": compiler,
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def read_stamp(settings: ProjectSettings, output: Path, inputs: str) -> dict[str, Any] | None:
    """Return the stamp of `output`, if the inputs and the directory are unchanged."""
    try:
        stamp = json.loads(_stamp_path(settings, output).read_bytes())
        if stamp["inputs"] == inputs and stamp["sizes"] == _sizes_of_untouched(output):
            remembered: dict[str, Any] = stamp["remembered"]
            return remembered
    except (OSError, ValueError, KeyError, TypeError):
        pass  # without a readable stamp, the project is packaged again, which is always correct
    return None


def write_stamp(settings: ProjectSettings, output: Path, inputs: str, remembered: Mapping[str, Any]) -> None:
    """Record `inputs` for `output`. If the project is not writable, there is no stamp, and each run packages again."""
    path = _stamp_path(settings, output)
    stamp = {"inputs": inputs, "sizes": _sizes_of_untouched(output), "remembered": remembered}
    with contextlib.suppress(OSError):
        make_work_directory(settings.directory)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(stamp), encoding="utf-8")


def make_work_directory(project: Path) -> Path:
    """Make `.iris-model`, which has its own .gitignore."""
    directory = project / WORK_DIRECTORY
    directory.mkdir(exist_ok=True)
    ignore = directory / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return directory


def _stamp_path(settings: ProjectSettings, output: Path) -> Path:
    relative = os.path.relpath(output.resolve(), settings.directory.resolve())
    return settings.directory / WORK_DIRECTORY / "stamps" / f"{hashlib.sha256(relative.encode()).hexdigest()[:16]}.json"


def _sizes_of_untouched(output: Path) -> dict[str, int] | None:
    """Return the sizes of all files, or None if one was edited: every file we wrote has the same time."""
    sizes: dict[str, int] = {}
    for name in list_files(output):
        status = (output / name).lstat()
        if int(status.st_mtime) == FIXED_TIME:
            sizes[name] = status.st_size
        elif "__pycache__" not in name:  # bytecode may have been written by a Python that ran in the directory
            return None
    return sizes if FUNCTION_FILE in sizes else None
