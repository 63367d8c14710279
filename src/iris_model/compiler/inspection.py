"""The content of a model file as JSON values: steps, columns, classes, outputs, trees, versions. Nothing is verified."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iris_model.readers import open_model
from iris_model.readers.names import class_name
from iris_model.readers.steps import look_inside


def inspect_model(path: Path) -> dict[str, Any]:
    """Open a model with its library and describe its content. Raises ModelFileError and UntrustedModel."""
    opened = open_model(path)
    inside = look_inside(opened)
    return {
        "class": opened.class_name,
        "versions": {opened.library: [opened.version]} if opened.library else {},
        "steps": [
            {"depth": step.depth, "class": class_name(step.cls), "compiles": not step.reasons, "reasons": step.reasons}
            for step in inside.steps
        ],
        "reasons": list(inside.reasons),
        **_describe(inside.signature),
        "trees": inside.trees,
        "tree_nodes": inside.nodes,
        "compiled_bytes": inside.compiled_bytes,
    }


def inspect_onnx(path: Path) -> dict[str, Any]:
    """Open an ONNX model with onnxruntime and describe its tensors. Raises ModelFileError and UnsupportedModel."""
    from iris_model.readers.opening.onnx import LIBRARY, open_onnx

    opened = open_onnx(path)
    return {
        "class": f"ONNX model by {opened.producer}",
        "versions": {LIBRARY: [opened.version]},
        "steps": [],
        "reasons": [],
        "columns": [
            {"name": column["name"], "kind": column["kind"], "dtype": column["dtype"]} for column in opened.columns
        ],
        "task": None,
        "classes": None,
        "outputs": list(opened.tensors),
        "trees": 0,
        "tree_nodes": 0,
        "compiled_bytes": 0,
    }


def _describe(signature: Mapping[str, Any] | None) -> dict[str, Any]:
    columns = signature["columns"] if signature else []
    return {
        "columns": [{"name": each["name"], "kind": each["kind"], "dtype": each["dtype"]} for each in columns],
        "task": signature.get("task") if signature else None,
        "classes": signature.get("classes") if signature else None,
        "outputs": list((signature.get("outputs") or {}) if signature else {}),
    }


def inspect_compiled(path: Path) -> dict[str, Any]:
    """Describe the content of a compiled model. Raises ModelFormatError."""
    from iris_model.engine import load
    from iris_model.engine.container import Container

    model, container = load(str(path)), Container(str(path))
    sizes = {
        (node["output"], name): container.tensor(f"{node['output']}.{name}")
        for node in model.graph["nodes"]
        for name in node.get("tensors", ())
    }
    with_trees = {output for output, name in sizes if name == "roots"}
    return {
        "class": model.source["class"],
        "versions": {},
        "steps": [{"depth": 0, "class": node["op"], "compiles": True, "reasons": []} for node in model.graph["nodes"]],
        "reasons": [],
        "own_steps": model.own_steps,
        **_describe(model.signature),
        "trees": sum(len(sizes[output, "roots"][0]) for output in with_trees),
        "tree_nodes": sum(len(sizes[output, "feature"][0]) for output in with_trees if (output, "feature") in sizes),
        "compiled_bytes": sum(view.nbytes for view, _ in sizes.values()),
    }
