"""Convert calibrated classifiers. Source: sklearn.calibration (CalibratedClassifierCV, _CalibratedClassifier)."""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .inner import REFUSED, add_complement, answer_of, as_table, read_each

# One classifier with its calibrators. The library's class for it has no public name.
Calibrated = Any


def read_calibrated_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the calibrated probabilities, of one classifier per fold or one in total."""
    classes = read_classes(builder, estimator, estimator.classes_)
    readings = read_each(builder, [one.estimator for one in estimator.calibrated_classifiers_], inputs)
    if readings is None:
        return REFUSED
    tables = []
    for one, reading in zip(estimator.calibrated_classifiers_, readings, strict=True):
        table = _add_calibrated(builder, estimator, one, reading)
        if table is None:
            return REFUSED
        tables.append(table)
    attributes = {"weights": [1.0] * len(tables), "total": float(len(tables))}
    mean = builder.add("weighted_mean", *tables, width=len(classes), attributes=attributes)
    label = builder.add("argmax_label", mean, width=1, kind="label", attributes={"classes": classes})
    return Reading("classifier", {"predict": label, "predict_proba": mean}, classes)


def _add_calibrated(builder: GraphBuilder, owner: Estimator, one: Calibrated, reading: Reading) -> Value | None:
    found = answer_of(builder, owner, one.estimator, reading, ["decision_function", "predict_proba"])
    if found is None:
        return None
    method, scores = found[0], as_table(builder, found[1])
    known = [] if reading.classes is None else reading.classes
    if len(known) < 2 or reading.task != "classifier":
        builder.refuse(
            f"CalibratedClassifierCV: its estimator is a {reading.task} with {len(known)} classes; "
            "expected a classifier with two or more"
        )
        return None
    if len(known) == 2 and method == "predict_proba":
        scores = builder.select_columns(scores, [1])
    count = len(one.classes)
    if one.method == "temperature":
        return _add_temperature(builder, one, scores, of_probabilities=method == "predict_proba")
    # If a fold lacks classes, the library assigns its columns in order.
    positions = np.searchsorted(one.classes, one.estimator.classes_).tolist()
    used = min(len(positions), scores.width, len(one.calibrators))
    scores = builder.select_columns(scores, range(used))
    calibrators = one.calibrators[:used]
    if one.method == "sigmoid":
        slopes, intercepts = ([getattr(item, name) for item in calibrators] for name in ("a_", "b_"))
        tensors = {"slopes": np.array(slopes, np.float64), "intercepts": np.array(intercepts, np.float64)}
        calibrated = builder.add("sigmoid_calibration", scores, width=used, tensors=tensors)
    else:
        columns = [
            builder.read(item, builder.select_columns(scores, [index])) for index, item in enumerate(calibrators)
        ]
        if None in columns:
            return None
        calibrated = builder.concat([as_table(builder, column.outputs["predict"]) for column in columns if column])
    attributes = {"positions": positions[:used], "count": count}
    return builder.add("calibrated_probabilities", calibrated, width=count, attributes=attributes)


def _add_temperature(builder: GraphBuilder, one: Calibrated, scores: Value, *, of_probabilities: bool) -> Value:
    """Add one temperature for all classes. A single decision d becomes the logits -d and d."""
    if scores.width == 1 and of_probabilities:
        scores = add_complement(builder, scores)
    elif scores.width == 1:
        pair = {"coefficients": np.array([[-1.0], [1.0]]), "intercepts": np.zeros(2)}
        scores = builder.add("linear", scores, width=2, tensors=pair)
    attributes = {"beta": float(one.calibrators[0].beta_), "of_probabilities": of_probabilities}
    return builder.add("scaled_temperature", scores, width=scores.width, attributes=attributes)


READERS: dict[str, Reader] = {
    "sklearn.calibration.CalibratedClassifierCV": read_calibrated_classifier,
}
