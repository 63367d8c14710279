"""Make programs smaller: without copies and unneeded steps, and with one step for a product and its bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .steps import Step
from .tensors import Tensor

# The same number as in engine/operators/networks/products.py.
PANEL = 16


def without_identities(steps: Sequence[Step], outputs: Sequence[str]) -> list[Step]:
    """Drop steps that hand on their input, unless they make an output of the graph."""
    source: dict[str, str] = {}
    kept = []
    for step in steps:
        step.inputs = [source.get(name, name) for name in step.inputs]
        if step.op in ("Identity", "Dropout") and step.outputs[0] not in outputs and len(step.outputs) == 1:
            source[step.outputs[0]] = step.inputs[0]
        else:
            kept.append(step)
    return kept


def needed(steps: Sequence[Step], outputs: Sequence[str]) -> list[Step]:
    """Return the steps that the outputs are computed from."""
    wanted = set(outputs)
    kept = []
    for step in reversed(steps):
        if wanted & set(step.outputs):
            wanted |= set(step.inputs)
            kept.append(step)
    return kept[::-1]


def fuse(steps: Sequence[Step], constants: dict[str, Tensor], outputs: Sequence[str]) -> list[Step]:
    """Make one step of a product with a constant matrix and its bias. The engine joins layers and activations."""
    users: dict[str, list[int]] = {}
    for place, step in enumerate(steps):
        for name in step.inputs:
            users.setdefault(name, []).append(place)
    gone: set[int] = set()
    made = []
    for place, step in enumerate(steps):
        if place in gone:
            continue
        matrix = _matrix_of(step, constants)
        if matrix is None:
            made.append(step)
            continue
        depth, width = matrix.shape
        bias = (
            constants[step.inputs[2]].ravel() if step.op == "Gemm" and len(step.inputs) > 2 and step.inputs[2] else None
        )
        output = step.outputs[0]
        if bias is None and len(users.get(output, ())) == 1 and output not in outputs:
            following = users[output][0]
            bias = _bias_of(steps[following], output, constants, width)
            if bias is not None:
                gone.add(following)
                output = steps[following].outputs[0]
        name = f"{step.outputs[0]}.packed"
        constants[name] = pack(matrix)
        inputs = [step.inputs[0], name]
        if bias is not None:
            constants[f"{name}.bias"] = np.ascontiguousarray(bias, np.float32)
            inputs.append(f"{name}.bias")
        made.append(Step("Dense", inputs, [output], {"depth": depth, "width": width}))
    return made


def _matrix_of(step: Step, constants: Mapping[str, Tensor]) -> Tensor | None:
    """Return the constant matrix, depth x width, by which a step multiplies; None if it is another step."""
    if step.op not in ("MatMul", "Gemm") or step.inputs[0] in constants:
        return None
    matrix = constants.get(step.inputs[1])
    if matrix is None or matrix.ndim != 2 or matrix.dtype != np.float32 or not matrix.size:
        return None
    if step.op == "MatMul":
        return matrix
    found = step.attributes
    if found.get("transA", 0) or found.get("alpha", 1.0) != 1.0 or found.get("beta", 1.0) != 1.0:
        return None
    matrix = matrix.T if found.get("transB", 0) else matrix
    if len(step.inputs) > 2 and step.inputs[2]:
        bias = constants.get(step.inputs[2])
        if bias is None or bias.size != matrix.shape[1] or bias.shape[-1:] != (matrix.shape[1],):
            return None
    return matrix


def _bias_of(step: Step, product: str, constants: Mapping[str, Tensor], width: int) -> Tensor | None:
    if step.op != "Add":
        return None
    other = step.inputs[1] if step.inputs[0] == product else step.inputs[0]
    bias = constants.get(other)
    return bias if bias is not None and bias.shape == (width,) else None


def pack(matrix: Tensor) -> Tensor:
    """Return a matrix in panels of columns, as the step Dense takes it."""
    depth, width = matrix.shape
    panels = -(-width // PANEL)
    padded = np.zeros((depth, panels * PANEL), np.float32)
    padded[:, :width] = matrix
    return np.ascontiguousarray(padded.reshape(depth, panels, PANEL).transpose(1, 0, 2)).ravel()
