"""The rows a compiled model is verified with.

In: a graph and the user's rows, if any. Out: rows by kind. The same graph gives the same rows on every machine: the random
numbers are of numpy's `RandomState`, whose stream is frozen (NEP 19).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iris_model.readers import Graph

from .cells import fill_cells, find_pools, unseen_rows
from .data import Row
from .ranges import find_ranges
from .thresholds import TREE_OPERATORS, threshold_rows

Array = np.ndarray[Any, Any]

SEED = 20261123
UNIFORM_ROWS = 512
MISSING_ROWS = 256
# Columns that are taken to extremes one at a time; of more, these many spread over all.
EXTREME_COLUMNS = 64
# The time that verification may take: rows times trees, for the engine walks them in Python.
TREE_WALKS = 400_000
MOST_THRESHOLD_ROWS, FEWEST_THRESHOLD_ROWS = 8192, 512

LARGE = {"float32": (1e9, 3.4e38), "float64": (1e9, 1e30, 1e300)}


@dataclass(frozen=True)
class VerificationRows:
    """Rows by kind; `typical` are those that a caller might send. Thresholds: met exactly, and all there are."""

    by_kind: dict[str, list[Row]]
    typical: list[Row]
    thresholds: int
    thresholds_total: int


def make_rows(graph: Graph, data: Sequence[Row]) -> VerificationRows:
    """Generate rows for `graph`, in ranges taken from `data` if there is any."""
    random = np.random.RandomState(SEED)
    ranges = find_ranges(graph, data)
    columns = graph.signature["columns"]
    uniform = random.uniform(ranges[:, 0], ranges[:, 1], size=(UNIFORM_ROWS, len(columns)))
    pools = find_pools(graph)
    by_kind = {
        "given": [list(row) for row in data],
        "uniform": fill_cells(uniform.tolist(), pools, random),
        "whole numbers": fill_cells(np.round(uniform[: UNIFORM_ROWS // 4]).tolist(), pools, random),
        "extreme": fill_cells(_extreme(columns, ranges, uniform[0]), pools, random),
    }
    met, thresholds, total = threshold_rows(graph, ranges, random, _threshold_limit(graph))
    by_kind["threshold"] = fill_cells(met.tolist(), pools, random)
    by_kind["missing"] = _missing(columns, by_kind["uniform"][:MISSING_ROWS], random)
    by_kind["unseen"] = unseen_rows(by_kind["uniform"], pools)
    by_kind = {kind: rows for kind, rows in by_kind.items() if rows}
    return VerificationRows(by_kind, by_kind.get("given") or by_kind["uniform"], thresholds, total)


def _threshold_limit(graph: Graph) -> int:
    trees = sum(len(node.tensors["roots"]) for node in graph.nodes if node.op in TREE_OPERATORS)
    return min(MOST_THRESHOLD_ROWS, max(FEWEST_THRESHOLD_ROWS, TREE_WALKS // max(trees, 1)))


def _extreme(columns: Sequence[dict[str, Any]], ranges: Array, ordinary: Array) -> list[Row]:
    """Zeros, signed zeros, and one column at a time far outside its range, in an otherwise ordinary row."""
    rows = [[0.0] * len(columns), [-0.0] * len(columns), ranges[:, 0].tolist(), ranges[:, 1].tolist()]
    for index in np.unique(np.linspace(0, len(columns) - 1, EXTREME_COLUMNS).astype(int)).tolist():
        low, high = ranges[index].tolist()
        far = [low - 10 * (high - low), high + 10 * (high - low), 5e-324]
        for size in LARGE.get(columns[index]["dtype"], ()):
            far += [size, -size]
        for value in far:
            row = ordinary.tolist()
            row[index] = value
            rows.append(row)
    return rows


def _missing(columns: Sequence[dict[str, Any]], ordinary: Sequence[Row], random: np.random.RandomState) -> list[Row]:
    """Cells left out at random, one column at a time, and all at once, where the model takes that."""
    allowed = np.array([column["missing"] for column in columns])
    if not allowed.any():
        return []
    dropped = (random.uniform(size=(len(ordinary), len(columns))) < 0.3) & allowed
    rows = [_without(row, mask) for row, mask in zip(ordinary, dropped, strict=True)]
    single = np.flatnonzero(allowed)[:EXTREME_COLUMNS]
    rows += [_without(ordinary[0], np.arange(len(columns)) == index) for index in single]
    rows.append(_without(ordinary[0], allowed))
    return rows


def _without(row: Row, mask: Array) -> Row:
    return [None if missing else cell for cell, missing in zip(row, mask.tolist(), strict=True)]
