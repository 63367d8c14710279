"""Read ONNX files: protocol buffers, without the package onnx.

Source of the field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. The reader is bounded: nothing is
read outside the file, graphs are nested at most `MOST_DEPTH` deep, and a tensor has as many cells as it has bytes for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from iris_model.readers.format_bytes import read_varint

MOST_DEPTH = 16
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class BadMessage(Exception):
    """The bytes are not the message that they should be."""


@dataclass
class TensorMessage:
    """A tensor as stored: `raw` or one list of numbers, or `external` (location, offset, length)."""

    name: str = ""
    data_type: int = 0
    dims: list[int] = field(default_factory=list)
    raw: bytes | None = None
    numbers: list[Any] = field(default_factory=list)
    strings: list[bytes] = field(default_factory=list)
    external: dict[str, str] = field(default_factory=dict)
    is_external: bool = False


@dataclass
class NodeMessage:
    """A node: operator, domain, names of inputs and outputs, attributes by name."""

    op: str = ""
    domain: str = ""
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """An attribute of a function's node that is an attribute of the function."""

    name: str


@dataclass
class ValueMessage:
    """An input or output: name, type of its cells (0: not a tensor), and shape (None: any length)."""

    name: str = ""
    data_type: int = 0
    shape: list[int | None] | None = None


@dataclass
class GraphMessage:
    """A graph, or the body of a function (`parameters`: names of its attributes)."""

    name: str = ""
    domain: str = ""
    nodes: list[NodeMessage] = field(default_factory=list)
    tensors: list[TensorMessage] = field(default_factory=list)
    inputs: list[ValueMessage] = field(default_factory=list)
    outputs: list[ValueMessage] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    has_sparse: bool = False


@dataclass
class ModelMessage:
    """A model: graph, functions, version of each domain's operators, exporter."""

    graph: GraphMessage = field(default_factory=GraphMessage)
    functions: list[GraphMessage] = field(default_factory=list)
    opsets: dict[str, int] = field(default_factory=dict)
    producer: str = ""


def read_model(data: bytes) -> ModelMessage:
    """Return the model in these bytes. Raises BadMessage."""
    model = ModelMessage()
    view = memoryview(data)
    for number, value in _fields(view):
        if number == 2:
            model.producer = _text(value)
        elif number == 7:
            model.graph = _graph(value, 0)
        elif number == 8:
            parts = dict(_fields(value))
            model.opsets[_text(parts.get(1, b""))] = _signed(parts.get(2, 0))
        elif number == 25:
            model.functions.append(_function(value))
    return model


def _graph(data: memoryview, depth: int) -> GraphMessage:
    if depth > MOST_DEPTH:
        raise BadMessage(f"graphs are nested more than {MOST_DEPTH} deep")
    graph = GraphMessage()
    for number, value in _fields(data):
        if number == 1:
            graph.nodes.append(_node(value, depth))
        elif number == 2:
            graph.name = _text(value)
        elif number == 5:
            graph.tensors.append(read_tensor(value))
        elif number == 11:
            graph.inputs.append(_value(value))
        elif number == 12:
            graph.outputs.append(_value(value))
        elif number == 15:
            graph.has_sparse = True
    return graph


def _function(data: memoryview) -> GraphMessage:
    graph = GraphMessage()
    for number, value in _fields(data):
        if number == 1:
            graph.name = _text(value)
        elif number == 4:
            graph.inputs.append(ValueMessage(_text(value)))
        elif number == 5:
            graph.outputs.append(ValueMessage(_text(value)))
        elif number == 7:
            graph.nodes.append(_node(value, 0))
        elif number == 10:
            graph.domain = _text(value)
        elif number == 11:
            name, default = _attribute(value, 0)
            graph.defaults[name] = default
    return graph


def _node(data: memoryview, depth: int) -> NodeMessage:
    node = NodeMessage()
    for number, value in _fields(data):
        if number == 1:
            node.inputs.append(_text(value))
        elif number == 2:
            node.outputs.append(_text(value))
        elif number == 3:
            node.name = _text(value)
        elif number == 4:
            node.op = _text(value)
        elif number == 5:
            name, found = _attribute(value, depth)
            node.attributes[name] = found
        elif number == 7:
            node.domain = _text(value)
    return node


