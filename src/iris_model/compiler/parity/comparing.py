"""Compare answers: labels by value and type, numbers by their relative difference.

Numbers are equal within 1e-9 of their value, plus a floor of 1e-12 of the magnitude of the row's numbers, because
subtracting large numbers may leave a small one. If the terms of these numbers are even larger, noise.py decides.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from iris_model.engine.operators import OPERATORS
from iris_model.readers import Graph, Node

Array = np.ndarray[Any, Any]

RELATIVE = 1e-9
# The same for an original that computes in float32: operators of the engine's float32 module.
RELATIVE_FLOAT32 = 1e-6
FLOAT32_MODULE = "float32"
# The floor is RELATIVE times this part of the magnitude.
FLOOR = 1e-3


def allowed_differences(graph: Graph) -> dict[str, float]:
    """Return the allowed relative difference of each numeric method."""
    return {
        method: RELATIVE_FLOAT32 if any(_is_float32(node) for node in nodes_behind(graph, method)) else RELATIVE
        for method, output in graph.signature["outputs"].items()
        if output["kind"] == "number"
    }


def compare_labels(answers: Sequence[Any], right: Sequence[Any]) -> list[float]:
    """Return 0.0 for each row, or infinity if the labels or their types differ."""
    return [0.0 if _same_label(one, other) else math.inf for one, other in zip(answers, right, strict=True)]


def compare_numbers(answers: Sequence[Any], right: Sequence[Any]) -> list[float]:
    """Return the largest relative difference of each row; infinity if the shapes differ."""
    ours, wanted = _as_table(answers), _as_table(right)
    if ours is None or wanted is None or ours.shape != wanted.shape:
        return [_difference(one, other) for one, other in zip(answers, right, strict=True)]
    found: list[float] = _largest(ours.reshape(len(ours), -1), wanted.reshape(len(wanted), -1)).tolist()
    return found


def largest_difference(values: Sequence[float], right: Sequence[float]) -> float:
    """Return the largest relative difference of two lists, with the floor; infinite if a number is not finite."""
    return float(_largest(np.array([values], np.float64), np.array([right], np.float64))[0])


def find_finite(answers: Sequence[Any]) -> list[tuple[bool, bool]]:
    """Return for each row whether every number is finite, and whether none is infinite."""
    table = _as_table(answers)
    if table is not None:
        cells = table.reshape(len(table), -1)
        return [(bool(np.isfinite(row).all()), not bool(np.isinf(row).any())) for row in cells]
    found = []
    for answer in answers:
        numbers = [cell for cell in flatten(answer) if isinstance(cell, (int, float))]
        found.append((all(map(math.isfinite, numbers)), not any(map(math.isinf, numbers))))
    return found


def find_sizes(answers: Sequence[Any]) -> list[float]:
    """Return the largest absolute value among the finite numbers of each row; 0.0 if there are none."""
    table = _as_table(answers)
    if table is None:
        rows = [[float(cell) for cell in flatten(one) if isinstance(cell, (int, float))] for one in answers]
        return [max((abs(cell) for cell in row if math.isfinite(cell)), default=0.0) for row in rows]
    cells = np.abs(np.where(np.isfinite(table), table, 0.0)).reshape(len(table), -1)
    found: list[float] = cells.max(axis=1, initial=0.0).tolist()
    return found


def flatten(answer: object) -> Iterator[object]:
    """Yield the cells of an answer."""
    if isinstance(answer, list):
        for part in answer:
            yield from flatten(part)
    else:
        yield answer


def nodes_behind(graph: Graph, method: str) -> list[Node]:
    """Return the nodes that an output is computed from, in order."""
    return graph.nodes_behind([graph.outputs[method]])


def _as_table(answers: Sequence[Any]) -> Array | None:
    """Return rows of numbers as an array; None for strings, and for rows with parts of different lengths."""
    if not answers:
        return None
    try:
        made = np.array(answers)
    except ValueError:
        return None
    return made.astype(np.float64) if made.dtype.kind in "fiub" else None


def _largest(values: Array, right: Array) -> Array:
    with np.errstate(all="ignore"):
        difference = np.abs(values - right)
        magnitude = np.abs(np.where(np.isfinite(right), right, 0.0)).max(axis=1, initial=0.0)
        floor = np.abs(right) + FLOOR * magnitude[:, None]
        relative = difference / np.where(floor > 0.0, floor, math.ulp(0.0))
    same = (values == right) | (np.isnan(values) & np.isnan(right))
    # A subnormal number: one library rounds such an exponential to zero, another does not.
    same |= difference < sys.float_info.min
    # Not infinite if the original answers 0: rounding noise may explain a small number.
    relative = np.minimum(relative, sys.float_info.max)
    relative = np.where(np.isfinite(values) & np.isfinite(right), relative, np.inf)
    found: Array = np.where(same, 0.0, relative).max(axis=1, initial=0.0)
    return found


def _difference(answer: object, right: object) -> float:
    """Return the difference of one row, whose cells may also be strings."""
    if _shape(answer) != _shape(right):
        return math.inf
    ours, wanted = [], []
    for one, other in zip(flatten(answer), flatten(right), strict=True):
        if isinstance(one, (int, float)) and isinstance(other, (int, float)):
            ours.append(float(one))
            wanted.append(float(other))
        elif not (one == other or (_is_missing(one) and _is_missing(other))):
            return math.inf
    return largest_difference(ours, wanted) if ours else 0.0


def _is_missing(cell: object) -> bool:
    return cell is None or cell != cell


def _same_label(label: object, right: object) -> bool:
    if isinstance(right, list):
        return isinstance(label, list) and len(label) == len(right) and all(map(_same_label, label, right))
    return type(label) is type(right) and label == right


def _shape(answer: object) -> object:
    return [_shape(part) for part in answer] if isinstance(answer, list) else None


def _is_float32(node: Node) -> bool:
    """Whether the original computes this node in float32. Then its results are float32 too."""
    return OPERATORS[node.op] == FLOAT32_MODULE or bool(
        node.attributes.get("float32_sum") or node.attributes.get("float32")
    )
