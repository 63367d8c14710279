"""Convert decision trees and forests.

Source: sklearn.tree._tree (Tree._apply_dense), sklearn.tree._classes, sklearn.ensemble._forest. `X` is narrowed to
float32, thresholds are float64, `x <= threshold` goes left. A classifier's leaf holds the fraction of each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Tensors, Value
from iris_model.readers.tree_layout import preorder

Array = np.ndarray[Any, Any]


def read_tree_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert one tree with the classes of its leaves."""
    return _read_classifier(builder, estimator, [estimator], inputs, combine="single")


def read_tree_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert one tree with the numbers of its leaves."""
    return _read_regressor(builder, estimator, [estimator], inputs, combine="single")


def read_forest_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the trees' probabilities, summed in the order of the trees."""
    return _read_classifier(builder, estimator, estimator.estimators_, inputs, combine="mean")


def read_forest_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the trees' values, summed in the order of the trees."""
    return _read_regressor(builder, estimator, estimator.estimators_, inputs, combine="mean")


def _read_regressor(
    builder: GraphBuilder, estimator: Estimator, trees: Sequence[Estimator], inputs: Value, *, combine: str
) -> Reading:
    outputs = estimator.n_outputs_
    values = _add_trees(builder, trees, inputs, widths=[1] * outputs, combine=combine)
    if outputs == 1:
        values = builder.add("column", values, width=1, attributes={"index": 0})
    return Reading("regressor", {"predict": values})


def _read_classifier(
    builder: GraphBuilder, estimator: Estimator, trees: Sequence[Estimator], inputs: Value, *, combine: str
) -> Reading:
    if estimator.n_outputs_ == 1:
        classes = read_classes(builder, estimator, estimator.classes_)
        values = _add_trees(builder, trees, inputs, widths=[len(classes)], combine=combine)
        labels = builder.add("argmax_label", values, width=1, kind="label", attributes={"classes": classes})
        return Reading("classifier", {"predict": labels, "predict_proba": values}, classes)

    # The original writes all outputs into one array with the first output's dtype, which decides the labels.
    dtype = estimator.classes_[0].dtype
    all_classes: list[Json] = [read_classes(builder, estimator, item.astype(dtype)) for item in estimator.classes_]
    widths = [len(classes) for classes in all_classes]
    values = _add_trees(builder, trees, inputs, widths=widths, combine=combine)
    labels_of, probabilities_of = [], []
    for classes, start in zip(all_classes, accumulate(widths, initial=0), strict=False):
        part = builder.select_columns(values, range(start, start + len(classes)))
        probabilities_of.append(part)
        labels_of.append(builder.add("argmax_label", part, width=1, kind="label", attributes={"classes": classes}))
    predictions = builder.add("per_output", *labels_of, width=len(labels_of), kind="label")
    probabilities = builder.add("per_output", *probabilities_of, width=len(labels_of), widths=tuple(widths))
    return Reading("classifier", {"predict": predictions, "predict_proba": probabilities}, all_classes)


def _add_trees(
    builder: GraphBuilder, trees: Sequence[Estimator], inputs: Value, *, widths: Sequence[int], combine: str
) -> Value:
    """Add one ensemble whose leaves hold all outputs side by side, without padding."""
    builder.narrow(inputs)
    # The trees' own answer: it depends on criterion, splitter, constraints and version.
    takes_missing = trees[0]._support_missing_values(np.zeros((1, inputs.width)))
    if not takes_missing:
        builder.refuse_missing(inputs)
    tensors = lay_out_trees([tree.tree_ for tree in trees], widths, with_missing=takes_missing)
    attributes = {"combine": combine, "narrow": True}
    return builder.add("tree_ensemble", inputs, width=sum(widths), attributes=attributes, tensors=tensors)


def lay_out_trees(
    trees: Sequence[Estimator],
    widths: Sequence[int],
    *,
    with_missing: bool,
    node_values: Sequence[Array] | None = None,
    features: Sequence[Array] | None = None,
) -> Tensors:
    """Return the flat arrays of `tree_ensemble` (docs/architecture.md, "Trees"): preorder, offsets for children.

    `node_values` (one row per node) replace the trees' own values. `features` are the columns that each tree gets.
    """
    nodes = sum(len(tree.children_left) for tree in trees)
    leaf_count = sum(int((tree.children_left < 0).sum()) for tree in trees)
    # Parts of all trees, and one array of them, would take twice the memory.
    feature, jump = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    threshold = np.empty(nodes, np.float64)
    missing_left = np.empty(nodes if with_missing else 0, np.uint8)
    values = np.empty(0)
    roots: list[int] = []
    first_node = first_leaf = 0
    for index, tree in enumerate(trees):
        order = preorder(tree.children_left, tree.children_right)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        is_leaf = tree.children_left[order] < 0
        leaf_rows = np.cumsum(is_leaf) - 1 + first_leaf
        right = place[tree.children_right[order]] - np.arange(len(order))
        roots.append(first_node)
        asked = tree.feature[order]
        # A leaf has column -2, which does not exist in a tree of one column.
        seen = asked if features is None else np.asarray(features[index])[np.where(is_leaf, 0, asked)]
        here = slice(first_node, first_node + len(order))
        feature[here] = np.where(is_leaf, -1, seen)
        threshold[here] = np.where(is_leaf, 0.0, tree.threshold[order])
        jump[here] = np.where(is_leaf, leaf_rows, right)
        if node_values is not None:
            leaves = node_values[index][order[is_leaf]]
        else:
            kept = tree.value[order[is_leaf]]
            leaves = np.concatenate([kept[:, output, :width] for output, width in enumerate(widths)], axis=1)
        if not index:
            values = np.empty((leaf_count, *leaves.shape[1:]), np.float64)
        values[first_leaf : first_leaf + len(leaves)] = leaves
        if with_missing:
            missing_left[here] = np.where(is_leaf, 0, tree.missing_go_to_left[order])
        first_node += len(order)
        first_leaf += len(leaves)
    tensors: dict[str, Array] = {
        "roots": np.array(roots, np.int32),
        "feature": feature,
        "threshold": threshold,
        "jump": jump,
        "values": values,
    }
    if with_missing:
        tensors["missing_left"] = missing_left
    return tensors


READERS: dict[str, Reader] = {
    "sklearn.tree.DecisionTreeClassifier": read_tree_classifier,
    "sklearn.tree.DecisionTreeRegressor": read_tree_regressor,
    "sklearn.tree.ExtraTreeClassifier": read_tree_classifier,
    "sklearn.tree.ExtraTreeRegressor": read_tree_regressor,
    "sklearn.ensemble.RandomForestClassifier": read_forest_classifier,
    "sklearn.ensemble.RandomForestRegressor": read_forest_regressor,
    "sklearn.ensemble.ExtraTreesClassifier": read_forest_classifier,
    "sklearn.ensemble.ExtraTreesRegressor": read_forest_regressor,
}