def _attribute(data: memoryview, depth: int) -> tuple[str, Any]:
    name, kind = "", 0
    single: dict[int, Any] = {}
    floats: list[float] = []
    whole: list[int] = []
    strings: list[bytes] = []
    for number, value in _fields(data):
        if number == 1:
            name = _text(value)
        elif number == 20:
            kind = _signed(value)
        elif number == 21:
            return name, Reference(_text(value))
        elif number == 2:
            single[1] = _float(value)
        elif number == 3:
            single[2] = _signed(value)
        elif number == 4:
            single[3] = _bytes(value)
        elif number == 5:
            single[4] = read_tensor(value)
        elif number == 6:
            single[5] = _graph(value, depth + 1)
        elif number == 7:
            floats += _floats(value)
        elif number == 8:
            whole += _varints(value)
        elif number == 9:
            strings.append(_bytes(value))
    lists = {6: floats, 7: whole, 8: strings}
    if not kind:  # written by an exporter of the first version of the format
        kind = next((number for number, found in lists.items() if found), next(iter(single), 0))
    if kind in lists:
        return name, lists[kind]
    defaults: dict[int, Any] = {1: 0.0, 2: 0, 3: b""}
    return name, single.get(kind, defaults.get(kind))


def read_tensor(data: memoryview) -> TensorMessage:
    """Return the tensor in these bytes. Raises BadMessage."""
    tensor = TensorMessage()
    for number, value in _fields(data):
        if number == 1:
            tensor.dims += _varints(value)
        elif number == 2:
            tensor.data_type = _signed(value)
        elif number == 4:
            tensor.numbers += _floats(value)
        elif number in (5, 7):
            tensor.numbers += _varints(value)
        elif number == 6:
            tensor.strings.append(_bytes(value))
        elif number == 8:
            tensor.name = _text(value)
        elif number == 9:
            tensor.raw = _bytes(value)
        elif number == 10:
            tensor.numbers += _doubles(value)
        elif number == 11:
            tensor.numbers += [number & 0xFFFFFFFFFFFFFFFF for number in _varints(value)]
        elif number == 13:
            parts = dict(_fields(value))
            tensor.external[_text(parts.get(1, b""))] = _text(parts.get(2, b""))
        elif number == 14:
            tensor.is_external = value == 1
    return tensor


def _value(data: memoryview) -> ValueMessage:
    found = ValueMessage()
    for number, value in _fields(data):
        if number == 1:
            found.name = _text(value)
        elif number == 2:
            tensor = dict(_fields(value)).get(1)
            if isinstance(tensor, memoryview):
                for inner, part in _fields(tensor):
                    if inner == 1:
                        found.data_type = _signed(part)
                    elif inner == 2:
                        found.shape = [_length(one) for number, one in _fields(part) if number == 1]
    return found


def _length(data: memoryview) -> int | None:
    parts = dict(_fields(data))
    return _signed(parts[1]) if 1 in parts else None


def _fields(data: Any) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field: an unsigned integer, or the bytes of the value."""
    if not isinstance(data, memoryview):
        raise BadMessage("a message is missing")
    position, end = 0, len(data)
    while position < end:
        tag = _varint(data, position)
        number, kind, position = tag[0] >> 3, tag[0] & 7, tag[1]
        if kind == VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if kind == BYTES:
            length, position = _varint(data, position)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise BadMessage(f"field {number} has the unknown type {kind}")
        if length > end - position:
            raise BadMessage(f"field {number} ends after the file")
        yield number, data[position : position + length]
        position += length


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    found = read_varint(data, position)  # type: ignore[arg-type]
    if found is None:
        raise BadMessage("the file ends inside a number")
    return found


def _signed(value: Any) -> int:
    if not isinstance(value, int):
        raise BadMessage("expected an integer")
    value &= 0xFFFFFFFFFFFFFFFF
    return int(value - (1 << 64) if value >> 63 else value)


def _varints(value: Any) -> list[int]:
    if isinstance(value, int):
        return [_signed(value)]
    found, position = [], 0
    while position < len(value):
        number, position = _varint(value, position)
        found.append(_signed(number))
    return found


def _unpack(value: Any, code: str, size: int) -> list[float]:
    if not isinstance(value, memoryview) or len(value) % size:
        raise BadMessage("expected numbers")
    return list(struct.unpack(f"<{len(value) // size}{code}", value))


def _floats(value: Any) -> list[float]:
    return _unpack(value, "f", 4)


def _doubles(value: Any) -> list[float]:
    return _unpack(value, "d", 8)


def _float(value: Any) -> float:
    found = _floats(value)
    if len(found) != 1:
        raise BadMessage("expected one number")
    return found[0]


def _bytes(value: Any) -> bytes:
    if isinstance(value, int):
        raise BadMessage("expected bytes")  # `bytes` of a number would be as many zeros
    return bytes(value)


def _text(value: Any) -> str:
    return _bytes(value).decode("utf-8", "replace")
