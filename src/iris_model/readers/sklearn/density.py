"""Convert kernel densities. Sources: sklearn.neighbors (_kde, _binary_tree)."""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value

from .neighbors import describe_metric, lay_out_tree, metric_name, metric_of_tree

# The place of the weights of the training rows in the state of a tree, which has no attribute for them.
WEIGHTS_IN_STATE = 12


def read_kernel_density(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the sum over a tree that the original computes, step by step, with its tolerances."""
    from sklearn.neighbors._kd_tree import kernel_norm

    builder.refuse_missing(inputs)
    tree = estimator.tree_
    metric = metric_of_tree(tree)
    if metric is None or metric_name(metric) == "pyfunc":
        builder.refuse("KernelDensity: its metric is a custom function; train it with one of scikit-learn's metrics")
        return Reading("transformer", {})
    attributes, tensors = describe_metric(metric)
    tensors |= lay_out_tree(tree, "kd_tree" if type(tree).__name__.startswith("KDTree") else "ball_tree")
    order = np.asarray(tree.get_arrays()[1])
    weights = tree.__getstate__()[WEIGHTS_IN_STATE]
    places = list(zip(tensors["starts"].tolist(), tensors["ends"].tolist(), strict=True))
    if weights is None:
        total, totals = float(len(order)), [float(end - start) for start, end in places]
    else:
        sorted_weights = np.asarray(weights, np.float64)[order]
        total, totals = float(np.sum(np.asarray(weights))), [_added(sorted_weights[start:end]) for start, end in places]
        with np.errstate(divide="ignore"):
            tensors["log_weights"] = np.log(sorted_weights)
        if not (np.asarray(totals) > 0).all():
            builder.refuse("KernelDensity: some training rows have the weight zero; train it without them")
    tensors["totals"] = np.asarray(totals, np.float64)
    del tensors["order"]
    width = float(estimator.bandwidth_)
    norm = float(kernel_norm(width, inputs.width, estimator.kernel, return_log=True))
    if np.isnan(norm):
        builder.refuse(
            f"KernelDensity: scikit-learn has no norm of the {estimator.kernel} kernel for {inputs.width} columns, so every "
            "score is NaN; choose another kernel"
        )
        return Reading("transformer", {})
    settings: dict[str, Json] = {
        "kernel": estimator.kernel,
        "bandwidth": width,
        "total": total,
        "tolerance": float(estimator.atol * total),
        "relative": float(estimator.rtol),
        "log_norm": norm,
        "log_total": float(np.log(total)),
        "breadth_first": bool(estimator.breadth_first),
    }
    scores = builder.add(
        "kernel_density", inputs, width=1, kind="number", attributes={**attributes, **settings}, tensors=tensors
    )
    return Reading("transformer", {"score_samples": scores})


def _added(weights: np.ndarray[Any, Any]) -> float:
    """Add from left to right, as the original does."""
    total = 0.0
    for weight in weights.tolist():
        total += weight
    return total


READERS: dict[str, Reader] = {"sklearn.neighbors.KernelDensity": read_kernel_density}
