"""Convert support vector machines of libsvm.

Sources: sklearn.svm._base (BaseLibSVM, BaseSVC), sklearn.svm._classes, and libsvm's svm.cpp as shipped by scikit-learn.
For two classes scikit-learn flips the signs of public attributes, and keeps libsvm's in `_dual_coef_` and
`_intercept_`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .kernels import add_kernel, dense

Array = np.ndarray[Any, Any]

# A weight of a linear kernel that is smaller than this part of its terms has lost half of its digits.
CANCELLED = 2.0**-26
LIBSVM_KERNELS = ("linear", "poly", "rbf", "sigmoid")


def read_svc(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for decisions between pairs of classes, then votes; probabilities if the model has them."""
    classes = read_classes(builder, estimator, estimator.classes_)
    count = len(classes)
    pairs = _add_pairs(builder, estimator, inputs)
    outputs = {}
    if count == 2:
        # Above zero is the first class, and zero itself is the second.
        turned = {"classes": classes[::-1]}
        outputs["predict"] = builder.add("threshold_label", pairs, width=1, kind="label", attributes=turned)
    scores = pairs
    if count > 2 and estimator.decision_function_shape == "ovr":
        scores = builder.add("one_vs_one_scores", pairs, width=count, attributes={"count": count})
    if count > 2 and estimator.break_ties:
        if scores is pairs:
            builder.refuse(f"{type(estimator).__name__}: break_ties needs decision_function_shape='ovr'")
        outputs["predict"] = builder.add("argmax_label", scores, width=1, kind="label", attributes={"classes": classes})
    elif count > 2:
        attributes = {"classes": classes}
        outputs["predict"] = builder.add("one_vs_one_label", pairs, width=1, kind="label", attributes=attributes)
    if hasattr(estimator, "predict_proba"):
        if estimator._probA.size == 0:
            builder.refuse(
                f"{type(estimator).__name__}: probability was set after training, so it has no probabilities; train it again"
            )
        tensors = {"slopes": np.asarray(estimator._probA), "shifts": np.asarray(estimator._probB)}
        outputs["predict_proba"] = builder.add(
            "coupled_probabilities", pairs, width=count, attributes={"count": count}, tensors=tensors
        )
    if count == 2:
        negative = {"offset": np.zeros(1), "divisor": -np.ones(1)}
        turned_round = builder.add("scale", pairs, width=1, tensors=negative)
        scores = builder.add("column", turned_round, width=1, attributes={"index": 0})
    outputs["decision_function"] = scores
    return Reading("classifier", outputs, classes)


def read_svr(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for one sum over the support vectors."""
    sums = _add_single(builder, estimator, inputs)
    return Reading("regressor", {"predict": builder.add("column", sums, width=1, attributes={"index": 0})})


def read_one_class_svm(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for one sum over the support vectors: above zero is an inlier (1), else an outlier (-1)."""
    sums = _add_single(builder, estimator, inputs)
    labels = builder.add("threshold_label", sums, width=1, kind="label", attributes={"classes": [-1, 1]})
    decisions = builder.add("column", sums, width=1, attributes={"index": 0})
    return Reading("outlier_detector", {"predict": labels, "decision_function": decisions})


def _add_single(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    return _add_sums(builder, estimator, inputs, dense(estimator._dual_coef_))


def _add_pairs(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    dual = dense(estimator._dual_coef_)
    if len(dual) == 1:
        return _add_sums(builder, estimator, inputs, dual)
    starts = np.concatenate([[0], np.cumsum(estimator._n_support)]).astype(np.int32)
    if estimator.kernel == "linear":
        return _add_sums(builder, estimator, inputs, _spread_pairs(dual, starts))
    kernel = _add_libsvm_kernel(builder, estimator, inputs)
    intercepts = np.asarray(estimator._intercept_, np.float64)
    if kernel is None:
        return inputs
    tensors = {"dual": dual, "starts": starts, "intercepts": intercepts}
    return builder.add("one_vs_one_decisions", kernel, width=len(intercepts), tensors=tensors)


def _spread_pairs(dual: Array, starts: Array) -> Array:
    """Return one row of weights for each pair of classes, zero for support vectors of other classes."""
    count = len(starts) - 1
    rows = []
    for i in range(count):
        for j in range(i + 1, count):
            row = np.zeros(dual.shape[1])
            first, second = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
            row[first], row[second] = dual[j - 1, first], dual[i, second]
            rows.append(row)
    return np.array(rows)


def _add_sums(builder: GraphBuilder, estimator: Estimator, inputs: Value, weights: Array) -> Value:
    """Add kernel values times weights plus intercepts.

    A linear kernel needs no vectors, only one weight per feature, unless the vectors cancel: the error of such a weight
    is known only from its terms.
    """
    intercepts = np.asarray(estimator._intercept_, np.float64)
    if estimator.kernel == "linear":
        builder.refuse_missing(inputs)
        vectors = dense(estimator.support_vectors_).astype(np.longdouble)
        coefficients = (weights.astype(np.longdouble) @ vectors).astype(np.float64)
        terms = np.abs(weights) @ np.abs(vectors)
        if not (np.abs(coefficients) < CANCELLED * terms).any():
            tensors = {"coefficients": coefficients, "intercepts": intercepts}
            return builder.add("linear", inputs, width=len(weights), tensors=tensors)
    kernel = _add_libsvm_kernel(builder, estimator, inputs)
    if kernel is None:
        return inputs
    return builder.add(
        "linear", kernel, width=len(weights), tensors={"coefficients": weights, "intercepts": intercepts}
    )


def _add_libsvm_kernel(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value | None:
    builder.refuse_missing(inputs)
    owner = type(estimator).__name__
    if estimator.kernel not in LIBSVM_KERNELS:
        said = repr(estimator.kernel) if isinstance(estimator.kernel, str) else "a function of the user's"
        builder.refuse(f"{owner}: its kernel is {said}; expected one of {', '.join(LIBSVM_KERNELS)}")
        return None
    parameters = {"gamma": estimator._gamma, "coef0": estimator.coef0, "degree": estimator.degree}
    return add_kernel(builder, inputs, estimator.kernel, estimator.support_vectors_, parameters, owner=owner)


READERS: dict[str, Reader] = {
    "sklearn.svm.SVC": read_svc,
    "sklearn.svm.NuSVC": read_svc,
    "sklearn.svm.SVR": read_svr,
    "sklearn.svm.NuSVR": read_svr,
    "sklearn.svm.OneClassSVM": read_one_class_svm,
}
