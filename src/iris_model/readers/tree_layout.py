"""The layout of trees that all converters share (docs/architecture.md, "Trees"): preorder, offsets for children.

Converts boosted trees of a library, with one number per leaf, to the tensors of `boosted_trees`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .graph import GraphBuilder, Tensors, Value

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class CategorySet:
    """Categories that go left, as words of 32 bits, and whether a number outside of them goes left."""

    words: Array
    outside_left: bool = False


@dataclass(frozen=True)
class BoostedTree:
    """One tree, node by node in the library's order, with the root first.

    `left` and `right` are numbers of nodes, negative at a leaf. `value` is used only at leaves. `x <= threshold` goes
    left. `sets` has the nodes that split on categories instead.
    """

    left: Array
    right: Array
    feature: Array
    threshold: Array
    value: Array
    missing_left: Array
    sets: dict[int, CategorySet] = field(default_factory=dict)


def preorder(left: Array, right: Array) -> Array:
    """Return the nodes in preorder: best-first trees (`max_leaf_nodes`) are stored in another order."""
    count = len(left)
    inner = np.flatnonzero(left >= 0)
    if np.array_equal(left[inner], inner + 1):
        return np.arange(count)
    order: list[int] = []
    stack = [0]
    lefts, rights = left.tolist(), right.tolist()
    while stack:
        node = stack.pop()
        order.append(node)
        if lefts[node] >= 0:
            stack += (rights[node], lefts[node])
    return np.array(order)


def lay_out_boosted(trees: Sequence[BoostedTree], output: Sequence[int], base: Array, *, with_missing: bool) -> Tensors:
    """Return the tensors of `boosted_trees`. `output`: the column that each tree adds to."""
    parts: dict[str, list[Array]] = {
        name: [np.empty(0)] for name in ("feature", "threshold", "jump", "leaves", "missing_left", "category_set")
    }
    roots: list[int] = []
    sets: list[CategorySet] = []
    first_node = first_leaf = 0
    for tree in trees:
        order = preorder(tree.left, tree.right)
        place = np.zeros(len(tree.left), np.int64)
        place[order] = np.arange(len(order))
        is_leaf = tree.left[order] < 0
        category_set = np.full(len(order), -1)
        threshold = np.where(is_leaf, 0.0, tree.threshold[order])
        for node in sorted(tree.sets, key=place.__getitem__):
            category_set[place[node]] = len(sets)
            # No number equals NaN, so threshold probes skip these nodes.
            threshold[place[node]] = np.nan
            sets.append(tree.sets[node])
        roots.append(first_node)
        parts["feature"].append(np.where(is_leaf, -1, tree.feature[order]))
        parts["threshold"].append(threshold)
        parts["jump"].append(
            np.where(is_leaf, np.cumsum(is_leaf) - 1 + first_leaf, place[tree.right[order]] - np.arange(len(order)))
        )
        parts["leaves"].append(tree.value[order[is_leaf]])
        parts["missing_left"].append(np.where(is_leaf, 0, tree.missing_left[order]))
        parts["category_set"].append(category_set)
        first_node += len(order)
        first_leaf += int(is_leaf.sum())
    tensors: dict[str, Array] = {
        "roots": np.array(roots, np.int32),
        "feature": np.concatenate(parts["feature"]).astype(np.int32),
        "threshold": np.concatenate(parts["threshold"]).astype(np.float64),
        "jump": np.concatenate(parts["jump"]).astype(np.int32),
        "leaves": np.concatenate(parts["leaves"]).astype(np.float64),
        "output": np.array(output, np.int32),
        "base": np.asarray(base, np.float64),
    }
    if with_missing or sets:
        tensors["missing_left"] = np.concatenate(parts["missing_left"]).astype(np.uint8)
    if sets:
        tensors["category_set"] = np.concatenate(parts["category_set"]).astype(np.int32)
        tensors["set_start"] = np.cumsum([0, *(len(one.words) for one in sets)]).astype(np.int32)
        tensors["set_words"] = np.concatenate([one.words for one in sets]).astype(np.uint32)
        tensors["outside_left"] = np.array([one.outside_left for one in sets], np.uint8)
    return tensors


def flatten(builder: GraphBuilder, values: Value) -> Value:
    """Return a table of one column as a flat column, and a wider table unchanged."""
    return values if values.width > 1 else builder.add("column", values, width=1, attributes={"index": 0})
