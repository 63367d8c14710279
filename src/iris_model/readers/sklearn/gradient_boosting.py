"""Convert gradient boosting, with and without histograms.

Source: sklearn.ensemble._gb, sklearn.ensemble._gradient_boosting (predict_stages),
sklearn.ensemble._hist_gradient_boosting (gradient_boosting, _predictor), sklearn._loss.link. Raw predictions start at a
base value, or at the answer of an initial estimator. Trees are added stage by stage, all classes of a stage in order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value
from iris_model.readers.names import class_name
from iris_model.readers.tree_layout import BoostedTree, CategorySet, lay_out_boosted

Array = np.ndarray[Any, Any]

# A column with up to 255 values has a threshold halfway between each two of them. With more values, thresholds are
# quantiles.
MANY_THRESHOLDS = 100
CONSTANT_CLASSIFIERS = ("prior", "most_frequent", "constant")


def read_gradient_boosting_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for labels from raw predictions; a raw prediction of 0 is the second class."""
    classes = read_classes(builder, estimator, estimator.classes_)
    raw = _add_gradient_boosting(builder, estimator, inputs)
    halved = estimator.loss == "exponential"
    if raw.width > 1:
        return _read_multiclass(builder, raw, classes)
    label = builder.add("threshold_label_inclusive", raw, width=1, kind="label", attributes={"classes": classes})
    return _read_binary(builder, raw, label, classes, slope=2.0 if halved else 1.0)


def read_gradient_boosting_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the raw prediction, for every loss."""
    raw = _add_gradient_boosting(builder, estimator, inputs)
    return Reading("regressor", {"predict": builder.add("column", raw, width=1, attributes={"index": 0})})


def read_histogram_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for labels from raw predictions; a raw prediction of 0 is the first class."""
    classes = read_classes(builder, estimator, estimator.classes_)
    raw = _add_histogram_boosting(builder, estimator, inputs)
    if raw.width > 1:
        return _read_multiclass(builder, raw, classes)
    label = builder.add("threshold_label", raw, width=1, kind="label", attributes={"classes": classes})
    return _read_binary(builder, raw, label, classes, slope=1.0)


