"""Clusterers that predict: the nearest of their centers.

Sources: sklearn.cluster (_kmeans, _bisect_k_means, _birch, _affinity_propagation, _mean_shift) and
sklearn.metrics.pairwise.pairwise_distances_argmin.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

Array = np.ndarray[Any, Any]


def read_k_means(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """|center|^2 - 2 <x, center>: the length of x is the same for all."""
    centers = _double(builder, estimator, estimator.cluster_centers_)
    return _read_nearest(builder, inputs, centers, np.arange(len(centers)), with_row_norm=False)


def read_nearest_center(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Affinity propagation and mean shift."""
    centers = getattr(estimator, "cluster_centers_", None)
    if centers is None or len(centers) == 0:
        builder.refuse(f"{type(estimator).__name__}: it has no cluster centers, so it cannot predict")
        return Reading("clusterer", {"predict": inputs})
    return _read_nearest(builder, inputs, np.asarray(centers), np.arange(len(centers)), with_row_norm=True)


def read_birch(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """The label of the nearest subcluster."""
    centers = _double(builder, estimator, estimator.subcluster_centers_)
    return _read_nearest(builder, inputs, centers, estimator.subcluster_labels_, with_row_norm=True)


def read_bisecting_k_means(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Down the tree of bisections, to the nearer of two centers each time."""
    builder.refuse_missing(inputs)
    shift = getattr(estimator, "_X_mean", 0.0)
    centers: list[Array] = []
    right: list[int] = []
    labels: list[int] = []
    # Each entry: a node, and the place of its parent if it is a right child.
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
    table = _double(builder, estimator, np.array(centers))
    tensors = {
        "centers": table,
        "norms": np.sum(table * table, axis=1),
        "right": np.array(right, np.int32),
        "labels": np.array(labels, np.int32),
    }
    return Reading(
        "clusterer", {"predict": builder.add("bisecting_label", inputs, width=1, kind="label", tensors=tensors)}
    )


def _double(builder: GraphBuilder, estimator: Estimator, centers: Any) -> Array:
    """Centers in float32 mean that the original computes in float32, where ties fall differently."""
    if centers.dtype != np.float64:
        builder.refuse(f"{type(estimator).__name__}: it was trained on {centers.dtype} numbers; train it on float64")
    return np.ascontiguousarray(centers, np.float64)


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


READERS: dict[str, Reader] = {
    "sklearn.cluster.KMeans": read_k_means,
    "sklearn.cluster.MiniBatchKMeans": read_k_means,
    "sklearn.cluster.BisectingKMeans": read_bisecting_k_means,
    "sklearn.cluster.AffinityPropagation": read_nearest_center,
    "sklearn.cluster.MeanShift": read_nearest_center,
    "sklearn.cluster.Birch": read_birch,
}
