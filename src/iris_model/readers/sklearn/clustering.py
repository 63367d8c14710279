"""Convert clusterers that predict: the nearest of their centers.

Sources: sklearn.cluster (_kmeans, _bisect_k_means, _birch, _affinity_propagation, _mean_shift) and
sklearn.metrics.pairwise.pairwise_distances_argmin.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value

from .kernels import dense

Array = np.ndarray[Any, Any]


def read_k_means(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for |center|^2 - 2 <x, center>: the length of x is the same for all centers."""
    centers = estimator.cluster_centers_
    if centers.dtype == np.float32:
        return _read_nearest_float32(builder, inputs, dense(centers))
    return _read_nearest(builder, inputs, dense(centers), np.arange(len(centers)), with_row_norm=False)


def read_nearest_center(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert affinity propagation and mean shift."""
    centers = getattr(estimator, "cluster_centers_", None)
    if centers is None:
        builder.refuse(f"{type(estimator).__name__}: it has no cluster centers, so it cannot predict")
        return Reading("clusterer", {"predict": inputs})
    if centers.shape[0] == 0:
        # The training did not converge, so every row is noise.
        builder.refuse_missing(inputs)
        noise = builder.add("repeat", inputs, width=1, kind="label", attributes={"value": -1})
        return Reading("clusterer", {"predict": noise})
    centers = dense(centers)
    return _read_nearest(builder, inputs, centers, np.arange(len(centers)), with_row_norm=True)


def read_birch(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the label of the nearest subcluster."""
    centers = dense(estimator.subcluster_centers_)
    return _read_nearest(builder, inputs, centers, estimator.subcluster_labels_, with_row_norm=True)


def read_bisecting_k_means(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for a tree of bisections, with the nearer of two centers at each node."""
    builder.refuse_missing(inputs)
    shift = getattr(estimator, "_X_mean", 0.0)
    centers: list[Array] = []
    right: list[int] = []
    labels: list[int] = []
    # Each entry: a node, and the position of its parent if it is a right child.
    waiting: list[tuple[Any, int]] = [(estimator._bisecting_tree, -1)]
    while waiting:
        node, parent = waiting.pop()
        place = len(right)
        if parent >= 0:
            right[parent] = place - parent
        leaf = node.left is None
        centers.append(node.center + shift)
        right.append(0)
        labels.append(int(node.label) if leaf else -1)
        if not leaf:
            waiting += [(node.right, place), (node.left, -1)]
    found = np.array(centers)
    table = np.ascontiguousarray(found, np.float64)
    attributes: dict[str, Json] = {}
    if found.dtype == np.float32:
        # The original takes nothing else, and computes in float32.
        builder.narrow(inputs)
        inputs = builder.add("narrow_to_float32", inputs, width=inputs.width)
        attributes["narrow"] = True
    tensors = {
        "centers": table,
        "norms": np.sum(table * table, axis=1),
        "right": np.array(right, np.int32),
        "labels": np.array(labels, np.int32),
    }
    predicted = builder.add("bisecting_label", inputs, width=1, kind="label", attributes=attributes, tensors=tensors)
    return Reading("clusterer", {"predict": predicted})


def _read_nearest(
    builder: GraphBuilder, inputs: Value, centers: Array, labels: Array, *, with_row_norm: bool
) -> Reading:
    builder.refuse_missing(inputs)
    tensors = {"vectors": np.ascontiguousarray(centers, np.float64), "norms": np.sum(centers * centers, axis=1)}
    attributes = {"with_row_norm": with_row_norm}
    distances = builder.add("expanded_distances", inputs, width=len(centers), attributes=attributes, tensors=tensors)
    classes = np.asarray(labels).tolist()
    predicted = builder.add("argmin_label", distances, width=1, kind="label", attributes={"classes": classes})
    return Reading("clusterer", {"predict": predicted})


def _read_nearest_float32(builder: GraphBuilder, inputs: Value, centers: Array) -> Reading:
    """Convert a model trained on float32, which accepts nothing else."""
    builder.refuse_missing(inputs)
    builder.narrow(inputs)
    rows = builder.add("narrow_to_float32", inputs, width=inputs.width)
    norms = np.sum(centers * centers, axis=1)
    attributes = {"with_row_norm": False}
    tensors = {"vectors": centers, "norms": norms}
    distances = builder.add("expanded_distances", rows, width=len(centers), attributes=attributes, tensors=tensors)
    classes = {"classes": list(range(len(centers)))}
    predicted = builder.add(
        "argmin_label_float32", rows, distances, width=1, kind="label", attributes=classes, tensors={"norms": norms}
    )
    return Reading("clusterer", {"predict": predicted})


READERS: dict[str, Reader] = {
    "sklearn.cluster.KMeans": read_k_means,
    "sklearn.cluster.MiniBatchKMeans": read_k_means,
    "sklearn.cluster.BisectingKMeans": read_bisecting_k_means,
    "sklearn.cluster.AffinityPropagation": read_nearest_center,
    "sklearn.cluster.MeanShift": read_nearest_center,
    "sklearn.cluster.Birch": read_birch,
}
