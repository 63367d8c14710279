"""Bound the rounding errors of the tables inside a graph, for the arithmetic of any machine.

Takes the values of every table for some rows, and returns an absolute bound for every cell. A value that is copied, or
computed by exactly rounded IEEE 754 operations in the original's order, has no error. A function of the C library or of
SIMD code has an error of a few units in the last place. The error of a sum is the amount by which the order of
additions can change it. Errors of the inputs are propagated and amplified as by the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.engine.operators import OPERATORS, find_operator
from iris_model.readers import Graph, Node
from iris_model.readers.graph import INPUT
from iris_model.readers.operator_traits import having

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]

UNIT = 2.0**-53
# Libraries promise an error of at most four units for these functions, and two libraries may differ from each other.
FUNCTION_UNITS = 16
# The bounds for an operator without a rule here: relative to the cell, and to the largest cell of its column.
UNKNOWN = 2.0**-46
FLOAT32 = 2.0**-22
# Rows to measure rounding errors with.
ERROR_ROWS = 192

COPIES = having("copies")
STEPS = having("steps")
IEEE = having("ieee")
# numpy's functions that IEEE 754 defines exactly.
IEEE_FUNCTIONS = frozenset(
    (
        "absolute",
        "fabs",
        "ceil",
        "floor",
        "negative",
        "positive",
        "reciprocal",
        "rint",
        "sign",
        "sqrt",
        "square",
        "trunc",
    )
)


def rows_to_measure(rows: Sequence[Row]) -> list[Row]:
    """Return rows to measure rounding errors with, evenly spaced from the first to the last one."""
    return [rows[place] for place in np.unique(np.linspace(0, len(rows) - 1, ERROR_ROWS).astype(int)).tolist()]


def find_errors(graph: Graph, tables: Mapping[str, Array], name: str) -> Array | None:
    """Return the error bound of each cell of the table `name`, or None if it is unknown.

    `tables` contains its value, and the values of all tables that it is computed from.
    """
    nodes = {node.output: node for node in graph.nodes}
    found: dict[str, Pair | None] = {}

    def follow(value: str) -> Pair | None:
        if value not in found:
            if value == INPUT:
                found[value] = _input(tables)
            else:
                node = nodes[value]
                inputs = [follow(source) for source in node.inputs]
                table = tables.get(value)
                found[value] = None if table is None else (table, _error(node, inputs, table))
        return found[value]

    with np.errstate(all="ignore"):
        pair = follow(name)
    return None if pair is None else np.nan_to_num(pair[1], nan=0.0, posinf=0.0)


def _input(tables: Mapping[str, Array]) -> Pair | None:
    table = tables.get(INPUT)
    return None if table is None else (table, np.zeros_like(table))


def _error(node: Node, inputs: Sequence[Pair | None], output: Array) -> Array:
    if node.op in STEPS:
        return np.zeros_like(output)
    pairs = [pair for pair in inputs if pair is not None]
    if len(pairs) < len(inputs):
        # Strings, or a table too wide to evaluate.
        return _unknown(output)
    clean = not any(pair[1].any() for pair in pairs)
    if node.op in RULES:
        return RULES[node.op](node, pairs, output)
    if node.op in IEEE and clean:
        return np.zeros_like(output)
    if OPERATORS[node.op] == "float32":
        own = FLOAT32 * np.abs(output)
    elif node.op in IEEE:
        own = 4 * UNIT * np.abs(output)
    else:
        own = _unknown(output)
    return own if clean else own + _passed_on(node, pairs, output)


def _unknown(output: Array) -> Array:
    finite = np.where(np.isfinite(output), np.abs(output), 0.0)
    bound: Array = UNKNOWN * (finite + finite.max(axis=0, initial=0.0))
    return bound


def _passed_on(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    """Return the output error from inputs moved by their bounds: up, down, and alternating."""
    parameters = {**node.attributes, **{name: tensor.tolist() for name, tensor in node.tensors.items()}}
    moved = np.zeros_like(output)
    signs = (lambda shape: np.ones(shape), lambda shape: -np.ones(shape), _alternating)
    for sign in signs:
        tables = [(value + sign(value.shape) * error).tolist() for value, error in pairs]
        try:
            answer = np.array(find_operator(node.op)(*tables, **parameters), np.float64).reshape(output.shape)
        except Exception:
            # No rule applies outside the domain or to flat columns, so the largest relative error of the inputs is
            # used.
            largest = max(float((error / np.maximum(np.abs(value), 1e-300)).max(initial=0.0)) for value, error in pairs)
            return 64 * min(largest, 1e-6) * np.abs(output)
        moved = np.fmax(moved, np.abs(answer - output))
    return 2 * moved


def _alternating(shape: tuple[int, ...]) -> Array:
    signs: Array = np.where(np.indices(shape).sum(axis=0) % 2, 1.0, -1.0)
    return signs


def _copy(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    if node.op == "select_columns":
        return pairs[0][1][:, list(node.attributes["indices"])]
    if node.op == "select_columns_sparse":
        positions = np.asarray(node.tensors["positions"])
        kept = np.flatnonzero(positions >= 0)
        return pairs[0][1][:, kept[np.argsort(positions[kept])]]
    errors = np.hstack([error for _, error in pairs])
    if node.op == "column":
        index = int(node.attributes["index"])
        return errors[:, index : index + 1]
    return errors if errors.shape == output.shape else np.broadcast_to(errors.max(axis=1, keepdims=True), output.shape)


def _narrow(_: Node, pairs: Sequence[Pair], output: Array) -> Array:
    """Return the error of rounding to float32.

    The rounding is exact, unless the input may be on the other side of a rounding boundary.
    """
    error = pairs[0][1]
    rounded: Array = np.where(error > 0, error + np.spacing(np.abs(output).astype(np.float32)).astype(np.float64), 0.0)
    return rounded


def _snap(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    """Return the error of the input, and 0 for snapped values: they are the same on every machine."""
    error = pairs[0][1].copy()
    for index, values in enumerate(node.attributes["known"]):
        error[np.isin(output[:, index], values), index] = 0.0
    return error


def _linear(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    """Return the error of sums of products.

    Rounding errors in a sum mostly cancel: they grow with the square root of the number of terms.
    """
    value, error = pairs[0]
    weights = np.abs(node.tensors["coefficients"]).T
    summed = np.abs(value) @ weights + np.abs(node.tensors["intercepts"])
    bound: Array = error @ weights + (8 + 4 * np.sqrt(len(weights))) * UNIT * summed + UNIT * np.abs(output)
    return bound


def _map_cells(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    name = str(node.attributes["parameters"]["name"])
    value, error = pairs[0]
    function = getattr(np, name)
    moved = np.fmax(np.abs(function(value + error) - output), np.abs(function(value - error) - output))
    own = np.zeros_like(output) if name in IEEE_FUNCTIONS else FUNCTION_UNITS * UNIT * np.abs(output)
    bound: Array = np.where(error > 0, np.nan_to_num(moved), 0.0) + own
    return bound


def _power(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    """Return the error of ((x + 1) ** p - 1) / p.

    Library versions compute it differently, and the subtraction cancels digits near zero.
    """
    value, error = pairs[0]
    exponents = np.where(value >= 0, node.tensors["lambdas"], node.tensors["rests"])
    divisor = np.maximum(np.abs(exponents), 1e-6)
    own = 2 * FUNCTION_UNITS * UNIT * (np.abs(output) + np.minimum((np.abs(exponents * output) + 1.0) / divisor, 1e3))
    bound: Array = own + _passed_on(node, pairs, output) if error.any() else own
    return bound


def _quantile(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    """Return the error of linear interpolation between two quantiles.

    The error of a normal quantile is large where the density is small.
    """
    if node.attributes["normal"]:
        density = np.exp(-0.5 * output * output) / np.sqrt(2 * np.pi)
        own = FUNCTION_UNITS * UNIT * np.abs(output) + 4 * UNIT / np.maximum(density, 1e-8)
    else:
        own = 4 * UNIT * np.ones_like(output)
    bound: Array = own + _passed_on(node, pairs, output) if pairs[0][1].any() else own
    return bound


def _normalize(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    value, error = pairs[0]
    own = (8 + np.sqrt(value.shape[1])) * UNIT * np.abs(output)
    bound: Array = own + _passed_on(node, pairs, output) if error.any() else own
    return bound


def _rbf(node: Node, pairs: Sequence[Pair], output: Array) -> Array:
    """Return the error of exp(-gamma |x - y|^2).

    Libraries compute the square from |x|^2 and |y|^2, so its error is relative to these.
    """
    value, error = pairs[0]
    size = (value * value).sum(axis=1, keepdims=True) + (node.tensors["vectors"] ** 2).sum(axis=1).max(initial=0.0)
    own = FUNCTION_UNITS * UNIT * np.abs(output) * (1.0 + float(node.attributes["gamma"]) * size)
    bound: Array = own + _passed_on(node, pairs, output) if error.any() else own
    return bound


RULES: Mapping[str, Callable[[Node, Sequence[Pair], Array], Array]] = {
    **dict.fromkeys(COPIES, _copy),
    "narrow_to_float32": _narrow,
    "snap_to_known": _snap,
    "linear": _linear,
    "map_cells": _map_cells,
    "power_transform": _power,
    "quantile_transform": _quantile,
    "normalize": _normalize,
    "rbf_kernel": _rbf,
}
