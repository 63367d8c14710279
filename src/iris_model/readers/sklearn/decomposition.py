"""Convert projections: a learned linear map of the columns or of a kernel.

Sources: sklearn.decomposition, sklearn.random_projection, sklearn.kernel_approximation, sklearn.cluster.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .inner import as_column
from .kernels import add_kernel, add_weighted, dense

Array = np.ndarray[Any, Any]

# If the terms are this many times larger than their sum, the sum has fewer than six correct digits.
MOST_CANCELLED = 1e10


def read_principal_components(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for X @ components_.T - mean_ @ components_.T, divided by the standard deviations if whitened."""
    components = np.asarray(estimator.components_)
    # In the precision of training, as the library does.
    shift = np.asarray(estimator.mean_).reshape(1, -1) @ components.T
    projected = _project(builder, inputs, components, -shift.ravel())
    if estimator.whiten:
        scale = np.sqrt(estimator.explained_variance_)
        scale = np.maximum(scale, np.finfo(scale.dtype).eps)
        tensors = {"offset": np.zeros(len(scale)), "divisor": scale.astype(np.float64)}
        projected = builder.add("scale", projected, width=len(scale), tensors=tensors)
    return Reading("transformer", {"transform": projected, **_add_likelihoods(builder, estimator, inputs)})


