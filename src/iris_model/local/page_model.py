"""What a function directory says of its model: the signature, and a row that the model is known to answer.

In: a directory that `package` wrote, or any other. Out: JSON values, or None where there is no model. The function is not
asked: opening a page must not start a sandbox, and a function of another making may do anything when it is invoked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# A header beyond this is no model of ours, and reading it would hold up everything else.
_MAX_HEADER_BYTES = 64 * 1024 * 1024


def read_model(directory: Path) -> dict[str, Any] | None:
    """`executor`, `task`, `classes`, `columns`, `outputs`, `source` and `example` (a row), or None."""
    manifest = _read_json(directory / "function.json")
    name = manifest.get("model") if isinstance(manifest, Mapping) else None
    if not isinstance(name, str):
        return None
    path = directory / name
    if path.suffix == ".safetensors":
        described = _read_metadata(path)
    else:
        described = _read_json(path.with_name(f"{path.stem}.signature.json"))
    try:
        signature, source = described["signature"], described.get("source") or {}
        return {
            "executor": manifest.get("executor"),
            "task": signature["task"],
            "classes": signature.get("classes"),
            "columns": list(signature["columns"]),
            "outputs": signature.get("outputs") or {},
            "source": {key: source[key] for key in ("library", "version", "class") if key in source},
            "example": _read_example(directory),
        }
    except (KeyError, TypeError, AttributeError):
        return None


def _read_metadata(path: Path) -> Any:
    """The metadata of a safetensors file: eight bytes of length, then a JSON header."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > _MAX_HEADER_BYTES:
                return None
            metadata = json.loads(file.read(size))["__metadata__"]
        return {key: json.loads(metadata[key]) for key in ("signature", "source") if key in metadata}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _read_example(directory: Path) -> Any:
    golden = _read_json(directory / "golden.json")
    try:
        row = golden[0]["row"]
    except (LookupError, TypeError):
        return None
    return row if isinstance(row, list) else None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
