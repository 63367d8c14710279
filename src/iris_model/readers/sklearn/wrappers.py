"""Convert estimators that return the answers of an inner one: searches, frozen ones, self-training, other thresholds.

Sources: sklearn.model_selection (_search, _classification_threshold), sklearn.frozen, sklearn.semi_supervised.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .inner import REFUSED, answer_of, as_table


def read_search(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the best estimator, refitted on all rows."""
    if not hasattr(estimator, "best_estimator_"):
        builder.refuse(
            f"{type(estimator).__name__}: it was trained with refit=False, so it has no best estimator; train with refit=True"
        )
        return REFUSED
    return builder.read(estimator.best_estimator_, inputs) or REFUSED


def read_frozen(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the estimator inside FrozenEstimator."""
    return builder.read(estimator.estimator, inputs) or REFUSED


def read_self_training(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the last trained estimator. Up to scikit-learn 1.5, the attribute has another name."""
    inner = estimator.estimator_ if hasattr(estimator, "estimator_") else estimator.base_estimator_
    return builder.read(inner, inputs) or REFUSED


def read_fixed_threshold(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the inner estimator with a given threshold; "auto" is the default one."""
    inner = getattr(estimator, "estimator_", estimator.estimator)
    threshold = None if estimator.threshold == "auto" else float(estimator.threshold)
    return _read_threshold(builder, estimator, inner, inputs, threshold, estimator.pos_label)


def read_tuned_threshold(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the inner estimator with the tuned threshold."""
    positive = estimator._curve_scorer._get_pos_label()
    threshold = float(estimator.best_threshold_)
    return _read_threshold(builder, estimator, estimator.estimator_, inputs, threshold, positive)


def _read_threshold(
    builder: GraphBuilder, estimator: Estimator, inner: Estimator, inputs: Value, threshold: float | None, positive: Any
) -> Reading:
    reading = builder.read(inner, inputs)
    if reading is None:
        return REFUSED
    classes = read_classes(builder, estimator, inner.classes_)
    asked = estimator.response_method
    methods = ["predict_proba", "decision_function"] if asked == "auto" else [asked]
    found = answer_of(builder, estimator, inner, reading, methods)
    if found is None or len(classes) != 2:
        builder.refuse(f"{type(estimator).__name__}: its estimator has {len(classes)} classes; expected two")
        return REFUSED
    method, value = found
    if threshold is None:
        threshold = 0.5 if method == "predict_proba" else 0.0
    place = 1 if positive is None else int(np.flatnonzero(inner.classes_ == positive)[0])
    scores = as_table(builder, value)
    # "At least the threshold" equals "not above the negated threshold" for negated numbers.
    turned = -1.0
    if method == "predict_proba":
        scores = builder.select_columns(scores, [place])
    elif place == 0:
        turned = 1.0
    if turned < 0:
        scores = builder.add("scale", scores, width=1, tensors={"offset": np.zeros(1), "divisor": np.array([turned])})
    attributes = {"classes": [classes[place], classes[1 - place]], "threshold": -threshold}
    outputs = {"predict": builder.add("threshold_label", scores, width=1, kind="label", attributes=attributes)}
    outputs |= {name: item for name, item in reading.outputs.items() if name in ("predict_proba", "decision_function")}
    return Reading("classifier", outputs, classes)


READERS: dict[str, Reader] = {
    "sklearn.model_selection.GridSearchCV": read_search,
    "sklearn.model_selection.RandomizedSearchCV": read_search,
    "sklearn.model_selection.HalvingGridSearchCV": read_search,
    "sklearn.model_selection.HalvingRandomSearchCV": read_search,
    "sklearn.model_selection.FixedThresholdClassifier": read_fixed_threshold,
    "sklearn.model_selection.TunedThresholdClassifierCV": read_tuned_threshold,
    "sklearn.frozen.FrozenEstimator": read_frozen,
    "sklearn.semi_supervised.SelfTrainingClassifier": read_self_training,
}