def read_histogram_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the raw prediction, or its exponential for a loss with a logarithmic link."""
    raw = _add_histogram_boosting(builder, estimator, inputs)
    link = type(estimator._loss.link).__name__
    if link == "LogLink":
        raw = builder.add("exponential", raw, width=1)
    elif link != "IdentityLink":
        builder.refuse(f"{type(estimator).__name__}: the {link} of its loss {estimator.loss!r} is not supported")
    return Reading("regressor", {"predict": builder.add("column", raw, width=1, attributes={"index": 0})})


def _read_binary(builder: GraphBuilder, raw: Value, label: Value, classes: list[Json], *, slope: float) -> Reading:
    outputs = {"predict": label}
    doubled = raw
    if slope != 1.0:
        tensors = {"offset": np.zeros(1), "divisor": np.full(1, 1.0 / slope)}
        doubled = builder.add("scale", raw, width=1, tensors=tensors)
    outputs["predict_proba"] = builder.add("expit_pair", doubled, width=2)
    outputs["decision_function"] = builder.add("column", raw, width=1, attributes={"index": 0})
    return Reading("classifier", outputs, classes)


def _read_multiclass(builder: GraphBuilder, raw: Value, classes: list[Json]) -> Reading:
    outputs = {
        "predict": builder.add("argmax_label", raw, width=1, kind="label", attributes={"classes": classes}),
        "predict_proba": builder.add("softmax", raw, width=raw.width),
        "decision_function": raw,
    }
    return Reading("classifier", outputs, classes)


def _add_gradient_boosting(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    builder.narrow(inputs)
    builder.refuse_missing(inputs)
    stages, width = estimator.estimators_.shape
    trees = [_from_tree(one.tree_, estimator.learning_rate) for one in estimator.estimators_.ravel()]
    base, starts = np.zeros(width), None
    if _is_constant(estimator.init_):
        base = estimator._raw_predict_init(np.zeros((1, inputs.width), np.float32))[0]
    else:
        starts = _add_start(builder, estimator, inputs, width)
    values = (inputs,) if starts is None else (inputs, starts)
    tensors = lay_out_boosted(trees, list(range(width)) * stages, base, with_missing=False)
    return builder.add("boosted_trees", *values, width=width, attributes={"narrow": True}, tensors=tensors)


def _from_tree(tree: Estimator, learning_rate: float) -> BoostedTree:
    return BoostedTree(
        left=tree.children_left,
        right=tree.children_right,
        feature=tree.feature,
        threshold=tree.threshold,
        value=learning_rate * tree.value[:, 0, 0],
        missing_left=tree.missing_go_to_left,
    )


def _is_constant(init: Estimator) -> bool:
    """Whether the initial estimator gives the same answer for every row."""
    if isinstance(init, str):
        return True  # "zero"
    name = class_name(type(init))
    return name == "sklearn.dummy.DummyRegressor" or (
        name == "sklearn.dummy.DummyClassifier" and init.strategy in CONSTANT_CLASSIFIERS
    )


def _add_start(builder: GraphBuilder, estimator: Estimator, inputs: Value, width: int) -> Value | None:
    """Add the raw predictions of the initial estimator, which gets the rows in float32."""
    init = estimator.init_
    method = "predict_proba" if hasattr(estimator, "classes_") else "predict"
    if getattr(init, method)(np.zeros((1, inputs.width), np.float32)).dtype == np.float32:
        builder.refuse(
            f"{type(estimator).__name__}: its init, {class_name(type(init))}, returns float32, which rounds differently on "
            "every machine; train it on float64"
        )
        return None
    narrowed = builder.add("narrow_to_float32", inputs, width=inputs.width)
    reading = builder.read(init, narrowed)
    if reading is None:
        return None
    value = reading.outputs[method]
    if method == "predict":
        return builder.add("per_output", value, width=1)
    epsilon = _least_probability()
    link = type(estimator._loss.link).__name__
    if link == "MultinomialLogit":
        return builder.add("clipped_centered_log", value, width=width, attributes={"epsilon": epsilon})
    scale = 0.5 if link == "HalfLogitLink" else 1.0
    return builder.add("clipped_logit", value, width=1, attributes={"index": 1, "scale": scale, "epsilon": epsilon})


def _least_probability() -> float:
    """Return how far the library clips probabilities from 0 and 1: float32 epsilon in older versions, then float64."""
    from sklearn._loss.loss import HalfBinomialLoss
    from sklearn.ensemble._gb import _init_raw_predictions

    class Certain:
        def predict_proba(self, rows: Array) -> Array:
            return np.array([[1.0, 0.0]])

    raw = float(_init_raw_predictions(None, Certain(), HalfBinomialLoss(), True)[0, 0])
    return float(min((2.0**-23, 2.0**-52), key=lambda epsilon: abs(np.log(epsilon / (1.0 - epsilon)) - raw)))


def _add_histogram_boosting(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    if estimator._preprocessor is not None:
        inputs = _add_categories_first(builder, estimator, inputs)
    stages = estimator._predictors
    width = len(stages[0]) if stages else estimator.n_trees_per_iteration_
    trees = [_from_predictor(one) for stage in stages for one in stage]
    base = np.asarray(estimator._baseline_prediction, np.float64).ravel()
    base = np.broadcast_to(base, (width,))
    tensors = lay_out_boosted(trees, list(range(width)) * len(stages), base, with_missing=True)
    return builder.add(
        "boosted_trees",
        inputs,
        width=width,
        takes_infinite=True,
        equal_goes="left" if _has_many_thresholds(estimator) else "left, if ever",
        attributes={"narrow": False},
        tensors=tensors,
    )


def _add_categories_first(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    """Reorder the columns as the model does: categorical ones become whole numbers and come first."""
    is_categorical = estimator.is_categorical_
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    reading = builder.read(encoder, builder.select_columns(inputs, np.flatnonzero(is_categorical).tolist()))
    numbers = builder.select_columns(inputs, np.flatnonzero(~is_categorical).tolist())
    return inputs if reading is None else builder.concat([reading.outputs["transform"], numbers])


def _has_many_thresholds(estimator: Estimator) -> bool:
    """Whether a column has so many thresholds that they may be quantiles, so training values."""
    return any(len(one) >= MANY_THRESHOLDS for one in estimator._bin_mapper.bin_thresholds_)


def _from_predictor(predictor: Estimator) -> BoostedTree:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    # The encoder has already replaced unknown categories by missing values.
    sets = {
        int(node): CategorySet(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
        for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~is_leaf)
    }
    return BoostedTree(
        left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
        feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        value=nodes["value"],
        missing_left=nodes["missing_go_to_left"],
        sets=sets,
    )


READERS: dict[str, Reader] = {
    "sklearn.ensemble.GradientBoostingClassifier": read_gradient_boosting_classifier,
    "sklearn.ensemble.GradientBoostingRegressor": read_gradient_boosting_regressor,
    "sklearn.ensemble.HistGradientBoostingClassifier": read_histogram_classifier,
    "sklearn.ensemble.HistGradientBoostingRegressor": read_histogram_regressor,
}
