"""Convert Gaussian processes: a weighted sum of the covariances with the training rows.

Sources: sklearn.gaussian_process (kernels, _gpr, _gpc) and sklearn.multiclass.OneVsRestClassifier.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value
from iris_model.readers.libraries import installed_version
from iris_model.readers.names import class_name

from .kernels import add_kernel, dense

Array = np.ndarray[Any, Any]
Kernel = Any
# A covariance that does not depend on the row is a number; None was refused.
Covariance = Value | float | None

MODULE = "sklearn.gaussian_process.kernels."
MATERN_NU = (0.5, 1.5, 2.5, np.inf)


def read_gaussian_process_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the posterior, scaled back to the targets."""
    builder.refuse_missing(inputs)
    if _is_structured(builder, estimator, estimator.X_train_):
        return Reading("regressor", {})
    vectors = dense(estimator.X_train_)
    table = _add_table(builder, _add_covariance(builder, estimator.kernel_, inputs, vectors), inputs, len(vectors))
    weights = np.asarray(estimator.alpha_, np.float64)
    weights = np.ascontiguousarray(weights.reshape(len(weights), -1).T)
    count = len(weights)
    means = builder.add("linear", table, width=count, tensors={"coefficients": weights, "intercepts": np.zeros(count)})
    scale, offset = (
        np.array(np.broadcast_to(np.asarray(part, np.float64).ravel(), count))
        for part in (estimator._y_train_std, estimator._y_train_mean)
    )
    predicted = builder.add("min_max_scale", means, width=count, tensors={"scale": scale, "offset": offset})
    if count == 1:
        predicted = builder.add("column", predicted, width=1, attributes={"index": 0})
    return Reading("regressor", {"predict": predicted})


