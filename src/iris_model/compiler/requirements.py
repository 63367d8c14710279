"""The lines of `requirements.txt` with which a model opens elsewhere as it did here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iris_model.readers.packages import list_packages


def list_requirements(model: Path, source: Mapping[str, Any], signature: Mapping[str, Any]) -> list[str]:
    """Return exact requirements: the model's library first, in the version that wrote it, then what it needs here.

    `source` and `signature` are those of a `Compilation` or a `Description`.
    """
    packages = list_packages(model, source["library"], asked_with_frames=bool(signature.get("named")))
    return [f"{name}=={version}" for name, version in packages]
