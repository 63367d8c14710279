"""Snap computed values to training values before steps that compare for equality.

A numeric category, or a quantile that occurs several times, matches by equality. Behind a transform that rounds
differently on another processor, `snap_to_known` makes values within the error of the transform (roundoff.py) equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.compiler.original import Original
from iris_model.readers import Graph, Node
from iris_model.readers.graph import INPUT

from .gaps import Gaps
from .inner_values import InnerValues, answered
from .roundoff import find_errors, rows_to_measure

Array = np.ndarray[Any, Any]

# The largest distance from a known value, in errors, and as a share of the distance to the next known value.
MARGIN, SHARE = 4.0, 0.25


def snap_known_values(graph: Graph, original: Original, rows: Sequence[Row]) -> tuple[Graph, list[Gaps]]:
    """Return the graph with `snap_to_known` before steps that compare inexact values, and the snapped ranges."""
    steps = [(node, known) for node in graph.nodes if (known := _known_values(node))]
    if not steps:
        return graph, []
    values = InnerValues(graph, original)
    chosen = rows_to_measure(rows)
    snapped: dict[str, Node] = {}
    around: list[Gaps] = []
    for node, known in steps:
        errors = _largest_errors(graph, values, node.inputs[0], chosen, known)
        if errors is None or not errors.any():
            continue
        reach = [min(MARGIN * float(error), SHARE * _least_gap(column)) for error, column in zip(errors, known)]
        snapped[node.output] = Node(
            "snap_to_known",
            (node.inputs[0],),
            f"{node.output}_snapped",
            {"known": [column if by else [] for column, by in zip(known, reach)], "within": reach},
        )
        places = [(index, value, by) for index, by in enumerate(reach) if by for value in known[index]]
        feature, middle, width = (np.array(part) for part in zip(*places))
        around.append(Gaps(node.inputs[0], feature, np.nextafter(middle - width, -np.inf), middle + width))
    nodes: list[Node] = []
    for node in graph.nodes:
        if (before := snapped.get(node.output)) is not None:
            nodes.append(before)
            node = replace(node, inputs=(before.output, *node.inputs[1:]))
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes)), around


def _known_values(node: Node) -> list[list[float]]:
    """Return for each column the numbers that are compared for equality, ascending; empty if none."""
    if node.op == "quantile_transform":
        known = [_repeated(column) for column in np.asarray(node.tensors["quantiles"], np.float64)]
    elif node.op in ("one_hot", "look_up"):
        known = [sorted(map(float, table["numbers"])) for table in node.attributes["columns"]]
    else:
        return []
    return known if any(known) else []


def _repeated(quantiles: Array) -> list[float]:
    values, counts = np.unique(quantiles[np.isfinite(quantiles)], return_counts=True)
    repeated: list[float] = values[counts > 1].tolist()
    return repeated


def _least_gap(known: Sequence[float]) -> float:
    return float(np.diff(known).min(initial=np.inf)) if len(known) else 0.0


def _largest_errors(
    graph: Graph, values: InnerValues, table: str, rows: Sequence[Row], known: Sequence[Sequence[float]]
) -> Array | None:
    """Return for each column the largest error of values up to the known ones; None if the table has no numbers."""
    names = [INPUT, *(node.output for node in graph.nodes_behind([table]))]
    sizes = np.array([2 * max(map(abs, column), default=0.0) for column in known])

    def measure(part: Sequence[Row]) -> Array:
        tables = values.engine(names, part)
        ours, errors = tables.get(table), find_errors(graph, tables, table)
        if ours is None or errors is None:
            return np.empty((len(part), 0))
        return np.where(np.abs(ours) <= sizes, errors, 0.0)

    _, measured = answered(measure, rows)
    return measured.max(axis=0) if measured.size else None
