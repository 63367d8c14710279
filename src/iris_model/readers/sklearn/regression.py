"""Convert other regressors: kernel ridge, partial least squares, isotonic.

Sources: sklearn.kernel_ridge, sklearn.cross_decomposition._pls, sklearn.isotonic with scipy.interpolate.interp1d.
"""

from __future__ import annotations

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .kernels import add_kernel, add_weighted, dense


def read_kernel_ridge(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for kernel values times the dual coefficients."""
    builder.refuse_missing(inputs)
    parameters = {"gamma": estimator.gamma, "degree": estimator.degree, "coef0": estimator.coef0}
    kernel = add_kernel(builder, inputs, estimator.kernel, estimator.X_fit_, parameters, owner="KernelRidge")
    if kernel is None:
        return Reading("regressor", {"predict": inputs})
    weights = dense(estimator.dual_coef_)
    table = weights.reshape(len(weights), -1).T
    predicted = add_weighted(builder, kernel, table)
    if weights.ndim == 1:
        predicted = builder.add("column", predicted, width=1, traces=predicted.traces, attributes={"index": 0})
    return Reading("regressor", {"predict": predicted})


def read_partial_least_squares(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for (X - mean) @ coef_.T + intercept_, and the scores of X."""
    builder.refuse_missing(inputs)
    width = inputs.width
    mean = np.asarray(estimator._x_mean, np.float64)
    shifted = builder.add("scale", inputs, width=width, tensors={"offset": mean, "divisor": np.ones(width)})
    coefficients = np.asarray(estimator.coef_, np.float64)
    intercepts = np.broadcast_to(np.asarray(estimator.intercept_, np.float64), len(coefficients))
    tensors = {"coefficients": np.ascontiguousarray(coefficients), "intercepts": np.array(intercepts)}
    predicted = builder.add("linear", shifted, width=len(coefficients), tensors=tensors)
    if estimator._predict_1d:
        predicted = builder.add("column", predicted, width=1, attributes={"index": 0})
    deviations = {"offset": mean, "divisor": np.asarray(estimator._x_std, np.float64)}
    scaled = builder.add("scale", inputs, width=width, tensors=deviations)
    rotations = np.ascontiguousarray(np.asarray(estimator.x_rotations_, np.float64).T)
    tensors = {"coefficients": rotations, "intercepts": np.zeros(len(rotations))}
    scores = builder.add("linear", scaled, width=len(rotations), tensors=tensors)
    return Reading("regressor", {"predict": predicted, "transform": scores})


def read_singular_vectors(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the scaled columns, projected. PLSSVD has no prediction."""
    builder.refuse_missing(inputs)
    tensors = {
        "offset": np.asarray(estimator._x_mean, np.float64),
        "divisor": np.asarray(estimator._x_std, np.float64),
    }
    scaled = builder.add("scale", inputs, width=inputs.width, tensors=tensors)
    weights = np.ascontiguousarray(np.asarray(estimator.x_weights_, np.float64).T)
    tensors = {"coefficients": weights, "intercepts": np.zeros(len(weights))}
    return Reading("transformer", {"transform": builder.add("linear", scaled, width=len(weights), tensors=tensors)})


def read_isotonic(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for linear interpolation between the thresholds. `transform` equals `predict`."""
    builder.refuse_missing(inputs)
    xs, ys = np.asarray(estimator.X_thresholds_), np.asarray(estimator.y_thresholds_)
    in_float32 = xs.dtype == np.float32
    if not in_float32 and xs.dtype != np.float64:
        builder.refuse(f"IsotonicRegression: it was trained on {xs.dtype}; train it on float64 or float32")
    outside = estimator.out_of_bounds
    if len(xs) == 1 and outside != "clip":
        # With one threshold every row has the same value.
        outside = "clip"
    tensors = {"xs": xs.astype(np.float64), "ys": ys.astype(np.float64)}
    if in_float32:
        # Trained on float32, such as probabilities of XGBoost: it rounds input and output to float32.
        inputs = builder.add("round_float32", inputs, width=1)
    table = builder.add("interpolate", inputs, width=1, attributes={"outside": outside}, tensors=tensors)
    if in_float32:
        table = builder.add("round_float32", table, width=1)
    column = builder.add("column", table, width=1, attributes={"index": 0})
    return Reading("regressor", {"predict": column})


READERS: dict[str, Reader] = {
    "sklearn.kernel_ridge.KernelRidge": read_kernel_ridge,
    "sklearn.isotonic.IsotonicRegression": read_isotonic,
    "sklearn.cross_decomposition.PLSRegression": read_partial_least_squares,
    "sklearn.cross_decomposition.PLSCanonical": read_partial_least_squares,
    "sklearn.cross_decomposition.CCA": read_partial_least_squares,
    "sklearn.cross_decomposition.PLSSVD": read_singular_vectors,
}
