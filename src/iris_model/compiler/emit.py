"""Write a graph as the bytes of a compiled model (docs/architecture.md, "Graph and the compiled model").

The same graph gives the same bytes: no time, no host name, no order that depends on hashes.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from iris_model.contract.signature import Signature, Source
from iris_model.engine.operators import OPERATORS
from iris_model.errors import UnsupportedModel
from iris_model.readers import Graph, Node

from .shared_columns import share_columns

FORMAT = "iris-model/1"
FORMAT_OF_WIDE = "iris-model/2"
ALIGNMENT = 8
# Types in numpy's words and those of safetensors, in the order of that library, which writes the last ones first.
TYPES = ("b1", "u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8", "i8", "u8")
TYPE_NAMES = ("BOOL", "U8", "I8", "I16", "U16", "I32", "U32", "F32", "F64", "I64", "U64")
# The name of a model in messages before it is verified.
UNVERIFIED = "(not yet verified)"
# Smaller vocabularies are JSON, which is parsed quickly into a dict.
MANY_TERMS = 10_000


def emit(graph: Graph, source: Source | None = None) -> bytes:
    """Return the bytes of the compiled model. Without `source`, for temporary models."""
    check_operators(graph)
    check_finite(graph)
    nodes = [_with_terms_as_tensors(node) for node in graph.nodes]
    tensors = {
        f"{node.output}.{name}": np.ascontiguousarray(tensor) for node in nodes for name, tensor in node.tensors.items()
    }
    signature: Any = graph.signature
    shared = share_columns(signature.get("columns", []), _json)
    if shared is not None:
        signature = {**signature, "columns": shared[0]}
        tensors |= shared[1]
    metadata = {
        "format": FORMAT if shared is None else FORMAT_OF_WIDE,
        "graph": _json({"nodes": [_describe(node) for node in nodes], "outputs": dict(graph.outputs)}),
        "signature": _json(signature),
        "source": _json(source or {}),
    }
    return _join(tensors, metadata)


def replace_source(data: bytes, source: Source) -> bytes:
    """Return the bytes of a compiled model with another source, as `emit` writes them. Its tensors are not read."""
    return _replace_metadata(data, "source", source)


def replace_signature(data: bytes, signature: Signature) -> bytes:
    """Return the bytes of a compiled model with another signature, as `emit` writes them. Its columns are not changed."""
    return _replace_metadata(data, "signature", signature)


def _replace_metadata(data: bytes, name: str, value: Mapping[str, Any]) -> bytes:
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    written = header["__metadata__"]
    if name == "signature" and written["format"] == FORMAT_OF_WIDE:
        value = {**value, "columns": json.loads(written["signature"])["columns"]}
    written[name] = _json(value)
    return _with_header(header, memoryview(data)[8 + length :])


def check_operators(graph: Graph) -> None:
    """Raise TypeError if a converter used an operator, or a parameter of one, that the engine does not have.

    This is a bug in a converter, not in the user's model. The tests of the converters find it first.
    """
    for node in graph.nodes:
        if node.op not in OPERATORS:
            raise TypeError(f"node {node.output!r}: no operator {node.op!r}; there are {', '.join(sorted(OPERATORS))}")
        module = importlib.import_module(f"iris_model.engine.operators.{OPERATORS[node.op]}")
        signature = inspect.signature(getattr(module, node.op))
        try:
            signature.bind(*node.inputs, **node.attributes, **node.tensors)
        except TypeError as error:
            raise TypeError(f"node {node.output!r}: {node.op}{signature}: {error}") from None


def _with_terms_as_tensors(node: Node) -> Node:
    """Return the node with a large vocabulary as sorted bytes, ends and columns (engine/terms.py)."""
    vocabulary = node.attributes.get("vocabulary", {})
    if node.op != "count_terms" or len(vocabulary) < MANY_TERMS:
        return node
    terms = sorted((term.encode("utf-8", "surrogatepass"), column) for term, column in vocabulary.items())
    ends = np.cumsum([len(letters) for letters, _ in terms], dtype=np.int64)
    tensors = {
        "term_letters": np.frombuffer(b"".join(letters for letters, _ in terms), np.uint8),
        "term_ends": ends if ends[-1] > np.iinfo(np.int32).max else ends.astype(np.int32),
        "term_columns": np.array([column for _, column in terms], np.int32),
    }
    attributes = {name: value for name, value in node.attributes.items() if name != "vocabulary"}
    return replace(node, attributes=attributes, tensors={**node.tensors, **tensors})


def _describe(node: Node) -> dict[str, Any]:
    return {
        "op": node.op,
        "inputs": list(node.inputs),
        "output": node.output,
        "attributes": dict(node.attributes),
        "tensors": sorted(node.tensors),
    }


def _json(value: object) -> str:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_plain
    )


def _as_plain(value: object) -> object:
    """Convert numpy numbers and arrays to Python's."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{value!r} is a {type(value).__name__}; JSON has no such type")


def check_finite(graph: Graph) -> None:
    """Raise UnsupportedModel if an attribute is infinite or NaN, because JSON has neither."""
    reasons = []
    for node in graph.nodes:
        for name, value in node.attributes.items():
            try:
                _json(value)
            except ValueError:
                reasons.append(
                    f"{node.op}: {name} contains infinity or NaN ({str(value)[:60]}); expected finite numbers"
                )
    if reasons:
        raise UnsupportedModel(reasons)


def _join(tensors: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a safetensors file: what `safetensors.numpy.save` writes, with sorted keys in the header.

    That function stores metadata in a hash map, in a random order, and needs twice the memory. Tensors are in the
    order of their types, largest items first, so each is aligned if the length of the header is a multiple of eight.
    """
    header: dict[str, Any] = {"__metadata__": metadata}
    parts = []
    end = 0
    for _, name in sorted((-TYPES.index(tensor.dtype.str[1:]), name) for name, tensor in tensors.items()):
        tensor = tensors[name]
        begin, end = end, end + tensor.nbytes
        kind = TYPE_NAMES[TYPES.index(tensor.dtype.str[1:])]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [begin, end]}
        parts.append(tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).reshape(-1).view(np.uint8).data)
    return _with_header(header, *parts)


def _with_header(header: dict[str, Any], *tensors: memoryview) -> bytes:
    text = _json(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join([len(text).to_bytes(8, "little"), text, *tensors])
