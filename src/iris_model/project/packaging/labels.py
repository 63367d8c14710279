"""Check `[labels]` of a project against the classes of its model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.contract.labels import label_key
from iris_model.errors import ProjectError
from iris_model.project.configuration.key import write_value
from iris_model.project.configuration.settings import ProjectSettings

_MOST_CLASSES = 12


def check_labels(settings: ProjectSettings, classes: Sequence[Any] | None) -> None:
    """Refuse the name of a class that the model does not have, and one name for two classes. Raises ProjectError."""
    if not settings.labels:
        return
    if not classes:
        raise ProjectError(
            f"{SETTINGS_FILE} has labels, but the model has no classes",
            remedy="Remove labels: they are names for the classes of a classifier.",
        )
    groups = classes if isinstance(classes[0], list) else [classes]
    known = [label_key(each) for group in groups for each in group]
    if unknown := [name for name in settings.labels if name not in known]:
        shown = ", ".join(known[:_MOST_CLASSES]) + (" and more" if len(known) > _MOST_CLASSES else "")
        raise ProjectError(
            f"labels in {SETTINGS_FILE} names {write_value(unknown[0])}, and the model has no such class",
            remedy=f"Correct the name; the classes are {shown}.",
        )
    names = list(settings.labels.values())
    if twice := [name for name in names if names.count(name) > 1]:
        raise ProjectError(
            f"labels in {SETTINGS_FILE} gives the name {write_value(twice[0])} to two classes",
            remedy="Give each class its own name.",
        )
