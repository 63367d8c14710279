"""Read an XGBoost booster: one JSON document, with numbers that round to the original float32.

Source: the model's schema in XGBoost's documentation, src/predictor, src/gbm/gbtree.cc, src/common/categorical.h. A row
goes left if `x < condition` in float32, which equals `x <=` the float32 below it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator
from iris_model.readers.tree_layout import BoostedTree, CategorySet

Array = np.ndarray[Any, Any]
Document = Mapping[str, Any]

# Objectives by their transform of the margin, which also converts the base score to a margin.
SIGMOID = ("binary:logistic", "reg:logistic")
EXPONENTIAL = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
SOFTMAX = ("multi:softprob", "multi:softmax")
IDENTITY = (
    *("reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror"),
    *("reg:expectileerror", "rank:pairwise", "rank:ndcg", "rank:map", "binary:logitraw"),
)
STEP = ("binary:hinge",)
SCORE_MARGIN = np.float32(1e-6)


@dataclass(frozen=True)
class Booster:
    """A booster: trees with the margin before the first one, or weights and a bias if it is linear.

    `base`: one margin for each output. `categories`: for each categorical column of a DataFrame, the categories in the
    order of their codes; `read_booster` leaves them empty, because they may not be in the file.
    """

    objective: str
    base: Array
    trees: list[BoostedTree]
    outputs: list[int]
    weights: Array | None = None
    categories: Mapping[int, Sequence[Any]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """The number of margins for each row."""
        return len(self.base)


def read_learner(booster: Estimator) -> Document:
    """Return what a booster has learned, as XGBoost writes it in JSON. For a large booster this takes seconds."""
    learner: Document = json.loads(bytes(booster.save_raw("json")))["learner"]
    return learner


def read_booster(learner: Document, best_iteration: int | None) -> Booster:
    """Read a booster, with the trees up to the best iteration if it has one."""
    parameters = learner["learner_model_param"]
    objective = learner["objective"]["name"]
    fitted = learner["gradient_booster"]
    scores = np.atleast_1d(np.asarray(json.loads(parameters["base_score"].lower()), np.float32))
    width = max(int(parameters["num_class"]), int(parameters.get("num_target", "1")), len(scores), 1)
    if fitted["name"] == "gblinear":
        weights = np.asarray(fitted["model"]["weights"], np.float32).reshape(-1, width)
        # Linear boosters use the first base score for every output.
        base = np.broadcast_to(_to_margin(scores[:1], objective), (width,))
        return Booster(objective, base, [], [], weights)
    drops = fitted.get("weight_drop")
    model = fitted["gbtree"]["model"] if fitted["name"] == "dart" else fitted["model"]
    documents, groups = model["trees"], model["tree_info"]
    if best_iteration is not None:
        last = model["iteration_indptr"][best_iteration + 1]
        documents, groups = documents[:last], groups[:last]
    width = max([width, *(group + 1 for group in groups)])
    base = np.broadcast_to(_to_margin(scores, objective), (width,))
    trees: list[BoostedTree] = []
    outputs: list[int] = []
    for index, (document, group) in enumerate(zip(documents, groups, strict=True)):
        several = int(document["tree_param"]["size_leaf_vector"]) > 1
        for output in range(width) if several else (group,):
            values = _leaf_values(document, output if several else None, width)
            if drops is not None:
                values = _drop(values, np.float32(base[output]), np.float32(drops[index]))
            trees.append(_read_tree(document, values))
            outputs.append(output)
    return Booster(objective, base, trees, outputs)


def _to_margin(scores: Array, objective: str) -> Array:
    """Return the base score as a margin, each step in float32."""
    if objective in SIGMOID:
        # With a single class the score is 0 or 1, which XGBoost clips by this much.
        scores = np.clip(scores, SCORE_MARGIN, np.float32(1) - SCORE_MARGIN)
        odds = np.float32(1) / scores - np.float32(1)
        return np.array([-np.float32(math.log(float(one))) for one in odds], np.float32)
    if objective in EXPONENTIAL:
        return np.array([np.float32(math.log(float(one))) for one in scores], np.float32)
    return scores


def _drop(values: Array, base: np.float32, weight: np.float32) -> Array:
    """Return the leaf values of a DART tree, weighted.

    The tree predicts on top of the base, which is subtracted before the weight is applied.
    """
    kept: Array = ((values + base) - base) * weight
    return kept


def _leaf_values(document: Document, output: int | None, width: int) -> Array:
    """Return one number for each node, set at leaves. A tree with several outputs has a vector for each leaf."""
    if output is None:
        return np.asarray(document["split_conditions"], np.float32)
    if "leaf_weights" not in document:
        return np.asarray(document["base_weights"], np.float32).reshape(-1, width)[:, output]
    vectors = np.asarray(document["leaf_weights"], np.float32).reshape(-1, width)
    is_leaf = np.asarray(document["left_children"]) < 0
    values = np.zeros(len(is_leaf), np.float32)
    # At a leaf the right child is the number of its vector.
    values[is_leaf] = vectors[np.asarray(document["right_children"])[is_leaf], output]
    return values


def _read_tree(document: Document, values: Array) -> BoostedTree:
    left = np.asarray(document["left_children"], np.int64)
    conditions = np.asarray(document["split_conditions"], np.float32)
    return BoostedTree(
        left=left,
        right=np.asarray(document["right_children"], np.int64),
        feature=np.asarray(document["split_indices"], np.int64),
        threshold=np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64),
        value=values.astype(np.float64),
        missing_left=np.asarray(document["default_left"], np.uint8),
        sets=_read_sets(document),
    )


def _read_sets(document: Document) -> dict[int, CategorySet]:
    """Return the sets of categorical nodes. Their categories go right; all others, and invalid ones, go left."""
    sets = {}
    starts, sizes = document.get("categories_segments", ()), document.get("categories_sizes", ())
    for node, start, size in zip(document.get("categories_nodes", ()), starts, sizes, strict=True):
        sets[int(node)] = CategorySet(_words_without(document["categories"][start : start + size]), outside_left=True)
    return sets


def _words_without(categories: Sequence[int]) -> Array:
    words = np.full(max(categories) // 32 + 1, 0xFFFFFFFF, np.uint32)
    for category in categories:
        words[category // 32] &= np.uint32(0xFFFFFFFF ^ (1 << category % 32))
    return words
