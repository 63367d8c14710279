"""A compiled model made by hand, so that the engine and the runtime are tested without the compiler.

Four features with the names of the iris data; class by the sign of two linear decisions. The numbers are chosen so that the
answers can be worked out on paper.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
CLASSES = ["setosa", "versicolor", "virginica"]


def columns(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": name, "kind": "numeric", "dtype": "float64", "missing": False, **changes} for name in NAMES]


def metadata(**changes: Any) -> dict[str, str]:
    graph = {
        "nodes": [
            {
                "op": "linear",
                "inputs": ["rows"],
                "output": "decisions",
                "attributes": {},
                "tensors": ["coefficients", "intercepts"],
            },
            {"op": "softmax", "inputs": ["decisions"], "output": "probabilities", "attributes": {}, "tensors": []},
            {
                "op": "argmax_label",
                "inputs": ["decisions"],
                "output": "labels",
                "attributes": {"classes": CLASSES},
                "tensors": [],
            },
        ],
        "outputs": {"predict": "labels", "predict_proba": "probabilities", "decision_function": "decisions"},
    }
    signature = {"columns": columns(), "named": False, "task": "classifier", "classes": CLASSES, "outputs": {}}
    values = {
        "format": "iris-model/1",
        "graph": graph,
        "signature": signature,
        "source": {"library": "by hand"},
        **changes,
    }
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


# By petal length: under 2 setosa, between 2 and 5 versicolor, above 5 virginica.
TENSORS = {
    "decisions.coefficients": np.array([[0.0, 0.0, -4.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]]),
    "decisions.intercepts": np.array([8.0, 0.0, -20.0]),
}


def tiny_bytes(**changes: Any) -> bytes:
    """The file; keyword arguments replace pieces of its metadata."""
    return save(TENSORS, metadata(**changes))


def write_tiny(path: Path, **changes: Any) -> Path:
    path.write_bytes(tiny_bytes(**changes))
    return path
