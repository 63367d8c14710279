"""Model files: written atomically, opened once per process."""

from __future__ import annotations

from pathlib import Path

from iris_model.errors import IrisModelError

SUFFIX = ".safetensors"


def write_model(path: Path, data: bytes) -> Path:
    """Write atomically: an interrupted run keeps the old file. Return the path."""
    if path.suffix != SUFFIX:
        raise IrisModelError(
            f"a compiled model cannot be called {path.name}: expected a name that ends in {SUFFIX}",
            remedy=f"Use the name {path.with_suffix(SUFFIX).name}.",
        )
    from iris_model.project.disk import write_replacing

    write_replacing(path, data)
    return path
