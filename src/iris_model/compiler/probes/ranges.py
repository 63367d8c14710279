"""Find the range of each input column, if the data or the graph show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.readers import Graph, Node

from .affine import Affine, trace_views
from .thresholds import TREE_OPERATORS

Array = np.ndarray[Any, Any]

FEW_ROWS = 20
# The range of a column for which nothing is known.
DEFAULT = (-10.0, 10.0)


def find_ranges(graph: Graph, data: Sequence[Row]) -> Array:
    """Return one (low, high) for each input column: from the data, and from values in scalers and trees.

    The latter is used if there are too few rows to show a range: a few rows must not weaken verification.
    """
    width = len(graph.signature["columns"])
    seen: list[list[float]] = [[] for _ in range(width)]
    for row in data:
        for column, cell in enumerate(row):
            if isinstance(cell, float):
                seen[column].append(cell)
    if len(data) < FEW_ROWS:
        for column, value in _remembered(graph):
            seen[column].append(value)
    ranges = np.array([(min(values), max(values)) if values else DEFAULT for values in seen]).reshape(width, 2)
    flat = ranges[:, 0] >= ranges[:, 1]
    ranges[flat] += (-1.0, 1.0)
    return ranges


def _remembered(graph: Graph) -> Iterator[tuple[int, float]]:
    """Yield training values of input columns that the graph contains."""
    views = trace_views(graph)
    for node in graph.nodes:
        view = views.get(node.inputs[0], ())
        known = [(index, column) for index, column in enumerate(view) if column is not None]
        if node.op == "scale":
            offset, divisor = node.tensors["offset"], node.tensors["divisor"]
            for index, column in known:
                yield from _around(column, offset[index] - 3 * divisor[index], offset[index] + 3 * divisor[index])
        elif node.op == "min_max_scale":
            scale, offset = node.tensors["scale"], node.tensors["offset"]
            for index, column in known:
                if scale[index]:
                    yield from _around(column, -offset[index] / scale[index], (1 - offset[index]) / scale[index])
        elif node.op == "category_log_likelihoods":
            starts = node.tensors["starts"]
            for index, column in known:
                yield from _around(column, 0.0, starts[index + 1] - starts[index] - 1)
        elif node.op == "interpolate":
            for _, column in known:
                yield from _around(column, node.tensors["xs"].min(), node.tensors["xs"].max())
        elif (kept := _kept(node)) is not None:
            for index, column in known:
                # A training row may have missing cells.
                met = kept[:, index][np.isfinite(kept[:, index])]
                if len(met):
                    yield from _around(column, met.min(), met.max())
        elif node.op in TREE_OPERATORS:
            feature, threshold = node.tensors["feature"], node.tensors["threshold"]
            for index, column in known:
                met = threshold[(feature == index) & np.isfinite(threshold)]
                if "category_set" in node.tensors:
                    yield from _categories(node, index, column)
                if len(met):
                    span = float(met.max() - met.min()) or 1.0
                    yield from _around(column, met.min() - span / 4, met.max() + span / 4)


def _categories(node: Node, index: int, column: Affine) -> Iterator[tuple[int, float]]:
    """Yield whole numbers from below zero to beyond the largest set of the feature."""
    asked = node.tensors["category_set"][node.tensors["feature"] == index]
    starts = node.tensors["set_start"]
    words = [int(starts[one + 1] - starts[one]) for one in asked if one >= 0]
    if words:
        yield from _around(column, -2.0, 8.0 if max(words) <= 1 else 32.0 * max(words) + 2.0)


def _kept(node: Node) -> Array | None:
    """Return the training rows, or the centers, that an operator compares with."""
    return next((node.tensors[name] for name in ("vectors", "centers", "points") if name in node.tensors), None)


def _around(column: Affine, low: float, high: float) -> Iterator[tuple[int, float]]:
    for value in (low, high):
        found = column.invert(float(value))
        if np.isfinite(found):
            yield column.source, found
