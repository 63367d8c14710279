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
from iris_model.readers.tree_layout import BoostedTree

Array = np.ndarray[Any, Any]
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """The trees of a model, and the column that each adds to. The output is `scale * sum + bias`.

    `problem`: why the model cannot be converted, or empty.
    """

    loss: str
    trees: list[BoostedTree]
    outputs: list[int]
    scale: float
    bias: Array
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
    others = [kind for kind in features if kind != "float_features" and features[kind]]
    if others:
        said = ", ".join(kind.replace("_", " ") for kind in others)
        return Model(
            loss, [], [], scale, biases, f"it has {said}, whose hashes and counts are not read; expected numbers"
        )
    columns = {one["feature_index"]: one for one in features["float_features"]}
    trees: list[BoostedTree] = []
    outputs: list[int] = []
    for tree in document.get("oblivious_trees", document.get("trees", ())):
        splits, values = _unfold(tree) if "splits" in tree or "leaf_values" in tree else _flatten(tree)
        for output in range(len(biases)):
            trees.append(_lay_out(splits, values[:, output], columns))
            outputs.append(output)
    return Model(loss, trees, outputs, float(scale), biases)


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


def _lay_out(nodes: Sequence[Node], values: Array, columns: Mapping[int, Document]) -> BoostedTree:
    count = len(nodes)
    left, right, feature = np.full(count, -1), np.full(count, -1), np.zeros(count, np.int64)
    threshold, value, missing_left = np.zeros(count), np.zeros(count), np.ones(count, np.uint8)
    for place, (split, first, second) in enumerate(nodes):
        if split is None:
            value[place] = values[first]
            continue
        left[place], right[place] = first, second
        column = columns[split["float_feature_index"]]
        feature[place] = column["flat_feature_index"]
        threshold[place] = float(np.float32(split["border"]))
        # By default a missing value is above no border; it can be configured to be above all.
        missing_left[place] = column["nan_value_treatment"] != "AsTrue"
    return BoostedTree(left, right, feature, threshold, value, missing_left)


def _export(estimator: Estimator) -> Document:
    with tempfile.TemporaryDirectory(prefix="iris-model-") as directory:
        path = Path(directory) / "model.json"
        estimator.save_model(str(path), format="json")
        document: Document = json.loads(path.read_text(encoding="utf-8"))
        return document
