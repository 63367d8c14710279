"""Convert discriminant analysis and nearest centroids.

Sources: sklearn.discriminant_analysis, sklearn.neighbors._nearest_centroid.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value

from .linear import add_expit, add_softmax, read_with_link

Array = np.ndarray[Any, Any]


def read_linear_discriminant(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for a linear classifier (two classes: logistic function; more: softmax), and its projection."""
    link = add_expit if len(estimator.classes_) == 2 else add_softmax
    reading = read_with_link(builder, estimator, inputs, probabilities=link)
    if estimator.solver == "lsqr":
        return reading
    scalings = np.asarray(estimator.scalings_, np.float64)[:, : estimator._max_components]
    shifted = inputs
    if estimator.solver == "svd":
        tensors = {"offset": np.asarray(estimator.xbar_, np.float64), "divisor": np.ones(inputs.width)}
        shifted = builder.add("scale", inputs, width=inputs.width, tensors=tensors)
    width = scalings.shape[1]
    tensors = {"coefficients": np.ascontiguousarray(scalings.T), "intercepts": np.zeros(width)}
    projected = builder.add("linear", shifted, width=width, tensors=tensors)
    return Reading(reading.task, {**reading.outputs, "transform": projected}, reading.classes)


def read_quadratic_discriminant(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for -1/2 (|projected x - mean|^2 + log determinant) + log(prior)."""
    builder.refuse_missing(inputs)
    maps = [
        (rotation * scaling ** (-0.5)).T
        for rotation, scaling in zip(estimator.rotations_, estimator.scalings_, strict=True)
    ]
    determinants = np.array([np.sum(np.log(scaling)) for scaling in estimator.scalings_])
    tensors = {"centers": np.asarray(estimator.means_, np.float64), "maps": np.concatenate(maps).astype(np.float64)}
    count = len(maps)
    squares = builder.add("projected_squares", inputs, width=count, attributes={"shared": False}, tensors=tensors)
    constants = -0.5 * determinants + np.log(estimator.priors_)
    halves = {"scale": np.full(count, -0.5), "offset": constants}
    scores = builder.add("min_max_scale", squares, width=count, tensors=halves)
    return _read_scores(builder, scores, read_classes(builder, estimator, estimator.classes_))


def read_nearest_centroid(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the nearest centroid.

    Since scikit-learn 1.6, priors and probabilities use distances in units of the within-class deviations.
    """
    builder.refuse_missing(inputs)
    classes = read_classes(builder, estimator, estimator.classes_)
    count = len(classes)
    priors = getattr(estimator, "class_prior_", np.full(count, 1 / count))
    offers_scores = hasattr(estimator, "decision_function")
    uniform = bool(np.isclose(priors, 1 / count).all())
    reading = Reading("classifier", {}, classes)
    if offers_scores or not uniform:
        scores = _add_centroid_scores(builder, estimator, inputs, priors)
        reading = _read_scores(builder, scores, classes)
        if not offers_scores:
            reading = Reading("classifier", {"predict": reading.outputs["predict"]}, classes)
    if uniform:
        centroids = np.asarray(estimator.centroids_, np.float64)
        distances = _add_distances(builder, estimator, inputs, centroids)
        labels = builder.add("argmin_label", distances, width=1, kind="label", attributes={"classes": classes})
        reading = Reading("classifier", {**reading.outputs, "predict": labels}, classes)
    return reading


def _add_distances(builder: GraphBuilder, estimator: Estimator, inputs: Value, centroids: Array) -> Value:
    count = len(centroids)
    if estimator.metric == "manhattan":
        return builder.add("absolute_distances", inputs, width=count, tensors={"vectors": centroids})
    if estimator.metric != "euclidean":
        builder.refuse(f"NearestCentroid: its metric is {estimator.metric!r}; expected 'euclidean' or 'manhattan'")
    tensors = {"vectors": centroids, "norms": np.sum(centroids * centroids, axis=1)}
    return builder.add("expanded_distances", inputs, width=count, attributes={"with_row_norm": True}, tensors=tensors)


def _add_centroid_scores(builder: GraphBuilder, estimator: Estimator, inputs: Value, priors: Array) -> Value:
    deviations = np.where(estimator.within_class_std_dev_ != 0, estimator.within_class_std_dev_, 1.0)
    count = len(priors)
    scaled = builder.add(
        "scale", inputs, width=inputs.width, tensors={"offset": np.zeros(inputs.width), "divisor": deviations}
    )
    centroids = np.asarray(estimator.centroids_, np.float64) / deviations
    logs = 2.0 * np.log(priors)
    if estimator.metric == "euclidean":
        tensors = {"vectors": centroids, "norms": np.sum(centroids * centroids, axis=1), "priors": logs}
        return builder.add("centroid_scores", scaled, width=count, tensors=tensors)
    distances = _add_distances(builder, estimator, scaled, centroids)
    squares = builder.add("product_of", distances, distances, width=count, attributes={"constant": 1.0})
    negative = {"scale": -np.ones(count), "offset": logs}
    return builder.add("min_max_scale", squares, width=count, tensors=negative)


def _read_scores(builder: GraphBuilder, scores: Value, classes: list[Json]) -> Reading:
    """Return the outputs of DiscriminantAnalysisPredictionMixin, from one score for each class."""
    outputs = {
        "predict": builder.add("argmax_label", scores, width=1, kind="label", attributes={"classes": classes}),
        "predict_proba": builder.add("softmax", scores, width=len(classes)),
        "decision_function": scores,
    }
    if len(classes) == 2:
        tensors = {"coefficients": np.array([[-1.0, 1.0]]), "intercepts": np.zeros(1)}
        difference = builder.add("linear", scores, width=1, tensors=tensors)
        outputs["decision_function"] = builder.add("column", difference, width=1, attributes={"index": 0})
    return Reading("classifier", outputs, classes)


READERS: dict[str, Reader] = {
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": read_linear_discriminant,
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis": read_quadratic_discriminant,
    "sklearn.neighbors.NearestCentroid": read_nearest_centroid,
}
