"""Generate rows that meet the thresholds of trees exactly, and rows one step to either side.

A row tests a threshold only if it reaches the node. So for each chosen node a point is drawn from the box of the
conditions on its path. Then the node's feature is set to the threshold, to its neighbors in float64 and in float32, and
halfway between float32 numbers, where rounding changes.

A row of a wide model tests one threshold of each of several trees, because such a row is large: 10,000 columns and 1,000
thresholds would need gigabytes otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.readers import Graph, Node
from iris_model.readers.operator_traits import having

from .affine import Affine, View, trace_views

Array = np.ndarray[Any, Any]

TREE_OPERATORS = having("tree")


# From this number of cells, a row tests thresholds of several trees.
MANY_CELLS = 4_000_000


@dataclass
class _Point:
    """A point on thresholds: cells by column that lead to their nodes, and the values to give to each split column."""

    cells: dict[int, float] = field(default_factory=dict)
    values: dict[int, list[float]] = field(default_factory=dict)
    trees: set[tuple[str, int]] = field(default_factory=set)

    def takes(self, other: _Point) -> bool:
        """Whether the other point is of other trees and other columns."""
        return self.trees.isdisjoint(other.trees) and self.cells.keys().isdisjoint(other.cells)

    def add(self, other: _Point) -> None:
        """Test the thresholds of another point with the same rows."""
        self.cells |= other.cells
        self.values |= other.values
        self.trees |= other.trees


def threshold_rows(
    graph: Graph, ranges: Array, random: np.random.RandomState, limit: int
) -> tuple[list[list[float]], int, int]:
    """Return rows that meet at most about `limit` / 8 thresholds, the number of these, and the number of all.

    Only for thresholds on input columns, or on scaled input columns; behind.py handles the others.
    """
    views = trace_views(graph)
    every = [node for node in graph.nodes if node.op in TREE_OPERATORS]
    ensembles = [(node, seen) for node in every if len(seen := _seen(node, views.get(node.inputs[0])))]
    total = sum(len(seen) for _, seen in ensembles)
    per_threshold = len(neighbours(0.5, Affine(0)))
    share = limit / per_threshold / total if total else 0.0
    points: list[_Point] = []
    for ensemble, inner in ensembles:
        if share < 1.0:
            chosen = random.choice(len(inner), size=min(len(inner), 1 + int(len(inner) * share)), replace=False)
            inner = np.sort(inner[chosen])
        points += _meet(ensemble, inner.tolist(), views[ensemble.inputs[0]], random)
    met = len(points)
    if met * per_threshold * len(ranges) > MANY_CELLS:
        points = _join(points)
    return [row for point in points for row in _around(point, ranges, random)], met, total


def _join(points: Sequence[_Point]) -> list[_Point]:
    """Return fewer points, each on thresholds of several trees."""
    joined: list[_Point] = []
    for point in points:
        for candidate in joined:
            if candidate.takes(point):
                candidate.add(point)
                break
        else:
            joined.append(point)
    return joined


def _around(point: _Point, ranges: Array, random: np.random.RandomState) -> Iterator[list[float]]:
    """Yield rows at the point, with each of the values in its split columns. The rows share the other cells."""
    base = random.uniform(ranges[:, 0], ranges[:, 1])
    for column, cell in point.cells.items():
        base[column] = cell if math.isfinite(cell) else base[column]
    cells: list[float] = base.tolist()
    for values in zip(*point.values.values(), strict=True):
        row = list(cells)
        for column, value in zip(point.values, values, strict=True):
            # The neighbors of the largest numbers overflow.
            if math.isfinite(value):
                row[column] = value
        yield row


def _seen(ensemble: Node, view: View | None) -> Array:
    """Return the nodes that split a column of the view."""
    splits = finite_splits(ensemble)
    if view is None:
        return splits[:0]
    known = np.array([column is not None for column in view], bool)
    chosen: Array = splits[known[ensemble.tensors["feature"][splits]]]
    return chosen


def neighbours(threshold: float, column: Affine) -> list[float]:
    """Return inputs that become the threshold or a value next to it."""
    narrow = np.float32(threshold)
    values = [threshold, float(narrow)]
    for direction in (-np.inf, np.inf):
        values.append(float(np.nextafter(threshold, direction)))
        step = float(np.nextafter(narrow, np.float32(direction)))
        values += [step, (float(narrow) + step) / 2]
    return [column.invert(value) for value in values]


def _meet(ensemble: Node, nodes: list[int], view: View, random: np.random.RandomState) -> Iterator[_Point]:
    """Yield a point for each node."""
    # Lists of all nodes would take twice the memory of the model.
    feature, threshold = ensemble.tensors["feature"].data, ensemble.tensors["threshold"].data
    parents = _parents(ensemble).data
    trees = np.searchsorted(ensemble.tensors["roots"], nodes, side="right").tolist()
    for node, tree in zip(nodes, trees, strict=True):
        column = view[feature[node]]
        if column is None:
            continue
        point = _Point(trees={(ensemble.output, tree)})
        for index, (low, high) in _box(node, parents, feature, threshold).items():
            inside = view[index]
            if inside is not None:
                point.cells[inside.source] = inside.invert(_draw(low, high, random))
        point.cells.setdefault(column.source, 0.0)
        point.values[column.source] = neighbours(threshold[node], column)
        yield point


def finite_splits(ensemble: Node) -> Array:
    """Return the nodes with a finite threshold. An infinite one separates missing values from all others."""
    return np.flatnonzero((ensemble.tensors["feature"] >= 0) & np.isfinite(ensemble.tensors["threshold"]))


def _parents(ensemble: Node) -> Array:
    feature, jump = ensemble.tensors["feature"], ensemble.tensors["jump"]
    inner = np.flatnonzero(feature >= 0)
    parents = np.full(len(feature), -1, np.int32)
    parents[inner + 1] = inner
    parents[inner + jump[inner]] = inner
    return parents


def _box(
    node: int, parents: Sequence[int], feature: Sequence[int], threshold: Sequence[float]
) -> dict[int, tuple[float, float]]:
    """Return the interval (low, high] of each feature on the path from the root to `node`."""
    box: dict[int, tuple[float, float]] = {}
    while (parent := parents[node]) >= 0:
        low, high = box.get(feature[parent], (-np.inf, np.inf))
        bound = threshold[parent]
        went_left = node == parent + 1
        box[feature[parent]] = (low, min(high, bound)) if went_left else (max(low, bound), high)
        node = parent
    return box


def _draw(low: float, high: float, random: np.random.RandomState) -> float:
    if np.isinf(low):
        return high - float(random.uniform(0.0, 1.0)) * max(1.0, abs(high))
    if np.isinf(high):
        return low + float(random.uniform(0.001, 1.0)) * max(1.0, abs(low))
    return low + (high - low) * float(random.uniform(0.001, 1.0))
