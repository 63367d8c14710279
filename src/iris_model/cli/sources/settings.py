"""The settings of a project, for commands that also run without a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iris_model.project.configuration.settings import ProjectSettings


def find_settings(project: Path, stage: str | None) -> ProjectSettings | None:
    """Return the settings of one stage, or None if the directory has no `iris-model.toml`."""
    from iris_model.contract.file_names import SETTINGS_FILE
    from iris_model.project.configuration.settings import read_settings

    return read_settings(project, stage) if (project / SETTINGS_FILE).exists() else None
