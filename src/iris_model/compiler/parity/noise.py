"""Measure how far rounding moves an answer: stochastic arithmetic over the graph.

The rounding error of a sum is proportional to its terms, not to its result. Two libraries that add in different orders
differ by that much. So each node is evaluated with its numbers moved at random by a few units in the last place of the
magnitude of its terms, and the final answers are compared with the answer of unmoved numbers. Source: J. Vignes, "A
stochastic arithmetic for reliable scientific computation" (1993).

The rows themselves are exact, and so are steps (trees, categories, neighbors) that read only them. If a step reads
rounded numbers, the noise cannot be measured, and no difference is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.engine.functions import STEPS
from iris_model.engine.model import RowsView
from iris_model.engine.operators import find_operator
from iris_model.readers import Graph
from iris_model.readers.graph import INPUT
from iris_model.readers.operator_traits import having

from .comparing import flatten, nodes_behind
from .conditioning import LABELS, SMOOTH, WAYS
from .magnitudes import MAGNITUDES

Array = np.ndarray[Any, Any]

# The number of evaluations, and how far each moves a number, in units of the last place of its terms: the error of a
# sum of n terms is about the square root of n units.
SAMPLES = 16
UNITS = 16.0 * 2.0**-53
# Values in float32 are rounded once, and the original may round them again in a table.
UNITS_FLOAT32 = 4.0 * 2.0**-24
# An answer may differ by this many times the measured movement.
MARGIN = 4.0
EXACT = having("exact")


class Noise:
    """The effect of rounding on the answers of one method."""

    def __init__(self, graph: Graph, method: str) -> None:
        self._output = graph.outputs[method]
        self._is_label = graph.signature["outputs"][method]["kind"] == "label"
        self._nodes = nodes_behind(graph, method)
        self._plan: list[tuple[Any, Any]] | None = None

    def is_told(self, *, is_far: bool = False) -> bool:
        """Whether the noise can be measured: no step reads rounded numbers.

        `is_far`: the distances to all training rows are equal.
        """
        rounded = set()
        for node in self._nodes:
            behind = any(name in rounded for name in node.inputs)
            if behind and not (_is_smooth(node) or node.op in LABELS or (is_far and node.op in WAYS)):
                return False
            if behind or (_is_smooth(node) and node.op not in EXACT):
                rounded.add(node.output)
        return bool(rounded)

    def find(self, rows: Sequence[Row], answers: Sequence[Any], right: Sequence[Any]) -> list[float | None]:
        """Return how far the numbers of each row move at most; None if that does not explain the difference.

        The movement of a label is infinite if an evaluation gave the other label.
        """
        samples = list(self._sample(rows))
        if self._is_label:
            return [
                np.inf if any(type(one[i]) is type(label) and one[i] == label for one in samples) else None
                for i, label in enumerate(right)
            ]
        found: list[float | None] = []
        for index, (answer, wanted) in enumerate(zip(answers, right, strict=True)):
            ours, other = _cells(answer), _cells(wanted)
            moved = [_cells(sample[index]) for sample in samples]
            moved = [one for one in moved if one.shape == ours.shape and np.isfinite(one).all()]
            if ours.shape != other.shape or not moved or not np.isfinite(ours - other).all():
                found.append(None)
                continue
            spread = np.max([np.abs(one - ours) for one in moved], axis=0, initial=0.0)
            fits = (np.abs(ours - other) <= MARGIN * spread + 1e-9 * np.abs(other)).all()
            found.append(float(spread.max(initial=0.0)) if fits else None)
        return found

    def _sample(self, rows: Sequence[Row]) -> Iterator[list[Any]]:
        random = np.random.RandomState(len(rows))
        if self._plan is None:
            self._plan = [(node, _bind(node)) for node in self._nodes]
        table = [[np.nan if cell is None else cell for cell in row] for row in rows]
        for _ in range(SAMPLES):
            values: dict[str, Any] = {INPUT: table}
            try:
                for node, function in self._plan:
                    inputs = [values[name] for name in node.inputs]
                    made = function(*inputs)
                    if _is_smooth(node) and node.op not in EXACT:
                        made = _move(made, node, inputs, random)
                    values[node.output] = made
            except (ArithmeticError, ValueError):
                continue
            yield list(values[self._output])


def _is_smooth(node: Any) -> bool:
    if node.op in ("round_float32", "normalize"):
        return True
    if node.op == "map_cells":
        return node.attributes["parameters"]["name"] not in STEPS and node.attributes["parameters"]["name"] != "sign"
    return node.op in SMOOTH


def _bind(node: Any) -> Callable[..., Any]:
    """Return the operator with its attributes and tensors as the engine passes them."""
    parameters = dict(node.attributes)
    for name, tensor in node.tensors.items():
        parameters[name] = tensor.tolist() if tensor.ndim != 2 else RowsView(tensor.ravel().tolist(), *tensor.shape)
    operator = find_operator(node.op)
    return lambda *inputs: operator(*inputs, **parameters)


def _move(made: Any, node: Any, inputs: Sequence[Any], random: np.random.RandomState) -> Any:
    """Move each number of an operator's result by some units in the last place of its terms."""
    units = UNITS_FLOAT32 if node.op == "round_float32" else UNITS
    rows = list(made)
    if rows and isinstance(rows[0], dict):
        return [
            {place: cell * (1.0 + units * random.uniform(-1.0, 1.0)) for place, cell in row.items()} for row in rows
        ]
    cells = np.array(rows, np.float64)
    with np.errstate(all="ignore"):
        size = np.abs(cells)
        find = MAGNITUDES.get(node.op)
        if find is not None:
            tables = [_dense(one, node) for one in inputs]
            size = np.maximum(size, find(node, cells, *tables).reshape(cells.shape))
        moved = cells + units * size * random.uniform(-1.0, 1.0, cells.shape)
    return np.where(np.isfinite(moved), moved, cells).tolist()


def _dense(rows: Any, node: Any) -> Array:
    """Return the rows as an array. Sparse rows, {column: value}, become as wide as the coefficients of the node."""
    rows = list(rows)
    if not isinstance(rows[0], dict):
        return np.array(rows, np.float64)
    table = np.zeros((len(rows), node.tensors["coefficients"].shape[1]))
    for line, row in zip(table, rows, strict=True):
        line[list(row)] = list(row.values())
    return table


def _cells(answer: Any) -> Array:
    return np.array(list(flatten(answer)), np.float64)
