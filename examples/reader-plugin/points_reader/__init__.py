"""The plug-in: how iris-model reads a `points.PointsClassifier`."""

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Reading
from iris_model.readers.plugins import Plugin


def read_points(builder, estimator, inputs):
    """Repeat what `decision_function`, `predict_proba` and `predict` compute, with operators of the engine."""
    builder.refuse_missing(inputs)
    classes = read_classes(builder, estimator, estimator.classes_)
    if len(classes) != 2:
        builder.refuse(f"PointsClassifier: {len(classes)} classes; expected two")
        return Reading("", {})
    points = {"coefficients": estimator.points_[None, :], "intercepts": np.array([estimator.start_])}
    total = builder.add("linear", inputs, width=1, tensors=points)
    factor = {"scale": np.array([float(estimator.per_point)]), "offset": np.zeros(1)}
    decisions = builder.add("min_max_scale", total, width=1, tensors=factor)
    outputs = {
        "predict": builder.add("threshold_label", decisions, width=1, kind="label", attributes={"classes": classes}),
        "predict_proba": builder.add("expit_pair", decisions, width=2),
        "decision_function": builder.add("column", decisions, width=1, attributes={"index": 0}),
    }
    return Reading("classifier", outputs, classes)


PLUGIN = Plugin(
    distribution="points",
    oldest=(1, 0),
    before=(2, 0),
    readers={"points.models.PointsClassifier": read_points},
)