def read_projection(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for X @ components_.T."""
    return Reading("transformer", {"transform": _project(builder, inputs, dense(estimator.components_))})


def read_independent_components(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for (X - mean_) @ components_.T; without whitening there is no mean."""
    if estimator.whiten == "unit-variance":
        # The sources have unit variance. So `terms` is the size of the terms of each component, whose sum is about 1.
        terms = np.abs(estimator.components_) @ np.linalg.norm(estimator.mixing_, axis=1)
        if terms.max() > MOST_CANCELLED:
            builder.refuse(
                f"FastICA: a component near 1 is the sum of terms near {terms.max():.0e}, because training had directions "
                "without variance, so its answers are rounding noise; choose a smaller n_components"
            )
    centered = _center(builder, inputs, estimator.mean_) if estimator.whiten else inputs
    return Reading("transformer", {"transform": _project(builder, centered, np.asarray(estimator.components_))})


def read_factor_analysis(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the expected value of the latent variables, a linear map of the row."""
    components = np.asarray(estimator.components_, np.float64)
    weighed = components / estimator.noise_variance_
    covariance = np.linalg.inv(np.eye(len(components)) + weighed @ components.T)
    projected = _project(builder, _center(builder, inputs, estimator.mean_), weighed)
    transformed = _project(builder, projected, covariance.T)
    return Reading("transformer", {"transform": transformed, **_add_likelihoods(builder, estimator, inputs)})


def read_kernel_components(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the centered kernel with the training rows, projected. All steps are linear in the kernel."""
    builder.refuse_missing(inputs)
    name = "KernelPCA"
    parameters = {"gamma": estimator.gamma_, "degree": estimator.degree, "coef0": estimator.coef0}
    if estimator.kernel == "precomputed":
        builder.refuse(
            f"{name}: kernel='precomputed' needs distances to the training rows; train it with another kernel"
        )
        return Reading("transformer", {"transform": inputs})
    kernel = add_kernel(builder, inputs, estimator.kernel, estimator.X_fit_, parameters, owner=name)
    if kernel is None:
        return Reading("transformer", {"transform": inputs})
    kept = np.flatnonzero(estimator.eigenvalues_)
    alphas = np.zeros(estimator.eigenvectors_.shape)
    # The quotient has the precision of training. The other steps have the precision of the request.
    alphas[:, kept] = estimator.eigenvectors_[:, kept] / np.sqrt(estimator.eigenvalues_[kept])
    centerer = estimator._centerer
    maps = alphas - alphas.sum(axis=0) / len(alphas)
    shift = (float(centerer.K_fit_all_) - centerer.K_fit_rows_.astype(np.float64)) @ alphas
    return Reading("transformer", {"transform": _project(builder, kernel, maps.T, shift)})


def read_nystroem(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the normalized kernel with the stored training rows."""
    builder.refuse_missing(inputs)
    names = ("gamma", "degree", "coef0")
    parameters = {name: getattr(estimator, name) for name in names} | dict(estimator.kernel_params or {})
    kernel = add_kernel(builder, inputs, estimator.kernel, estimator.components_, parameters, owner="Nystroem")
    if kernel is None:
        return Reading("transformer", {"transform": inputs})
    return Reading("transformer", {"transform": add_weighted(builder, kernel, estimator.normalization_)})


def read_sparse_components(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the ridge regression of the centered row on the components, which is linear in the row."""
    if estimator.components_.dtype != np.float64:
        builder.refuse(
            f"{type(estimator).__name__}: it was trained on {estimator.components_.dtype}; train it on float64"
        )
    components = np.asarray(estimator.components_, np.float64)
    gram = components @ components.T + estimator.ridge_alpha * np.eye(len(components))
    centered = _center(builder, inputs, estimator.mean_)
    return Reading("transformer", {"transform": _project(builder, centered, np.linalg.solve(gram, components))})


def read_skewed_chi_squared(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for cosines of projected logarithms."""
    builder.refuse_missing(inputs)
    weights = np.ascontiguousarray(np.asarray(estimator.random_weights_, np.float64).T)
    tensors = {"weights": weights, "offsets": np.asarray(estimator.random_offset_, np.float64)}
    factor = float(np.sqrt(2.0) / np.sqrt(estimator.n_components))
    attributes = {"skewedness": float(estimator.skewedness), "factor": factor}
    features = builder.add(
        "skewed_chi_squared_features", inputs, width=len(weights), attributes=attributes, tensors=tensors
    )
    return Reading("transformer", {"transform": features})


def read_additive_chi_squared(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for samples of the kernel's spectrum, at the default interval if none is configured."""
    builder.refuse_missing(inputs)
    steps = int(estimator.sample_steps)
    interval = estimator.sample_interval
    attributes = {"steps": steps, "interval": float({1: 0.8, 2: 0.5, 3: 0.4}[steps] if interval is None else interval)}
    width = inputs.width * (2 * steps - 1)
    features = builder.add("additive_chi_squared_features", inputs, width=width, attributes=attributes)
    return Reading("transformer", {"transform": features})


def read_feature_agglomeration(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the columns in each cluster."""
    if estimator.pooling_func is not np.mean:
        called = getattr(estimator.pooling_func, "__name__", repr(estimator.pooling_func))
        builder.refuse(f"FeatureAgglomeration: pooling_func is {called!r}; expected numpy.mean")
    labels = np.asarray(estimator.labels_)
    sizes = np.bincount(labels)
    members = (labels[np.newaxis, :] == np.arange(len(sizes))[:, np.newaxis]).astype(np.float64)
    summed = _project(builder, inputs, members)
    tensors = {"offset": np.zeros(len(sizes)), "divisor": sizes.astype(np.float64)}
    pooled = builder.add("scale", summed, width=len(sizes), tensors=tensors)
    return Reading("transformer", {"transform": pooled})


def _add_likelihoods(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> dict[str, Value]:
    """Add `score_samples` if possible: the log-likelihood of each row under the normal model of the components."""
    if not hasattr(estimator, "score_samples"):
        return {}
    try:
        precision = np.asarray(estimator.get_precision())
    except (np.linalg.LinAlgError, ValueError):
        return {}  # all components of collinear columns: the original raises as well
    if not np.isfinite(precision).all():
        return {}
    matrix = np.ascontiguousarray(precision.T, np.float64)
    tensors = {"center": np.asarray(estimator.mean_, np.float64), "matrix": matrix}
    squares = builder.add("quadratic_form", inputs, width=1, tensors=tensors)
    # In the precision of training, as the library does.
    constant = -0.5 * (inputs.width * math.log(2.0 * math.pi) - np.linalg.slogdet(precision)[1])
    halves = {"scale": np.array([-0.5]), "offset": np.array([constant])}
    return {"score_samples": as_column(builder, builder.add("min_max_scale", squares, width=1, tensors=halves))}


def _project(builder: GraphBuilder, inputs: Value, components: Array, shift: Array | None = None) -> Value:
    builder.refuse_missing(inputs)
    count = len(components)
    intercepts = np.zeros(count) if shift is None else np.asarray(shift, np.float64)
    tensors = {"coefficients": np.ascontiguousarray(components, np.float64), "intercepts": intercepts}
    return builder.add("linear", inputs, width=count, tensors=tensors)


def _center(builder: GraphBuilder, inputs: Value, mean: Array) -> Value:
    tensors = {"offset": np.asarray(mean, np.float64), "divisor": np.ones(inputs.width)}
    return builder.add("scale", inputs, width=inputs.width, keeps_missing=True, tensors=tensors)


READERS: dict[str, Reader] = {
    "sklearn.decomposition.PCA": read_principal_components,
    "sklearn.decomposition.IncrementalPCA": read_principal_components,
    "sklearn.decomposition.TruncatedSVD": read_projection,
    "sklearn.decomposition.FastICA": read_independent_components,
    "sklearn.decomposition.FactorAnalysis": read_factor_analysis,
    "sklearn.decomposition.KernelPCA": read_kernel_components,
    "sklearn.decomposition.SparsePCA": read_sparse_components,
    "sklearn.decomposition.MiniBatchSparsePCA": read_sparse_components,
    "sklearn.kernel_approximation.AdditiveChi2Sampler": read_additive_chi_squared,
    "sklearn.kernel_approximation.SkewedChi2Sampler": read_skewed_chi_squared,
    "sklearn.neighbors.NeighborhoodComponentsAnalysis": read_projection,
    "sklearn.random_projection.GaussianRandomProjection": read_projection,
    "sklearn.random_projection.SparseRandomProjection": read_projection,
    "sklearn.kernel_approximation.Nystroem": read_nystroem,
    "sklearn.cluster.FeatureAgglomeration": read_feature_agglomeration,
}
