"""Read LightGBM's model text: blocks of `key=value` lines, one block for each tree.

Source: src/io/tree.cpp and include/LightGBM/tree.h (Decision, Predict), src/boosting/gbdt_model_text.cpp. Numbers are
doubles with all digits. Values of at most 1e-35 in rows are read as zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.readers.tree_layout import BoostedTree, CategorySet

Array = np.ndarray[Any, Any]
Block = Mapping[str, str]

# The bits of a decision.
CATEGORICAL, DEFAULT_LEFT = 1, 2
ZERO_IS_MISSING, NAN_IS_MISSING = 1, 2
# 1e-35 as the float32 that LightGBM compares with.
ZERO = float(np.float32(1e-35))


@dataclass(frozen=True)
class LinearLeaves:
    """For each leaf of one tree, the constant and the columns with their coefficients."""

    constants: Array
    columns: list[Array]
    coefficients: list[Array]


@dataclass(frozen=True)
class ModelText:
    """`objective`: its name, then its parameters. `zero_is_missing`: the columns in which zeros are missing values.

    `stored_categories`: for each categorical column of a DataFrame, the categories in the order of their codes.
    """

    objective: str
    parameters: Mapping[str, str]
    per_iteration: int
    is_averaged: bool
    trees: list[BoostedTree]
    linear: list[LinearLeaves | None]
    zero_is_missing: list[int] = field(default_factory=list)
    mixed_columns: list[int] = field(default_factory=list)
    categorical_columns: list[int] = field(default_factory=list)
    stored_categories: list[list[Any]] = field(default_factory=list)


def read_model_text(text: str) -> ModelText:
    """Read the text of `Booster.model_to_string`, or of a file that `Booster.save_model` wrote."""
    body, _, rest = text.partition("end of trees")
    header, *blocks = body.split("\nTree=")
    top = _block(header)
    words = top.get("objective", "").split()
    parts = [_block(one) for one in blocks]
    kinds = _missing_kinds(parts)
    stored = next((line for line in rest.splitlines() if line.startswith("pandas_categorical:")), ":null")
    named = next((line for line in rest.splitlines() if line.startswith("[categorical_feature:")), "")
    return ModelText(
        objective=words[0] if words else "",
        parameters=dict(_pair(word) for word in words[1:]),
        per_iteration=int(top["num_tree_per_iteration"]),
        is_averaged="average_output" in header.split(),
        trees=[_read_tree(one) for one in parts],
        linear=[_read_linear(one) for one in parts],
        zero_is_missing=sorted(column for column, found in kinds.items() if found == {ZERO_IS_MISSING}),
        mixed_columns=sorted(column for column, found in kinds.items() if ZERO_IS_MISSING in found and len(found) > 1),
        categorical_columns=[int(word) for word in named.strip("[] \n").partition(":")[2].split(",") if word.strip()],
        stored_categories=json.loads(stored.partition(":")[2]) or [],
    )


def _block(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _pair(word: str) -> tuple[str, str]:
    name, _, value = word.partition(":")
    return name, value


def _numbers(block: Block, key: str, kind: type) -> Array:
    return np.array([kind(word) for word in block.get(key, "").split()], dtype=kind)


def _missing_kinds(blocks: list[dict[str, str]]) -> dict[int, set[int]]:
    """Return for each column with numeric splits the kinds of missing values of its nodes."""
    kinds: dict[int, set[int]] = {}
    for block in blocks:
        decisions = _numbers(block, "decision_type", int)
        for column, decision in zip(_numbers(block, "split_feature", int).tolist(), decisions.tolist(), strict=True):
            kinds.setdefault(column, set()).add(-1 if decision & CATEGORICAL else decision >> 2 & 3)
    return kinds


def _read_tree(block: Block) -> BoostedTree:
    """Read one tree. Nodes come first, then leaves; a leaf's number appears as its bitwise complement."""
    values = _numbers(block, "leaf_value", float)
    decisions = _numbers(block, "decision_type", int)
    count = len(decisions)
    leaf = np.full(len(values), -1)
    thresholds = _numbers(block, "threshold", float)

    def children(key: str) -> Array:
        named = _numbers(block, key, int)
        return np.concatenate([np.where(named >= 0, named, count + ~named), leaf]).astype(np.int64)

    def padded(inner: Array) -> Array:
        return np.concatenate([inner, np.zeros(len(values))])

    kinds = decisions >> 2 & 3
    is_categorical = (decisions & CATEGORICAL) > 0
    # Without missing values in training, a missing value is a zero in a numeric split. In a categorical split it goes
    # right.
    missing_left = np.where(kinds == 0, thresholds >= 0.0, (decisions & DEFAULT_LEFT) > 0) & ~is_categorical
    return BoostedTree(
        left=children("left_child"),
        right=children("right_child"),
        feature=padded(_numbers(block, "split_feature", int)).astype(np.int64),
        threshold=padded(_around_zero(thresholds)),
        value=np.concatenate([np.zeros(count), values]),
        missing_left=padded(missing_left),
        sets=_read_sets(block, np.flatnonzero(is_categorical), thresholds),
    )


def _around_zero(thresholds: Array) -> Array:
    """Move thresholds near zero so that all values between -`ZERO` and `ZERO` are on the same side as zero."""
    raised = np.where((thresholds >= 0.0) & (thresholds < ZERO), ZERO, thresholds)
    lowered: Array = np.where((thresholds < 0.0) & (thresholds >= -ZERO), np.nextafter(-ZERO, -np.inf), raised)
    return lowered


def _read_sets(block: Block, nodes: Array, thresholds: Array) -> dict[int, CategorySet]:
    """Return the sets of categorical nodes, whose categories go left. The threshold is the number of the set."""
    words = _numbers(block, "cat_threshold", int).astype(np.uint32)
    bounds = _numbers(block, "cat_boundaries", int)
    numbers = dict(zip(nodes.tolist(), thresholds[nodes].astype(int).tolist(), strict=True))
    return {
        node: CategorySet(words[bounds[number] : bounds[number + 1]], outside_left=False)
        for node, number in numbers.items()
    }


def _read_linear(block: Block) -> LinearLeaves | None:
    if block.get("is_linear", "0") != "1":
        return None
    counts = _numbers(block, "num_features", int)
    ends = np.cumsum(counts)
    columns, coefficients = _numbers(block, "leaf_features", int), _numbers(block, "leaf_coeff", float)
    return LinearLeaves(
        constants=_numbers(block, "leaf_const", float),
        columns=np.split(columns, ends[:-1]),
        coefficients=np.split(coefficients, ends[:-1]),
    )
