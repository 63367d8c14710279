"""Compiled models of many families, and rows for them, in files that a process without any library can read."""

from __future__ import annotations

import json
from pathlib import Path

from iris_model.compiler import compile_model
from tests.engine.test_hostile import fitted


def write(directory: Path) -> None:
    """A file of JSON per model: `data` in hexadecimal digits, and `rows`."""
    for name, (estimator, data) in fitted().items():
        is_text = isinstance(data, list)
        rows = [[document] for document in data] if is_text else data.tolist()
        compiled = compile_model(estimator, data=None if is_text else data).data
        (directory / f"{name}.json").write_text(json.dumps({"data": compiled.hex(), "rows": rows}))
