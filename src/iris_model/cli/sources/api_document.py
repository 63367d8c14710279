"""The OpenAPI document of a function directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_model.contract.file_names import SIGNATURE_SUFFIX
from iris_model.contract.function_file import FunctionFile, read_function_file
from iris_model.contract.golden import as_sent, first_row

if TYPE_CHECKING:
    from iris_model.contract.signature import Signature, Source


def build_document(directory: Path, server: str | None) -> dict[str, Any]:
    """Return the OpenAPI document. `server`: see `build_openapi`. Raises ProjectError if there is no model."""
    from iris_model.project.openapi import build_openapi

    function = read_function_file(directory)
    signature, source = _read_signature(directory, function)
    row = first_row(directory)
    return build_openapi(
        function,
        signature,
        version=source.get("sha256", "")[:12] or "0",
        server=server,
        example_row=None if row is None else as_sent(row, signature["columns"]),
    )


def describe_for_page(directory: Path, server: str) -> dict[str, Any]:
    """Return the OpenAPI document. Raises NotShown if the function cannot be described."""
    from iris_model.errors import IrisModelError
    from iris_model.local.configuration.page_sources import NotShown

    try:
        return build_document(directory, server)
    except IrisModelError as error:
        raise NotShown(error.problem) from None
    except (OSError, ValueError, LookupError) as error:
        raise NotShown(f"the function directory is damaged: {error}") from None


def _read_signature(directory: Path, function: FunctionFile) -> tuple[Signature, Source]:
    from iris_model.errors import ProjectError

    name = function.get("model")
    if not name:
        raise ProjectError(
            f"{directory} has no model, so there is no signature to describe",
            remedy="Pass a project or a function directory with a model.",
        )
    model = directory / name
    if model.suffix == ".safetensors":
        from iris_model.engine import load

        compiled = load(str(model))
        return compiled.signature, compiled.source
    description = json.loads(model.with_suffix(SIGNATURE_SUFFIX).read_bytes())
    return description["signature"], description["source"]
