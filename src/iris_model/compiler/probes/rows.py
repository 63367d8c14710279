"""Generate the rows for the verification of a compiled model.

Takes a graph and the user's rows, if any. Returns rows by kind. The same graph gives the same rows on every machine:
numpy's `RandomState` has a frozen stream (NEP 19).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.contract.signature import Column
from iris_model.readers import Graph

from .cells import fill_cells, find_pools, unseen_rows
from .domains import Domains
from .ranges import find_ranges
from .thresholds import TREE_OPERATORS, threshold_rows

Array = np.ndarray[Any, Any]

SEED = 20261123
UNIFORM_ROWS = 512
MISSING_ROWS = 256
# The number of columns with extreme values, one at a time; in a wider model they are spread evenly.
EXTREME_COLUMNS = 64
# A limit for the time of verification, in rows times trees: the engine walks them in Python.
TREE_WALKS = 400_000
MOST_THRESHOLD_ROWS, FEWEST_THRESHOLD_ROWS = 8192, 512

LARGE = {"float32": (1e9, 3.4e38), "float64": (1e9, 1e30, 1e300)}


@dataclass(frozen=True)
class VerificationRows:
    """Rows by kind, and the numbers of thresholds: met exactly, and all. `typical`: rows that a caller might send."""

    by_kind: dict[str, list[Row]]
    typical: list[Row]
    thresholds: int
    thresholds_total: int


def make_rows(graph: Graph, data: Sequence[Row], domains: Domains | None = None) -> VerificationRows:
    """Generate rows for `graph`, in ranges from `data` if there is any, or in the `domains` that a search found."""
    random = np.random.RandomState(SEED)
    ranges = find_ranges(graph, data) if domains is None else domains.ranges
    columns = graph.signature["columns"]
    uniform = random.uniform(ranges[:, 0], ranges[:, 1], size=(UNIFORM_ROWS, len(columns)))
    if domains is not None:
        uniform[:, domains.whole] = np.round(uniform[:, domains.whole])
    pools = find_pools(graph)
    drawn = domains.rows if domains is not None and domains.rows else fill_cells(uniform.tolist(), pools, random)
    by_kind = {
        "given": [list(row) for row in data],
        "uniform": drawn,
        "whole numbers": fill_cells(np.round(uniform[: UNIFORM_ROWS // 4]).tolist(), pools, random),
        "extreme": fill_cells(_extreme(columns, ranges, drawn[0]), pools, random),
    }
    met, thresholds, total = threshold_rows(graph, ranges, random, _threshold_limit(graph))
    by_kind["threshold"] = fill_cells(met, pools, random)
    by_kind["missing"] = _missing(columns, by_kind["uniform"][:MISSING_ROWS], random)
    by_kind["unseen"] = unseen_rows(by_kind["uniform"], pools)
    by_kind = {kind: rows for kind, rows in by_kind.items() if rows}
    return VerificationRows(by_kind, by_kind.get("given") or by_kind["uniform"], thresholds, total)


def _threshold_limit(graph: Graph) -> int:
    trees = sum(len(node.tensors["roots"]) for node in graph.nodes if node.op in TREE_OPERATORS)
    return min(MOST_THRESHOLD_ROWS, max(FEWEST_THRESHOLD_ROWS, TREE_WALKS // max(trees, 1)))


def _extreme(columns: Sequence[Column], ranges: Array, ordinary: Row) -> list[Row]:
    """Return zeros, signed zeros, and ordinary rows with one column far outside its range."""
    rows = [[0.0] * len(columns), [-0.0] * len(columns), ranges[:, 0].tolist(), ranges[:, 1].tolist()]
    for index in np.unique(np.linspace(0, len(columns) - 1, EXTREME_COLUMNS).astype(int)).tolist():
        low, high = ranges[index].tolist()
        far = [low - 10 * (high - low), high + 10 * (high - low), 5e-324]
        for size in LARGE.get(columns[index]["dtype"], ()):
            far += [size, -size]
        for value in far:
            row = list(ordinary)
            row[index] = value
            rows.append(row)
    return rows


def _missing(columns: Sequence[Column], ordinary: Sequence[Row], random: np.random.RandomState) -> list[Row]:
    """Return rows with missing cells: random cells, one column at a time, and all cells, if the model accepts that."""
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
