"""Convert AdaBoost, bagging and isolation forests.

Source: sklearn.ensemble._weight_boosting, _bagging, _iforest. Members that are trees become one ensemble of trees,
whose leaves hold the answer of the member. Other members are converted one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value
from iris_model.readers.libraries import installed_version
from iris_model.readers.names import class_name

from .trees import lay_out_trees

Array = np.ndarray[Any, Any]

TREE_CLASSES = frozenset(
    f"sklearn.tree.{name}"
    for name in ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")
)


def read_adaboost_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the weighted votes of the members.

    The negative part of a member's vote is distributed over the other classes.
    """
    builder.refuse_missing(inputs)
    classes = read_classes(builder, estimator, estimator.classes_)
    if len(classes) < 2:
        builder.refuse("AdaBoostClassifier: it was trained with one class; expected two or more")
        return Reading("classifier", {}, classes)
    # The default of scikit-learn 1.5. Versions 1.6 and 1.7 have the parameter, but not this value.
    # imbalanced-learn's RUSBoost still has it, but the votes are scikit-learn's.
    uses_logs = getattr(estimator, "algorithm", "SAMME") == "SAMME.R" and installed_version("scikit-learn") < (1, 6)
    add = _add_log_votes if uses_logs else _add_votes
    votes = add(builder, estimator, inputs, classes)
    if votes is None:
        return Reading("classifier", {}, classes)
    is_binary = len(classes) == 2
    # numpy's own sum, whose order differs from that of the votes.
    attributes = {"weight": float(estimator.estimator_weights_.sum())}
    decisions = builder.add("adaboost_decisions", votes, width=1 if is_binary else len(classes), attributes=attributes)
    label = "threshold_label" if is_binary else "argmax_label"
    outputs = {"predict": builder.add(label, decisions, width=1, kind="label", attributes={"classes": classes})}
    if is_binary:
        halves = builder.add("halve_pair", decisions, width=2)
        outputs["decision_function"] = builder.add("column", decisions, width=1, attributes={"index": 0})
    else:
        by = {"offset": np.zeros(len(classes)), "divisor": np.full(len(classes), float(len(classes) - 1))}
        halves = builder.add("scale", decisions, width=len(classes), tensors=by)
        outputs["decision_function"] = decisions
    outputs["predict_proba"] = builder.add("softmax", halves, width=len(classes))
    return Reading("classifier", outputs, classes)


def read_adaboost_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the weighted median of the members' answers."""
    builder.refuse_missing(inputs)
    members = estimator.estimators_
    weights = np.asarray(estimator.estimator_weights_[: len(members)], np.float64)
    if _are_trees(members):
        builder.narrow(inputs)
        tensors = lay_out_trees([one.tree_ for one in members], [1], with_missing=False)
        attributes = {"combine": "each", "narrow": True}
        said = builder.add("tree_ensemble", inputs, width=len(members), attributes=attributes, tensors=tensors)
    else:
        readings = [builder.read(one, inputs) for one in members]
        columns = [reading.outputs["predict"] for reading in readings if reading is not None]
        if len(columns) < len(members):
            return Reading("regressor", {})
        said = builder.add("per_output", *columns, width=len(members))
    median = builder.add("weighted_median", said, width=1, tensors={"weights": weights})
    return Reading("regressor", {"predict": median})


def read_bagging_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the members' probabilities, or of their votes if they have none.

    Members number the classes from 0.
    """
    classes = read_classes(builder, estimator, estimator.classes_)
    members, features = estimator.estimators_, estimator.estimators_features_
    width = len(classes)
    outputs: dict[str, Value] = {}
    if _are_trees(members):
        spread = [_spread(one, width) for one in members]
        proba = _add_tree_mean(builder, members, features, inputs, spread)
    else:
        readings = [
            builder.read(one, builder.select_columns(inputs, np.asarray(chosen).tolist()))
            for one, chosen in zip(members, features, strict=True)
        ]
        found = [reading for reading in readings if reading is not None]
        if len(found) < len(members):
            return Reading("classifier", {}, classes)
        said = [reading.outputs.get("predict_proba", reading.outputs["predict"]) for reading in found]
        known = [np.asarray(one.classes_, int).tolist() for one in members]
        proba = builder.add("mean_votes", *said, width=width, attributes={"classes": known, "width": width})
        if hasattr(estimator, "decision_function"):
            decisions = [reading.outputs["decision_function"] for reading in found]
            if len({value.width for value in decisions}) > 1:
                builder.refuse(
                    "BaggingClassifier: its members were trained with different classes, so their decisions cannot be added; "
                    "train it with more rows of each class"
                )
            outputs["decision_function"] = _add_mean(builder, decisions)
    outputs["predict"] = builder.add("argmax_label", proba, width=1, kind="label", attributes={"classes": classes})
    outputs["predict_proba"] = proba
    return Reading("classifier", outputs, classes)


def read_bagging_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the members' answers."""
    members, features = estimator.estimators_, estimator.estimators_features_
    if _are_trees(members):
        mean = _add_tree_mean(builder, members, features, inputs, [one.tree_.value[:, :, 0] for one in members])
        if members[0].n_outputs_ == 1:
            mean = builder.add("column", mean, width=1, attributes={"index": 0})
        return Reading("regressor", {"predict": mean})
    readings = [
        builder.read(one, builder.select_columns(inputs, np.asarray(chosen).tolist()))
        for one, chosen in zip(members, features, strict=True)
    ]
    said = [reading.outputs["predict"] for reading in readings if reading is not None]
    return Reading("regressor", {"predict": _add_mean(builder, said)} if len(said) == len(members) else {})


