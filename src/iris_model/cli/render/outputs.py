"""Check that the output files of commands do not overwrite input files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from iris_model.errors import IrisModelError


def refuse_overwriting(output: Path, inputs: Iterable[Path | None]) -> None:
    """Refuse an output that is an input, also through a link or a different path to the same file."""
    for path in inputs:
        if path is not None and _is_same(output, path):
            named = f"{output}" if output == path else f"{output}, which is {path},"
            raise IrisModelError(
                f"{named} is an input of this command, and the output would overwrite it",
                remedy="Choose another output file. Nothing was written.",
            )


def project_inputs(project: Path) -> list[Path]:
    """Return the files of a project that are read; none without settings."""
    from iris_model.contract.file_names import SETTINGS_FILE
    from iris_model.project.configuration.settings import read_settings
    from iris_model.project.dependencies.requirements import REQUIREMENTS_FILE
    from iris_model.project.packaging.sources import collect_sources

    inputs = [project / name for name in (SETTINGS_FILE, REQUIREMENTS_FILE, "iris-model.lock", "Dockerfile")]
    # The command itself reports problems of the project.
    with contextlib.suppress(IrisModelError, OSError):
        settings = read_settings(project)
        inputs += [*settings.model_files.values(), *([settings.data_path] if settings.data_path else [])]
        inputs += collect_sources(settings).values()
    return inputs


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        # One of the two does not exist yet, so compare the paths.
        return one.resolve() == other.resolve()
