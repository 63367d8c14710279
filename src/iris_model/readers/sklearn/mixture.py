"""Convert Gaussian mixtures and elliptic envelopes: quadratic forms.

Sources: sklearn.mixture (_gaussian_mixture, _bayesian_mixture), sklearn.covariance._elliptic_envelope.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

Array = np.ndarray[Any, Any]


def read_gaussian_mixture(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the weighted log density of each component; the largest wins. Softmax gives probabilities."""
    constants = np.log(np.asarray(estimator.weights_, np.float64))
    return _read_mixture(builder, estimator, inputs, constants)


def read_bayesian_mixture(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert as a Gaussian mixture, with expected log weights and log determinants of the variational posterior."""
    from scipy.special import digamma

    concentration = estimator.weight_concentration_
    if estimator.weight_concentration_prior_type == "dirichlet_process":
        first, second = digamma(concentration[0]), digamma(concentration[1])
        both = digamma(concentration[0] + concentration[1])
        weights = first - both + np.hstack((0, np.cumsum(second - both)[:-1]))
    else:
        weights = digamma(concentration) - digamma(np.sum(concentration))
    width = estimator.means_.shape[1]
    freedom = estimator.degrees_of_freedom_
    halves = 0.5 * (freedom - np.arange(0, width)[:, np.newaxis])
    determinants = width * np.log(2.0) + np.sum(digamma(halves), 0)
    shrinkage = 0.5 * (determinants - width / estimator.mean_precision_) - 0.5 * width * np.log(freedom)
    return _read_mixture(builder, estimator, inputs, weights + shrinkage)


def read_elliptic_envelope(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the distance of a row from the location. A row on the border (the offset) is an inlier."""
    builder.refuse_missing(inputs)
    precision = np.asarray(estimator.get_precision(), np.float64)
    tensors = {"center": np.asarray(estimator.location_, np.float64), "matrix": precision}
    squares = builder.add("quadratic_form", inputs, width=1, tensors=tensors)
    # 1 where -square - offset >= 0, so -1 where square + offset > 0.
    outside = {"scale": np.ones(1), "offset": np.full(1, float(estimator.offset_))}
    distances = builder.add("min_max_scale", squares, width=1, tensors=outside)
    labels = builder.add("threshold_label", distances, width=1, kind="label", attributes={"classes": [1, -1]})
    negative = {"offset": np.zeros(1), "divisor": -np.ones(1)}
    turned = builder.add("scale", distances, width=1, tensors=negative)
    decisions = builder.add("column", turned, width=1, attributes={"index": 0})
    return Reading("outlier_detector", {"predict": labels, "decision_function": decisions})


def _read_mixture(builder: GraphBuilder, estimator: Estimator, inputs: Value, constants: Array) -> Reading:
    builder.refuse_missing(inputs)
    if estimator.means_.dtype != np.float64:
        builder.refuse(f"{type(estimator).__name__}: it was trained on {estimator.means_.dtype}; train it on float64")
    means = np.asarray(estimator.means_, np.float64)
    cholesky = np.asarray(estimator.precisions_cholesky_, np.float64)
    count, width = means.shape
    kind = estimator.covariance_type
    if kind in ("full", "tied"):
        matrices = cholesky if kind == "full" else cholesky[np.newaxis]
        logs = np.log(np.diagonal(matrices, axis1=1, axis2=2)).sum(axis=1)
        maps = np.concatenate([matrix.T for matrix in matrices])
        squares = builder.add(
            "projected_squares",
            inputs,
            width=count,
            attributes={"shared": kind == "tied"},
            tensors={"centers": means, "maps": maps},
        )
    else:
        precisions = cholesky**2 if kind == "diag" else np.repeat(cholesky[:, np.newaxis] ** 2, width, axis=1)
        logs = np.log(cholesky).sum(axis=1) if kind == "diag" else width * np.log(cholesky)
        tensors = {"centers": means, "divisors": 1.0 / precisions}
        squares = builder.add("scaled_squares", inputs, width=count, tensors=tensors)
    offset = -0.5 * width * np.log(2 * np.pi) + logs + constants
    weighted = builder.add(
        "min_max_scale", squares, width=count, tensors={"scale": np.full(count, -0.5), "offset": offset}
    )
    labels = builder.add("argmax_label", weighted, width=1, kind="label", attributes={"classes": list(range(count))})
    responsibilities = builder.add("normalize_log", weighted, width=count)
    return Reading("clusterer", {"predict": labels, "predict_proba": responsibilities})


READERS: dict[str, Reader] = {
    "sklearn.mixture.GaussianMixture": read_gaussian_mixture,
    "sklearn.mixture.BayesianGaussianMixture": read_bayesian_mixture,
    "sklearn.covariance.EllipticEnvelope": read_elliptic_envelope,
}