def read_isolation_forest(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for path lengths, summed over the trees; a longer path is more normal."""
    tags = getattr(estimator, "__sklearn_tags__", None)
    takes_missing = tags is not None and tags().input_tags.allow_nan
    if takes_missing:
        # The original accepts missing values, so it does not check that values are finite. Values beyond float32 become
        # infinite.
        infinite: dict[str, Json] = {"infinite": True}
        inputs = builder.add("narrow_to_float32", inputs, width=inputs.width, keeps_missing=True, attributes=infinite)
    else:
        builder.narrow(inputs)
        builder.refuse_missing(inputs)
    trees = [one.tree_ for one in estimator.estimators_]
    # In the original's order: the path to the leaf, plus the expected path of its samples, minus one.
    lengths = [
        (path + rest - 1.0)[:, None]
        for path, rest in zip(estimator._decision_path_lengths, estimator._average_path_length_per_tree, strict=True)
    ]
    tensors = lay_out_trees(
        trees, [1], with_missing=takes_missing, node_values=lengths, features=estimator.estimators_features_
    )
    attributes = {"combine": "sum", "narrow": not takes_missing}
    depths = builder.add("tree_ensemble", inputs, width=1, attributes=attributes, tensors=tensors)
    longest = len(trees) * _average_path_length(estimator._max_samples)
    offset = float(estimator.offset_)
    scores = builder.add("isolation_scores", depths, width=1, attributes={"longest": longest})
    decisions = builder.add("subtract", scores, width=1, attributes={"offset": offset})
    least = _least_depth(longest, offset, sum(float(one.max()) for one in lengths))
    labels = builder.add("depth_label", depths, width=1, kind="label", attributes={"least": least})
    outputs = {"predict": labels, "decision_function": decisions, "score_samples": scores}
    return Reading("outlier_detector", outputs)


def read_trees_embedding(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for one column for each leaf of each tree, 1 if the row reaches it."""
    members = estimator.estimators_
    takes_missing = members[0]._support_missing_values(np.zeros((1, inputs.width)))
    builder.narrow(inputs)
    if not takes_missing:
        builder.refuse_missing(inputs)
    columns, width = [], 0
    for member, leaves in zip(members, estimator.one_hot_encoder_.categories_, strict=True):
        places = np.full(member.tree_.node_count, -1)
        places[leaves] = width + np.arange(len(leaves))
        width += len(leaves)
        columns.append(places[:, None])
        if (places[member.tree_.children_left < 0] < 0).any():
            builder.refuse(
                "RandomTreesEmbedding: no training row reached one of its leaves, where the original raises; train it again"
            )
    trees = [one.tree_ for one in members]
    tensors = dict(lay_out_trees(trees, [1], with_missing=takes_missing, node_values=columns))
    tensors["columns"] = tensors.pop("values").astype(np.int32).ravel()
    absent = bool(estimator.sparse_output)
    indicators = builder.add("leaf_indicators", inputs, width=width, sparse=True, zeros_absent=absent, tensors=tensors)
    return Reading("transformer", {"transform": indicators})


def _average_path_length(samples: int) -> float:
    """Return the average path length of an unsuccessful search in a tree of `samples` rows."""
    if samples <= 2:
        return float(samples == 2)
    return float(2.0 * (np.log(samples - 1.0) + np.euler_gamma) - 2.0 * (samples - 1.0) / samples)


def _least_depth(longest: float, offset: float, most: float) -> float:
    """Return the smallest sum of path lengths whose score numpy computes as at least the offset.

    Training rows are often exactly on it, and the last digit of a power differs between math libraries.
    """

    def is_inlier(depth: float) -> bool:
        score = -(2 ** -(np.array([depth]) / longest)) if longest else -np.array([0.5])
        return bool(score[0] - offset >= 0)

    low, high = -1.0, 2.0 * most + 1.0
    if is_inlier(low):
        return low
    if not is_inlier(high):
        return high
    while np.nextafter(low, np.inf) < high:
        middle = low + (high - low) / 2
        low, high = (low, middle) if is_inlier(middle) else (middle, high)
    return high


def _are_trees(members: Sequence[Estimator]) -> bool:
    return all(class_name(type(one)) in TREE_CLASSES for one in members)


def _add_votes(builder: GraphBuilder, estimator: Estimator, inputs: Value, classes: list[Json]) -> Value | None:
    members, weights = estimator.estimators_, np.asarray(estimator.estimator_weights_, np.float64)
    against = -1 / (len(classes) - 1) * weights
    members = members[: len(weights)]
    if not _are_trees(members):
        readings = [builder.read(one, inputs) for one in members]
        labels = [reading.outputs["predict"] for reading in readings if reading is not None]
        if len(labels) < len(members):
            return None
        tensors = {"right": weights[: len(members)], "wrong": against[: len(members)]}
        return builder.add("label_votes", *labels, width=len(classes), attributes={"classes": classes}, tensors=tensors)
    builder.narrow(inputs)
    votes = []
    for member, weight, loss in zip(members, weights, against, strict=False):
        named = member.classes_[np.argmax(member.tree_.value[:, 0, :], axis=1)]
        votes.append(np.where(named[:, None] == estimator.classes_, weight, loss))
    tensors = dict(lay_out_trees([one.tree_ for one in members], [], with_missing=False, node_values=votes))
    attributes = {"combine": "sum", "narrow": True}
    return builder.add("tree_ensemble", inputs, width=len(classes), attributes=attributes, tensors=tensors)


def _add_log_votes(builder: GraphBuilder, estimator: Estimator, inputs: Value, classes: list[Json]) -> Value | None:
    """Add the votes of SAMME.R: the centered logarithms of each member's probabilities (`_samme_proba`)."""
    members = estimator.estimators_
    width = len(classes)
    if any(len(one.classes_) < width for one in members):
        builder.refuse(
            "AdaBoostClassifier: a member was trained without one of the classes, so the original fails; "
            "train it with more rows of each class"
        )
        return None
    attributes: dict[str, Json] = {"combine": "sum", "narrow": True}
    if _are_trees(members):
        builder.narrow(inputs)
        votes = [_centered_logs(np.asarray(one.tree_.value[:, 0, :], np.float64)) for one in members]
        tensors = dict(lay_out_trees([one.tree_ for one in members], [], with_missing=False, node_values=votes))
        return builder.add("tree_ensemble", inputs, width=width, attributes=attributes, tensors=tensors)
    said = []
    for member in members:
        reading = builder.read(member, inputs)
        if reading is None or "predict_proba" not in reading.outputs:
            return None
        said.append(
            builder.add(
                "centered_logs", reading.outputs["predict_proba"], width=width, attributes={"factor": width - 1}
            )
        )
    return builder.add("sum_of", *said, width=width, attributes={"constant": 0.0})


def _centered_logs(probabilities: Array) -> Array:
    """Compute with numpy, as the original does."""
    width = probabilities.shape[1]
    logs = np.log(np.clip(probabilities, np.finfo(np.float64).eps, None))
    centered: Array = (width - 1) * (logs - (1.0 / width) * logs.sum(axis=1)[:, np.newaxis])
    return centered


def _spread(member: Estimator, width: int) -> Array:
    """Return a tree's probabilities in the columns of the classes that it knows."""
    values = np.zeros((member.tree_.node_count, width))
    values[:, np.asarray(member.classes_, int)] = member.tree_.value[:, 0, : len(member.classes_)]
    return values


def _add_tree_mean(
    builder: GraphBuilder,
    members: Sequence[Estimator],
    features: Sequence[Array],
    inputs: Value,
    node_values: Sequence[Array],
) -> Value:
    takes_missing = all(one._support_missing_values(np.zeros((1, one.n_features_in_))) for one in members)
    used = np.unique(np.concatenate([np.asarray(chosen) for chosen in features])).tolist()
    # Columns that no member uses are never read.
    seen = builder.select_columns(inputs, used, ignores_others=True) if len(used) < inputs.width else inputs
    builder.narrow(seen)
    if not takes_missing:
        builder.refuse_missing(seen)
    places = [np.searchsorted(used, chosen) for chosen in features]
    trees = [one.tree_ for one in members]
    tensors = lay_out_trees(trees, [], with_missing=takes_missing, node_values=node_values, features=places)
    width = node_values[0].shape[1]
    return builder.add(
        "tree_ensemble", seen, width=width, attributes={"combine": "mean", "narrow": True}, tensors=tensors
    )


def _add_mean(builder: GraphBuilder, values: Sequence[Value]) -> Value:
    return builder.add("mean_of", *values, width=values[0].width, attributes={"count": len(values)})


READERS: dict[str, Reader] = {
    "sklearn.ensemble.AdaBoostClassifier": read_adaboost_classifier,
    "sklearn.ensemble.AdaBoostRegressor": read_adaboost_regressor,
    "sklearn.ensemble.BaggingClassifier": read_bagging_classifier,
    "sklearn.ensemble.BaggingRegressor": read_bagging_regressor,
    "sklearn.ensemble.IsolationForest": read_isolation_forest,
    "sklearn.ensemble.RandomTreesEmbedding": read_trees_embedding,
}
