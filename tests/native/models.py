"""Function directories for the native runtime, with small models whose columns, names and labels are unusual."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from tests.native.reference import HANDLER
from tests.support.shared_columns import signature_of, with_shared_columns
from tests.support.tiny_model import CLASSES, NAMES, TENSORS, columns, metadata

GRAPH: dict[str, Any] = {
    "nodes": [
        {"op": "linear", "inputs": ["rows"], "output": "decisions", "attributes": {}, "tensors": ["coefficients", "intercepts"]},
        {"op": "normalize_rows", "inputs": ["decisions"], "output": "probabilities", "attributes": {}, "tensors": []},
        {"op": "argmax_label", "inputs": ["decisions"], "output": "labels", "attributes": {"classes": CLASSES}, "tensors": []},
    ],
    "outputs": {"predict": "labels", "predict_proba": "probabilities"},
}  # fmt: skip
OUTPUTS = {"predict": {"kind": "label", "columns": 1}, "predict_proba": {"kind": "number", "columns": 3}}
ODD_NAMES = ["größe", "1", " b 'c'\"", "d\u0001"]
ODD_CLASSES = [1, True, 1.5]


LABELS = {"1": "one", "true": "größer"}


def native_description(model: str = "iris_trained_model.safetensors") -> dict[str, object]:
    """What `package` writes for HANDLER."""
    lines = [line.strip() for line in HANDLER.splitlines()]
    return {
        "format": "iris-model-native/1",
        "handler": "app.handler",
        "model": model,
        "file": "app.py",
        "name": "handler",
        "load_line": 3,
        "load_text": lines[2],
        "answer_line": 7,
        "answer_text": lines[6],
        "labels": LABELS,
    }


def write_function(directory: Path, model: bytes) -> Path:
    """Write the handler, the model and its description for the executable."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "app.py").write_text(HANDLER)
    (directory / "iris_trained_model.safetensors").write_bytes(model)
    (directory / "native.json").write_text(json.dumps(native_description()))
    (directory / "function.json").write_text(json.dumps({"labels": LABELS}))
    return directory


def ordinary() -> tuple[list[str], bytes]:
    """Four numeric columns, three classes with probabilities."""
    signature = {"columns": columns(), "named": False, "task": "classifier", "classes": CLASSES, "outputs": OUTPUTS}
    return NAMES, save(TENSORS, metadata=metadata(signature=signature, graph=GRAPH))


def odd() -> tuple[list[str], bytes]:
    """Columns of truth values, of float32, of categories, with missing cells; labels of several types."""
    made = columns()
    made[0] |= {"name": ODD_NAMES[0], "dtype": "bool"}
    made[1] |= {"name": ODD_NAMES[1], "missing": True}
    made[2] |= {"name": ODD_NAMES[2], "dtype": "float32", "minimum": 1.5, "maximum": 3}
    made[3] |= {"name": ODD_NAMES[3], "kind": "categorical", "categories": [1.0, 2, None, 3.5], "missing": True}
    graph = json.loads(json.dumps(GRAPH))
    graph["nodes"][2]["attributes"]["classes"] = ODD_CLASSES
    signature = {"columns": made, "named": True, "task": "classifier", "classes": ODD_CLASSES, "outputs": OUTPUTS}
    return ODD_NAMES, save(TENSORS, metadata=metadata(signature=signature, graph=graph))


def wide() -> tuple[list[str], bytes]:
    """The columns of `odd` in the form of wide models, with more ranges."""
    names, data = odd()
    made: list[Any] = json.loads(json.dumps(signature_of(data)["columns"]))
    made[1] |= {"minimum": -0.25, "maximum": 1e300}
    return names, with_shared_columns(data, made)


def single() -> tuple[list[str], bytes]:
    """One column, and a regressor: numbers without probabilities. Its name is that of a field of events."""
    graph = {
        "nodes": [
            {"op": "linear", "inputs": ["rows"], "output": "table", "attributes": {}, "tensors": ["coefficients", "intercepts"]},
            {"op": "column", "inputs": ["table"], "output": "numbers", "attributes": {"index": 0}, "tensors": []},
        ],
        "outputs": {"predict": "numbers"},
    }  # fmt: skip
    outputs = {"predict": {"kind": "number", "columns": 1}}
    signature = {
        "columns": columns(name="body")[:1], "named": True, "task": "regressor", "classes": None, "outputs": outputs
    }  # fmt: skip
    tensors = {"table.coefficients": np.array([[1e300]]), "table.intercepts": np.array([-2.0])}
    return ["body"], save(tensors, metadata=metadata(signature=signature, graph=graph))


MODELS = {"ordinary": ordinary, "odd": odd, "single": single, "wide": wide}
