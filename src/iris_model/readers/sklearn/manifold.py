"""Convert manifolds that accept new rows, and label propagation.

Sources: sklearn.manifold (Isomap, LocallyLinearEmbedding), sklearn.semi_supervised._label_propagation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .kernels import add_kernel, dense
from .neighbors import add_nearest, add_within

Array = np.ndarray[Any, Any]


def read_isomap(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for shortest paths to the training rows via the neighbors, and their centered kernel, projected."""
    found = _find_neighbors(builder, estimator.nbrs_, inputs, estimator.n_neighbors)
    distances = dense(estimator.dist_matrix_)
    kernel = builder.add("geodesic_kernel", found, width=len(distances), tensors={"distances": distances})
    components = estimator.kernel_pca_
    kept = np.flatnonzero(components.eigenvalues_)
    alphas = np.zeros(components.eigenvectors_.shape)
    alphas[:, kept] = components.eigenvectors_[:, kept] / np.sqrt(components.eigenvalues_[kept])
    means = np.asarray(components._centerer.K_fit_rows_, np.float64)
    tensors = {"means": means, "mean": np.array([float(components._centerer.K_fit_all_)])}
    centered = builder.add("center_kernel", kernel, width=kernel.width, tensors=tensors)
    tensors = {"coefficients": np.ascontiguousarray(alphas.T), "intercepts": np.zeros(alphas.shape[1])}
    return Reading(
        "transformer", {"transform": builder.add("linear", centered, width=alphas.shape[1], tensors=tensors)}
    )


def read_locally_linear(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the neighbors' embeddings, with the weights that reconstruct the row."""
    vectors = dense(estimator.nbrs_._fit_X)
    embedding = np.ascontiguousarray(estimator.embedding_, np.float64)
    found = _find_neighbors(builder, estimator.nbrs_, inputs, estimator.n_neighbors)
    placed = builder.add(
        *("barycenter", inputs, found),
        width=embedding.shape[1],
        attributes={"regularization": float(estimator.reg)},
        tensors={"vectors": vectors, "embedding": embedding},
    )
    return Reading("transformer", {"transform": placed})


def read_label_propagation(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the labels of the training rows, weighted by a kernel or by the nearest neighbors."""
    builder.refuse_missing(inputs)
    classes = read_classes(builder, estimator, estimator.classes_)
    shares = np.ascontiguousarray(estimator.label_distributions_, np.float64)
    if estimator.kernel == "knn":
        groups = np.unique(shares, axis=0, return_inverse=True)[1].ravel()
        found = add_nearest(builder, estimator.nn_fit, inputs, int(estimator.n_neighbors), groups, weighted=False)
        proba = builder.add("neighbor_shares", found, width=len(classes), tensors={"shares": shares})
    elif estimator.kernel == "rbf":
        parameters = {"gamma": float(estimator.gamma)}
        kernel = add_kernel(builder, inputs, "rbf", estimator.X_, parameters, owner=type(estimator).__name__)
        tensors = {"coefficients": np.ascontiguousarray(shares.T), "intercepts": np.zeros(len(classes))}
        summed = builder.add("linear", kernel or inputs, width=len(classes), tensors=tensors)
        proba = builder.add("shares_or_nan", summed, width=len(classes))
    else:
        builder.refuse(f"{type(estimator).__name__}: its kernel is a custom function; expected 'rbf' or 'knn'")
        return Reading("classifier", {}, classes)
    label = builder.add("argmax_label", proba, width=1, kind="label", attributes={"classes": classes})
    return Reading("classifier", {"predict": label, "predict_proba": proba}, classes)


def _find_neighbors(builder: GraphBuilder, neighbors: Estimator, inputs: Value, count: int | None) -> Value:
    if count is None:
        return add_within(builder, neighbors, inputs, weighted=False)
    # Each training row has its own position, so it matters which of equally far ones is selected.
    groups = np.arange(int(neighbors.n_samples_fit_))
    return add_nearest(builder, neighbors, inputs, int(count), groups, weighted=False)


READERS: dict[str, Reader] = {
    "sklearn.manifold.Isomap": read_isomap,
    "sklearn.manifold.LocallyLinearEmbedding": read_locally_linear,
    "sklearn.semi_supervised.LabelPropagation": read_label_propagation,
    "sklearn.semi_supervised.LabelSpreading": read_label_propagation,
}
