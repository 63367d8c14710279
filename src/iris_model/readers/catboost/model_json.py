"""Read a model as CatBoost exports it: one JSON document with borders in float32 and leaves in float64.

Sources: CatBoost's export (`save_model(format="json")`), and catboost/libs/model for the evaluation: a feature is
compared in float32, and goes right if it is above the border. In a symmetric tree all nodes of a level have the same
split. The results of the splits are the bits of the leaf's number, with the first split as the lowest bit.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator
from iris_model.readers.tree_layout import BoostedTree, CategorySet

from .statistics import Statistics, find_ambiguity, read_statistics

Array = np.ndarray[Any, Any]
Document = Mapping[str, Any]

# The kinds of features that are read.
READ = ("float_features", "categorical_features", "ctrs")


@dataclass(frozen=True)
class OneHot:
    """A categorical feature whose splits compare it with one category: its number, and the hashes of those."""

    feature: int
    known: list[int]


@dataclass(frozen=True)
class Model:
    """The trees of a model, and the column that each adds to. The output is `scale * sum + bias`.

    The trees read the numeric features, then the position of each one-hot feature, then the statistics. `numbers` and
    `categories`: the input column of each numeric and categorical feature. `problem`: why the model cannot be
    converted, or None.
    """

    loss: str
    trees: list[BoostedTree]
    outputs: list[int]
    scale: float
    bias: Array
    numbers: list[int]
    categories: list[int]
    one_hot: list[OneHot]
    statistics: Statistics | None
    problem: str | None = None

    @property
    def width(self) -> int:
        """The number of raw values for each row."""
        return len(self.bias)


def read_model(estimator: Estimator) -> Model:
    """Export the model with CatBoost and read the document."""
    document = _export(estimator)
    loss = str(document["model_info"]["params"]["loss_function"]["type"])
    scale, bias = document["scale_and_bias"]
    biases = np.asarray(bias, np.float64)
    features = document["features_info"]
    others = [kind for kind in features if kind not in READ and features[kind]]
    problem = (
        f"it has {', '.join(others).replace('_', ' ')}, which are not read" if others else find_ambiguity(document)
    )
    if problem:
        return Model(loss, [], [], scale, biases, [], [], [], None, problem)
    numeric: Sequence[Document] = features.get("float_features") or ()
    categorical: Sequence[Document] = features.get("categorical_features") or ()
    statistics = read_statistics(document)
    one_hot = [
        OneHot(one["feature_index"], [value & 0xFFFFFFFF for value in one["values"]])
        for one in categorical
        if one.get("values")
    ]
    splits = _Splits(numeric, one_hot, statistics)
    trees: list[BoostedTree] = []
    outputs: list[int] = []
    for tree in document.get("oblivious_trees", document.get("trees", ())):
        nodes, values = _unfold(tree) if "splits" in tree or "leaf_values" in tree else _flatten(tree)
        for output in range(len(biases)):
            trees.append(splits.lay_out(nodes, values[:, output]))
            outputs.append(output)
    return Model(
        loss,
        trees,
        outputs,
        float(scale),
        biases,
        [one["flat_feature_index"] for one in numeric],
        [one["flat_feature_index"] for one in categorical],
        one_hot,
        statistics,
    )


# A node: its split and its children, or None and twice the number of its leaf.
Node = tuple[Document | None, int, int]


def _unfold(tree: Document) -> tuple[list[Node], Array]:
    """Convert a symmetric tree to nodes, with the last split at the root."""
    splits = tree.get("splits") or []
    depth = len(splits)
    values = np.asarray(tree["leaf_values"], np.float64).reshape(2**depth, -1)
    # Level by level, as in a heap: the bits of the position in a level are the results of the splits above it.
    nodes: list[Node] = []
    for level in range(depth):
        first, below = 2**level - 1, 2 ** (level + 1) - 1
        nodes += [(splits[depth - 1 - level], below + 2 * place, below + 2 * place + 1) for place in range(2**level)]
        assert len(nodes) == first + 2**level
    nodes += [(None, leaf, leaf) for leaf in range(2**depth)]
    return nodes, values


def _flatten(tree: Document) -> tuple[list[Node], Array]:
    """Convert a tree that is not symmetric. It is nested in the document, to any depth."""
    nodes: list[Node | None] = [None]
    values: list[Sequence[float]] = []
    waiting = [(tree, 0)]
    while waiting:
        part, place = waiting.pop()
        if "split" not in part:
            value = part["value"]
            nodes[place] = (None, len(values), len(values))
            values.append(value if isinstance(value, list) else [value])
            continue
        left, right = len(nodes), len(nodes) + 1
        nodes += [None, None]
        nodes[place] = (part["split"], left, right)
        waiting += [(part["left"], left), (part["right"], right)]
    return [node for node in nodes if node is not None], np.asarray(values, np.float64)


class _Splits:
    """Converts the splits of trees to columns of the table that the trees read, and thresholds or categories."""

    def __init__(self, numeric: Sequence[Document], one_hot: Sequence[OneHot], statistics: Statistics | None) -> None:
        self._numbers = {one["feature_index"]: (place, one) for place, one in enumerate(numeric)}
        self._one_hot = {one.feature: (len(numeric) + place, one.known) for place, one in enumerate(one_hot)}
        self._first_statistic = len(numeric) + len(one_hot)
        # All splits of a model are numbered: those of numbers, then of categories, then of statistics.
        self._first_split = sum(len(one["borders"]) for one in numeric) + sum(len(one.known) for one in one_hot)
        self._statistics = statistics.splits if statistics is not None else []

    def lay_out(self, nodes: Sequence[Node], values: Array) -> BoostedTree:
        """Return one tree with the leaves' values."""
        count = len(nodes)
        left, right, feature = np.full(count, -1), np.full(count, -1), np.zeros(count, np.int64)
        threshold, value, missing_left = np.zeros(count), np.zeros(count), np.ones(count, np.uint8)
        sets: dict[int, CategorySet] = {}
        for place, (split, first, second) in enumerate(nodes):
            if split is None:
                value[place] = values[first]
                continue
            left[place], right[place] = first, second
            kind = split["split_type"]
            if kind == "FloatFeature":
                feature[place], column = self._numbers[split["float_feature_index"]]
                threshold[place] = float(np.float32(split["border"]))
                # By default a missing value is above no border; it can be configured to be above all.
                missing_left[place] = column["nan_value_treatment"] != "AsTrue"
            elif kind == "OneHotFeature":
                feature[place], known = self._one_hot[split["cat_feature_index"]]
                # In CatBoost the equal category goes right; in a set, it goes left.
                left[place], right[place] = second, first
                sets[place] = _only(known.index(split["value"] & 0xFFFFFFFF))
            elif kind == "OnlineCtr":
                statistic, level = self._statistics[split["split_index"] - self._first_split]
                feature[place], threshold[place] = self._first_statistic + statistic, float(level)
            else:
                raise ValueError(f"unknown split {kind!r}; expected a number, a category or a statistic")
        return BoostedTree(left, right, feature, threshold, value, missing_left, sets)


def _only(position: int) -> CategorySet:
    words = np.zeros(position // 32 + 1, np.uint32)
    words[-1] = 1 << position % 32
    return CategorySet(words)


def _export(estimator: Estimator) -> Document:
    with tempfile.TemporaryDirectory(prefix="iris-model-") as directory:
        path = Path(directory) / "model.json"
        estimator.save_model(str(path), format="json")
        document: Document = json.loads(path.read_text(encoding="utf-8"))
        return document
