"""From a graph to the bytes of a compiled model (docs/architecture.md, "Graph and the compiled model").

Same graph, same bytes: no time, no host name, no order that a hash decides.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import save

from iris_model.engine.operators import OPERATORS
from iris_model.readers import Graph, Node

FORMAT = "iris-model/1"
ALIGNMENT = 8


def emit(graph: Graph, source: Mapping[str, Any]) -> bytes:
    """Return the bytes of the compiled model."""
    check_operators(graph)
    tensors = {
        f"{node.output}.{name}": np.ascontiguousarray(tensor)
        for node in graph.nodes
        for name, tensor in node.tensors.items()
    }
    metadata = {
        "format": FORMAT,
        "graph": _json({"nodes": [_describe(node) for node in graph.nodes], "outputs": dict(graph.outputs)}),
        "signature": _json(graph.signature),
        "source": _json(source),
    }
    return _sort_header(save(tensors, metadata))


def check_operators(graph: Graph) -> None:
    """Raise TypeError when a reader named an operator, or a parameter of one, that the engine does not have.

    This is a mistake of ours, not the user's model: the tests of the readers meet it first.
    """
    for node in graph.nodes:
        if node.op not in OPERATORS:
            raise TypeError(f"node {node.output!r}: no operator {node.op!r}; there are {', '.join(sorted(OPERATORS))}")
        module = importlib.import_module(f"iris_model.engine.{OPERATORS[node.op]}")
        signature = inspect.signature(getattr(module, node.op))
        try:
            signature.bind(*node.inputs, **node.attributes, **node.tensors)
        except TypeError as error:
            raise TypeError(f"node {node.output!r}: {node.op}{signature}: {error}") from None


def _describe(node: Node) -> dict[str, Any]:
    return {
        "op": node.op,
        "inputs": list(node.inputs),
        "output": node.output,
        "attributes": dict(node.attributes),
        "tensors": sorted(node.tensors),
    }


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _sort_header(data: bytes) -> bytes:
    """Write the header once more with sorted keys: safetensors keeps metadata in a hash map, in a new order each time.

    The library has laid the tensors out by item size, largest first, behind a header whose length is a multiple of
    eight; so every tensor is aligned to its items when the header stays a multiple of eight.
    """
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    text = _json(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
