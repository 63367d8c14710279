"""The cuts of trees in float64: the largest value that goes left at each node, and the nodes that rows reach.

Trees that narrow a value to float32 first decide halfway between two float32 numbers; `cut` is that place. So callers
need only the cuts and the table before narrowing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from iris_model.compiler.probes.thresholds import TREE_OPERATORS, finite_splits
from iris_model.readers import Graph, Node

Array = np.ndarray[Any, Any]

BITS = 32


@dataclass(frozen=True)
class Cuts:
    """The cuts of one node of the graph: of its trees, or of its bins.

    `table`: the value that it reads, before narrowing. `splits`: the places where a number is compared. `feature`: the
    column of each place, -1 at leaves.
    """

    node: Node
    table: str
    splits: Array
    feature: Array
    cut: Array


def find_cuts(graph: Graph) -> list[Cuts]:
    """Return the cuts of every tree node of the graph."""
    nodes = {node.output: node for node in graph.nodes}
    return [_find(node, nodes) for node in graph.nodes if node.op in TREE_OPERATORS]


def _find(node: Node, nodes: Mapping[str, Node]) -> Cuts:
    table = node.inputs[0]
    narrowed = bool(node.attributes.get("narrow")) or node.op == "leaf_indicators"
    while (before := nodes.get(table)) is not None and before.op in ("narrow_to_float32", "mark_missing"):
        narrowed = narrowed or before.op == "narrow_to_float32"
        table = before.inputs[0]
    threshold = node.tensors["threshold"]
    cut = last_narrowed_left(threshold) if narrowed else threshold.copy()
    return Cuts(node, table, finite_splits(node), node.tensors["feature"], cut)


def find_steps(graph: Graph) -> list[Cuts]:
    """Return the edges of bins and the thresholds of binarizers: places where a transformer's output jumps."""
    found = []
    for node in graph.nodes:
        if node.op == "binarize":
            edges = [[node.attributes["threshold"]]]
        elif node.op in ("bin_columns", "bin_columns_one_hot"):
            edges = node.attributes["edges"]
        else:
            continue
        cut = np.array([edge for column in edges for edge in column], np.float64)
        feature = np.repeat(np.arange(len(edges)), [len(column) for column in edges])
        if len(cut):
            found.append(Cuts(node, node.inputs[0], np.flatnonzero(np.isfinite(cut)), feature, cut))
    return found


def last_narrowed_left(threshold: Array) -> Array:
    """Return the largest float64 that rounds to a float32 of at most the threshold."""
    with np.errstate(all="ignore"):
        last = threshold.astype(np.float32)
        last = np.where(last.astype(np.float64) > threshold, np.nextafter(last, np.float32(-np.inf)), last)
        beyond = np.nextafter(last, np.float32(np.inf))
        # Values above the largest float32 become infinite half a step further.
        step = np.where(np.isinf(beyond), 2.0**104, beyond.astype(np.float64) - last)
        middle = last.astype(np.float64) + step / 2
    # A value halfway between two float32 numbers rounds to the even one.
    is_even = (last.view(np.int32) & 1) == 0
    cut: Array = np.where(is_even, middle, np.nextafter(middle, -np.inf))
    return np.where(np.isfinite(threshold), cut, threshold)


def walk(cuts: Cuts, table: Array) -> tuple[Array, Array]:
    """Return for every node one row that goes left and one that goes right, or -1 if there is none."""
    tensors = cuts.node.tensors
    feature, jump = tensors["feature"], tensors["jump"]
    missing = tensors.get("missing_left")
    left_row, right_row = np.full(len(feature), -1), np.full(len(feature), -1)
    at = np.tile(tensors["roots"].astype(np.int64), (len(table), 1))
    rows = np.tile(np.arange(len(table))[:, np.newaxis], (1, at.shape[1]))
    at, rows = at.ravel(), rows.ravel()
    while True:
        inner = feature[at] >= 0
        at, rows = at[inner], rows[inner]
        if not len(at):
            return left_row, right_row
        value = table[rows, feature[at]]
        left = value <= cuts.cut[at]
        if missing is not None:
            left = np.where(np.isnan(value), missing[at] > 0, left)
        if "category_set" in tensors:
            left = np.where(tensors["category_set"][at] >= 0, _in_set(tensors, at, value), left)
        left_row[at[left]] = rows[left]
        right_row[at[~left]] = rows[~left]
        at = at + np.where(left, 1, jump[at])


def _in_set(tensors: Mapping[str, Array], at: Array, value: Array) -> Array:
    number = np.maximum(tensors["category_set"][at], 0)
    with np.errstate(invalid="ignore"):
        category = np.where((value >= 0) & (value < 2.0**31), value, -1).astype(np.int64)
    word = tensors["set_start"][number] + category // BITS
    known = (category >= 0) & (word < tensors["set_start"][number + 1])
    words = tensors["set_words"]
    bit = words[np.clip(word, 0, len(words) - 1)].astype(np.int64) >> np.maximum(category, 0) % BITS & 1
    inside: Array = np.where(known, bit > 0, tensors["outside_left"][number] > 0)
    return np.where(np.isnan(value), tensors["missing_left"][at] > 0, inside)
