"""List the requirements that open a model on another machine as on this one."""

from __future__ import annotations

from pathlib import Path

from iris_model.contract.signature import InputSignature, Source
from iris_model.readers.opening.onnx import LIBRARY
from iris_model.readers.opening.packages import list_packages


def list_requirements(model: Path, source: Source, signature: InputSignature) -> list[str]:
    """Return exact requirements: the model's library in the version that wrote it, then its dependencies.

    `source` and `signature` are those of a `Compilation` or a `Description`.
    """
    packages = list_packages(
        model, source["library"], asked_with_frames=bool(signature.get("named")) and source["library"] != LIBRARY
    )
    return [f"{name}=={version}" for name, version in packages]
