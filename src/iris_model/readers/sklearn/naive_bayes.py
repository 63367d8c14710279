"""Convert the five naive Bayes classifiers: joint log likelihoods, their maximum, and normalized exponentials.

Source: sklearn.naive_bayes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

Array = np.ndarray[Any, Any]


def read_gaussian(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for log(prior) + constant - 1/2 sum((x - mean)^2 / variance).

    Each step is rounded as in the original.
    """
    builder.refuse_missing(inputs)
    variances = np.asarray(estimator.var_, np.float64)
    if not (variances > 0.0).all():
        builder.refuse("GaussianNB: a feature has no variance; train with a larger var_smoothing")
    count = len(variances)
    tensors = {"centers": np.asarray(estimator.theta_, np.float64), "divisors": variances}
    squares = builder.add("scaled_squares", inputs, width=count, tensors=tensors)
    # In the precision of training, as the original computes these logarithms.
    constants = np.array([-0.5 * np.sum(np.log(2.0 * np.pi * row)) for row in estimator.var_], np.float64)
    halves = {"scale": np.full(count, -0.5), "offset": constants}
    densities = builder.add("min_max_scale", squares, width=count, tensors=halves)
    priors = {"scale": np.ones(count), "offset": np.log(estimator.class_prior_).astype(np.float64)}
    return _finish(builder, estimator, builder.add("min_max_scale", densities, width=count, tensors=priors))


def read_multinomial(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for counts times log probabilities, plus the prior."""
    return _read_linear(builder, estimator, inputs, estimator.feature_log_prob_, estimator.class_log_prior_)


def read_complement(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for weights of the complement of each class. The prior counts only if there is one class."""
    if estimator.norm:
        builder.refuse(
            "ComplementNB: with norm=True a row of equal cells is a tie, which rounding decides; train with norm=False"
        )
    weights = estimator.feature_log_prob_
    priors = estimator.class_log_prior_ if len(weights) == 1 else np.zeros(len(weights))
    return _read_linear(builder, estimator, inputs, weights, priors)


def read_bernoulli(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for log likelihoods of binarized features; absent features count too."""
    weights = estimator.feature_log_prob_
    absent = np.log(1 - np.exp(weights))
    priors = estimator.class_log_prior_ + absent.sum(axis=1)
    if estimator.binarize is not None:
        builder.refuse_missing(inputs)
        attributes = {"threshold": float(estimator.binarize)}
        inputs = builder.add("above_threshold", inputs, width=inputs.width, attributes=attributes)
    return _read_linear(builder, estimator, inputs, weights - absent, priors)


def read_categorical(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for log likelihoods of categories 0, 1, 2, ... An unseen one is an error, as in the original."""
    builder.refuse_missing(inputs)
    likelihoods = estimator.feature_log_prob_
    _refuse_infinite(builder, estimator, np.concatenate(likelihoods, axis=1))
    tensors: dict[str, Array] = {
        "values": np.concatenate([table.T for table in likelihoods]).astype(np.float64),
        "starts": np.cumsum([0] + [table.shape[1] for table in likelihoods]).astype(np.int32),
        "priors": np.asarray(estimator.class_log_prior_, np.float64),
    }
    joint = builder.add("category_log_likelihoods", inputs, width=len(tensors["priors"]), tensors=tensors)
    return _finish(builder, estimator, joint)


def _read_linear(builder: GraphBuilder, estimator: Estimator, inputs: Value, weights: Array, priors: Array) -> Reading:
    builder.refuse_missing(inputs)
    _refuse_infinite(builder, estimator, weights)
    tensors = {"coefficients": np.asarray(weights, np.float64), "intercepts": np.asarray(priors, np.float64)}
    return _finish(builder, estimator, builder.add("linear", inputs, width=len(priors), tensors=tensors))


def _refuse_infinite(builder: GraphBuilder, estimator: Estimator, weights: Array) -> None:
    if not np.isfinite(weights).all():
        builder.refuse(
            f"{type(estimator).__name__}: a feature has the probability zero in some class (alpha is 0), "
            "so some answers are NaN; train with a larger alpha"
        )


def _finish(builder: GraphBuilder, estimator: Estimator, joint: Value) -> Reading:
    classes = read_classes(builder, estimator, estimator.classes_)
    labels = builder.add("argmax_label", joint, width=1, kind="label", attributes={"classes": classes})
    probabilities = builder.add("normalize_log", joint, width=len(classes))
    return Reading("classifier", {"predict": labels, "predict_proba": probabilities}, classes)


READERS: dict[str, Reader] = {
    "sklearn.naive_bayes.GaussianNB": read_gaussian,
    "sklearn.naive_bayes.MultinomialNB": read_multinomial,
    "sklearn.naive_bayes.ComplementNB": read_complement,
    "sklearn.naive_bayes.BernoulliNB": read_bernoulli,
    "sklearn.naive_bayes.CategoricalNB": read_categorical,
}
