"""Small models in the form of wide ones: their columns share entries."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

from safetensors.numpy import load, save

from iris_model.compiler import shared_columns
from iris_model.compiler.emit import FORMAT_OF_WIDE


def metadata_of(data: bytes) -> dict[str, str]:
    header: dict[str, Any] = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    written: dict[str, str] = header["__metadata__"]
    return written


def signature_of(data: bytes) -> dict[str, Any]:
    signature: dict[str, Any] = json.loads(metadata_of(data)["signature"])
    return signature


def with_shared_columns(data: bytes, columns: list[Any] | None = None) -> bytes:
    """Return the compiled model with these columns, or its own, as the compiler writes those of a wide model."""
    signature = signature_of(data)
    with mock.patch.object(shared_columns, "MANY_COLUMNS", 1):
        shared = shared_columns.share_columns(columns or signature["columns"], json.dumps)
    assert shared is not None
    written = json.dumps({**signature, "columns": shared[0]}, ensure_ascii=False)
    metadata = {**metadata_of(data), "format": FORMAT_OF_WIDE, "signature": written}
    return save({**load(data), **shared[1]}, metadata)
