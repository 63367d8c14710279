"""Rows on the thresholds of trees in ONNX graphs: at each threshold, and one float32 to either side of it.

Such rows exist only for trees that compare the columns of a row directly. Behind other steps, only random rows test the
trees. A threshold is met if a row with that value reaches its node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.engine.operators.networks.forests import Forest, _attribute_forest
from iris_model.readers.onnx.steps import Program

from .arrays import to_engine

MOST_NODES = 2048
PREFIX = {"TreeEnsembleClassifier": "class", "TreeEnsembleRegressor": "target"}
# Steps that hand on the columns of a row.
SAME = ("Cast", "Identity", "Reshape", "Flatten")


# Trees, and the place in a row of each of their features.
Trees = tuple[Forest, Sequence[int]]


@dataclass(frozen=True)
class ThresholdRows:
    """`met` of `tried` nodes, which are a sample of `total`."""

    rows: list[Row]
    met: int
    tried: int
    total: int


def threshold_ranges(trees: Sequence[Trees]) -> dict[int, tuple[float, float]]:
    """Return for each column with thresholds a range around them."""
    seen: dict[int, list[float]] = {}
    for forest, places in trees:
        for feature, value in zip(forest.feature, forest.value, strict=True):
            if feature >= 0 and np.isfinite(value):
                seen.setdefault(places[feature], []).append(float(value))
    found = {}
    for column, values in seen.items():
        span = (max(values) - min(values)) / 4 or 1.0
        found[column] = (min(values) - span, max(values) + span)
    return found


def threshold_rows(trees: Sequence[Trees], rows: Sequence[Row], random: np.random.RandomState) -> ThresholdRows:
    """Return rows on thresholds. `rows`: rows to change."""
    made: list[Row] = []
    met = tried = total = 0
    for forest, places in trees:
        inner = [node for node, feature in enumerate(forest.feature) if feature >= 0]
        total += len(inner)
        chosen = [inner[at] for at in sorted(random.permutation(len(inner))[:MOST_NODES].tolist())]
        tried += len(chosen)
        reached = _reached(forest, places, rows)
        for node in chosen:
            column = places[forest.feature[node]]
            near = np.float32(forest.value[node])
            for row in reached.get(node, ())[:4]:
                at = [*row[:column], float(near), *row[column + 1 :]]
                if node in _walk(forest, places, at):
                    met += 1
                    for value in (
                        near,
                        np.nextafter(near, np.float32(-np.inf)),
                        np.nextafter(near, np.float32(np.inf)),
                    ):
                        made.append([*row[:column], float(value), *row[column + 1 :]])
                    break
    return ThresholdRows(made, met, tried, total)


def find_trees(program: Program, columns: Mapping[str, Sequence[int]]) -> list[Trees]:
    """Return the trees that take columns of the row as they are. `columns`: the places in a row of each input."""
    found: list[Trees] = []
    known: dict[str, Sequence[int]] = dict(columns)
    for step in program.steps:
        sources = [known.get(name) for name in step.inputs]
        if step.op in PREFIX and sources[0] is not None:
            attributes: dict[str, Any] = {
                name: to_engine(program.constants[value["array"]]) if isinstance(value, dict) else value
                for name, value in step.attributes.items()
            }
            found.append((_attribute_forest(attributes, PREFIX[step.op]), sources[0]))
        elif step.op in SAME and sources[0] is not None:
            known[step.outputs[0]] = sources[0]
        elif step.op in ("Concat", "FeatureVectorizer") and all(source is not None for source in sources):
            known[step.outputs[0]] = [place for source in sources if source is not None for place in source]
    return found


def _reached(forest: Forest, places: Sequence[int], rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        for node in _walk(forest, places, row):
            if len(kept := found.setdefault(node, [])) < 8:
                kept.append(row)
    return found


def _walk(forest: Forest, places: Sequence[int], row: Row) -> set[int]:
    """Return the nodes that a row visits."""
    cells = [np.nan if row[place] is None else float(np.float32(row[place])) for place in places]
    visited = set()
    for root in forest.roots:
        node = root
        while forest.feature[node] >= 0:
            visited.add(node)
            cell = cells[forest.feature[node]]
            goes = forest.compare[node](cell, forest.value[node]) or (cell != cell and forest.missing_yes[node])
            node = forest.yes[node] if goes else forest.no[node]
    return visited
