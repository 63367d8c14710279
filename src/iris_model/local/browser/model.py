"""Read the signature of a model, and a row that it answers, from a function directory.

The result is None without a model, for example in a directory that `package` did not write. The function is not
invoked, because opening a page must not start a sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iris_model.contract.file_names import SIGNATURE_SUFFIX
from iris_model.contract.function_file import FUNCTION_FILE
from iris_model.contract.golden import as_sent, first_row

# A compiled model has no larger header, and reading one would block the service.
_MAX_HEADER_BYTES = 64 * 1024 * 1024


def read_model(directory: Path) -> dict[str, Any] | None:
    """Return `executor`, `task`, `classes`, `labels`, `columns`, `outputs`, `source` and `example` (a row), or None.

    `classes`: as in answers. `trained_classes`: as in the training data. They differ with `answer-labels`.
    """
    manifest = _read_json(directory / FUNCTION_FILE)
    name = manifest.get("model") if isinstance(manifest, Mapping) else None
    if not isinstance(name, str):
        return None
    path = directory / name
    is_compiled = path.suffix == ".safetensors"
    described = _read_metadata(path) if is_compiled else _read_json(path.with_suffix(SIGNATURE_SUFFIX))
    try:
        signature, source = described["signature"], described.get("source") or {}
        columns, row = list(signature["columns"]), first_row(directory)
        return {
            "executor": manifest.get("executor"),
            "task": signature["task"],
            "classes": signature.get("answer_classes", signature.get("classes")),
            "trained_classes": signature.get("classes"),
            "labels": manifest.get("labels") or {},
            "columns": columns,
            "outputs": signature.get("outputs") or {},
            "source": {key: source[key] for key in ("library", "version", "class") if key in source},
            "example": None if row is None or len(row) != len(columns) else as_sent(row, columns),
        }
    except (KeyError, TypeError, AttributeError):
        return None


def _read_metadata(path: Path) -> Any:
    """Return the metadata of a safetensors file: eight bytes of length, then a JSON header."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > _MAX_HEADER_BYTES:
                return None
            metadata = json.loads(file.read(size))["__metadata__"]
        return {key: json.loads(metadata[key]) for key in ("signature", "source") if key in metadata}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