def read_gaussian_process_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for one latent process for two classes.

    With more classes there is one process against the rest for each, and their probabilities are divided by their sum.
    """
    builder.refuse_missing(inputs)
    classes = read_classes(builder, estimator, estimator.classes_)
    first = getattr(estimator.base_estimator_, "estimators_", [estimator.base_estimator_])[0]
    if _is_structured(builder, estimator, getattr(first, "X_train_", ())):
        return Reading("classifier", {}, classes)
    if len(classes) == 2:
        latent, probabilities = _add_binary(builder, estimator.base_estimator_, inputs)
        labels = builder.add("threshold_label", latent, width=1, kind="label", attributes={"classes": classes})
        return Reading("classifier", {"predict": labels, "predict_proba": probabilities}, classes)
    if estimator.multi_class != "one_vs_rest":
        builder.refuse(
            f"{type(estimator).__name__}: multi_class={estimator.multi_class!r} has no predict_proba; "
            "train with 'one_vs_rest'"
        )
        return Reading("classifier", {}, classes)
    positive = []
    for inner in estimator.base_estimator_.estimators_:
        _, pair = _add_binary(builder, inner, inputs)
        positive.append(builder.select_columns(pair, [1]))
    each = builder.add("concat", *positive, width=len(positive))
    # Far from all training rows every class has the same probability. Since 1.8 the first class wins, before the last.
    op = "last_argmax_label" if installed_version("scikit-learn") < (1, 8) else "argmax_label"
    labels = builder.add(op, each, width=1, kind="label", attributes={"classes": classes})
    probabilities = builder.add("normalize_rows", each, width=len(positive))
    return Reading("classifier", {"predict": labels, "predict_proba": probabilities}, classes)


def _is_structured(builder: GraphBuilder, estimator: Estimator, trained: Any) -> bool:
    """Whether it was trained on sequences or objects, which only a custom kernel can compare."""
    if np.asarray(trained).dtype.kind in "fiub":
        return False
    builder.refuse(f"{type(estimator).__name__}: it was trained on strings or objects; expected a table of numbers")
    return True


def _add_binary(builder: GraphBuilder, binary: Estimator, inputs: Value) -> tuple[Value, Value]:
    """Return the latent mean, and the probabilities of both classes."""
    from scipy.linalg import solve_triangular

    vectors = dense(binary.X_train_)
    count = len(vectors)
    covariance = _add_table(builder, _add_covariance(builder, binary.kernel_, inputs, vectors), inputs, count)
    weights = (binary.y_train_ - binary.pi_).reshape(1, count)
    latent = builder.add("linear", covariance, width=1, tensors={"coefficients": weights, "intercepts": np.zeros(1)})
    # solve(L, W K) as one matrix, so that a row needs one product.
    inverse = solve_triangular(binary.L_, np.diag(binary.W_sr_), lower=True)
    tensors = {"coefficients": np.ascontiguousarray(inverse), "intercepts": np.zeros(count)}
    projections = builder.add("linear", covariance, width=count, tensors=tensors)
    diagonal = _add_table(builder, _add_diagonal(builder, binary.kernel_, inputs), inputs, 1)
    return latent, builder.add("latent_probabilities", latent, projections, diagonal, width=2)


def _add_table(builder: GraphBuilder, covariance: Covariance, inputs: Value, width: int) -> Value:
    """Return a covariance as a table. A constant one is a linear map without weights."""
    if isinstance(covariance, Value):
        return covariance
    constants = np.full(width, 0.0 if covariance is None else covariance)
    tensors = {"coefficients": np.zeros((width, inputs.width)), "intercepts": constants}
    return builder.add("linear", inputs, width=width, tensors=tensors)


def _kind(kernel: Kernel) -> str:
    """Return the name of a kernel of the library. A custom kernel keeps its whole path, so it matches none."""
    name = class_name(type(kernel))
    return name.removeprefix(MODULE) if name.startswith(MODULE) else name


def _add_covariance(builder: GraphBuilder, kernel: Kernel, inputs: Value, vectors: Array) -> Covariance:
    kind = _kind(kernel)
    width = len(vectors)
    if kind in ("Sum", "Product"):
        parts = [_add_covariance(builder, part, inputs, vectors) for part in (kernel.k1, kernel.k2)]
        return _combine(builder, kind, parts, width)
    if kind == "Exponentiation":
        return _raise(builder, _add_covariance(builder, kernel.kernel, inputs, vectors), kernel.exponent, width)
    if kind == "ConstantKernel":
        return float(kernel.constant_value)
    if kind == "WhiteKernel":
        # Noise is not shared with the training rows.
        return 0.0
    if kind in ("RBF", "Matern"):
        return _add_scaled(builder, kernel, inputs, vectors)
    tensors = {"vectors": vectors}
    if kind == "RationalQuadratic":
        shape = {"length_scale": float(kernel.length_scale), "alpha": float(kernel.alpha)}
        return builder.add("rational_quadratic_kernel", inputs, width=width, attributes=shape, tensors=tensors)
    if kind == "ExpSineSquared":
        shape = {"length_scale": float(kernel.length_scale), "periodicity": float(kernel.periodicity)}
        return builder.add("periodic_kernel", inputs, width=width, attributes=shape, tensors=tensors)
    if kind == "DotProduct":
        constants = np.full(width, float(kernel.sigma_0) ** 2)
        return builder.add("linear", inputs, width=width, tensors={"coefficients": vectors, "intercepts": constants})
    if kind == "PairwiseKernel":
        parameters = {**(kernel.pairwise_kernels_kwargs or {}), "gamma": kernel.gamma}
        return add_kernel(builder, inputs, kernel.metric, vectors, parameters, owner=kind)
    builder.refuse(f"its kernel {kind} is not supported; expected a numeric kernel of scikit-learn")
    return None


def _add_scaled(builder: GraphBuilder, kernel: Kernel, inputs: Value, vectors: Array) -> Covariance:
    """Add RBF or Matern, with rows divided by the length scale of each feature."""
    lengths = np.array(np.broadcast_to(np.squeeze(kernel.length_scale).astype(np.float64), inputs.width))
    scaled = builder.add("divide_columns", inputs, width=inputs.width, tensors={"divisor": lengths})
    kept = {"vectors": vectors / lengths}
    nu = getattr(kernel, "nu", np.inf)
    if nu == np.inf:
        return builder.add("rbf_kernel", scaled, width=len(vectors), attributes={"gamma": 0.5}, tensors=kept)
    if nu not in MATERN_NU:
        builder.refuse(f"Matern: nu={nu!r} is not supported; train with 0.5, 1.5 or 2.5")
        return None
    return builder.add("matern_kernel", scaled, width=len(vectors), attributes={"nu": float(nu)}, tensors=kept)


def _add_diagonal(builder: GraphBuilder, kernel: Kernel, inputs: Value) -> Covariance:
    """Add the covariance of a row with itself."""
    kind = _kind(kernel)
    if kind in ("Sum", "Product"):
        return _combine(builder, kind, [_add_diagonal(builder, part, inputs) for part in (kernel.k1, kernel.k2)], 1)
    if kind == "Exponentiation":
        return _raise(builder, _add_diagonal(builder, kernel.kernel, inputs), kernel.exponent, 1)
    if kind == "ConstantKernel":
        return float(kernel.constant_value)
    if kind == "WhiteKernel":
        return float(kernel.noise_level)
    if kind == "DotProduct":
        tensors = {"center": np.zeros(inputs.width), "matrix": np.eye(inputs.width)}
        squares = builder.add("quadratic_form", inputs, width=1, tensors=tensors)
        shift = {"scale": np.ones(1), "offset": np.full(1, float(kernel.sigma_0) ** 2)}
        return builder.add("min_max_scale", squares, width=1, tensors=shift)
    if kind == "PairwiseKernel" and kernel.metric not in ("rbf", "laplacian"):
        builder.refuse(
            f"PairwiseKernel: the metric {kernel.metric!r} is not supported for classifiers; train with 'rbf'"
        )
        return None
    return 1.0


def _combine(builder: GraphBuilder, kind: str, parts: list[Covariance], width: int) -> Covariance:
    if None in parts:
        return None
    tables = [part for part in parts if isinstance(part, Value)]
    numbers = [part for part in parts if isinstance(part, float)]
    constant = float(sum(numbers)) if kind == "Sum" else float(np.prod(numbers))
    if not tables:
        return constant
    op = "sum_of" if kind == "Sum" else "product_of"
    return builder.add(op, *tables, width=width, attributes={"constant": constant})


def _raise(builder: GraphBuilder, base: Covariance, exponent: float, width: int) -> Covariance:
    if not isinstance(base, Value):
        return None if base is None else base**exponent
    whole = int(exponent) if exponent == int(exponent) else float(exponent)
    return builder.add("power", base, width=width, attributes={"exponent": whole})


READERS: dict[str, Reader] = {
    "sklearn.gaussian_process.GaussianProcessRegressor": read_gaussian_process_regressor,
    "sklearn.gaussian_process.GaussianProcessClassifier": read_gaussian_process_classifier,
}
