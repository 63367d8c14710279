"""Open a model in a confined process to describe its content, for `iris-model inspect`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iris_model.project.compilation.confined import run_confined


def inspect_confined(model: Path, file_format: str) -> dict[str, Any]:
    """Return steps, columns, classes, outputs and sizes of the model as JSON values. Raises what opening it raises."""

    def make() -> bytes:
        from iris_model.compiler import inspect_model, inspect_onnx

        return json.dumps(inspect_onnx(model) if file_format == "onnx" else inspect_model(model)).encode()

    found: dict[str, Any] = json.loads(run_confined(make))
    return found
