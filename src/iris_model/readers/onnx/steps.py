"""Steps of a program, and the program as attributes and tensors of the operator `run_network`."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .tensors import Tensor

KINDS: dict[str, str] = {
    "float32": "f", "float64": "d", "int64": "q", "int32": "i", "bool": "?", "object": "s", "uint8": "B", "int8": "b",
    "uint16": "H", "int16": "h", "uint32": "I", "uint64": "Q",
}  # fmt: skip


@dataclass
class Step:
    """One operator with the names of its inputs ("" if omitted) and outputs."""

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """Steps in order, the constants that they use, and the reasons why the engine cannot run them."""

    steps: list[Step]
    constants: dict[str, Tensor]
    reasons: list[str]


@dataclass(frozen=True)
class Encoded:
    """A program as attributes and tensors of the operator `run_network`."""

    attributes: dict[str, Any]
    tensors: dict[str, Tensor]


def encode(program: Program, inputs: Sequence[str], outputs: Sequence[str]) -> tuple[Encoded, dict[str, int]]:
    """Return the program as data, and the number of each input. Constants become parts of one tensor per type."""
    numbers: dict[str, int] = {}

    def number(name: str) -> int:
        return -1 if not name else numbers.setdefault(name, len(numbers))

    for name in (*inputs, *program.constants):
        number(name)
    constants: list[list[Any]] = []
    texts: list[str] = []
    parts: dict[str, list[Tensor]] = {"floats": [], "doubles": [], "wholes": []}
    sizes = dict.fromkeys(parts, 0)
    for name, value in program.constants.items():
        kind = KINDS[value.dtype.name]
        if kind == "s":
            constants.append([number(name), kind, len(texts), list(value.shape)])
            texts += value.ravel().tolist()
            continue
        group = {"f": "floats", "d": "doubles"}.get(kind, "wholes")
        constants.append([number(name), kind, sizes[group], list(value.shape)])
        dtype = {"floats": np.float32, "doubles": np.float64, "wholes": np.int64}[group]
        parts[group].append(np.ascontiguousarray(value).ravel().astype(dtype))
        sizes[group] += value.size
    steps = []
    for step in program.steps:
        attributes = {
            name: {"array": number(value["array"])} if isinstance(value, dict) else value
            for name, value in step.attributes.items()
        }
        steps.append(
            [step.op, [number(name) for name in step.inputs], [number(name) for name in step.outputs], attributes]
        )
    encoded = Encoded(
        {"steps": steps, "constants": constants, "texts": texts, "results": [number(name) for name in outputs]},
        {name: np.concatenate(part) for name, part in parts.items() if part and sizes[name]},
    )
    return encoded, {name: numbers[name] for name in inputs}


def as_cells(value: Tensor) -> tuple[Any, tuple[int, ...], str]:
    """Return cells, shape and type of a tensor, as the engine takes them."""
    kind = KINDS[value.dtype.name]
    if kind == "s":
        return value.ravel().tolist(), value.shape, kind
    return array("B" if kind == "?" else kind, np.ascontiguousarray(value).tobytes()), value.shape, kind
