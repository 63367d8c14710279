"""The magnitude of an operator's terms: how much its result moves when each term moves in proportion to itself.

For a sum this is the sum of the terms' absolute values; for a function of a sum, it is that sum times the slope. An
operator that is not listed computes products and quotients, and its magnitude is the absolute result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from iris_model.engine.operators.svm import one_vs_one_decisions
from iris_model.readers import Node

Array = np.ndarray[Any, Any]
# Arguments: the node, its result, its inputs.
Magnitude = Callable[..., Array]


def _linear(node: Node, _: Array, rows: Array) -> Array:
    found: Array = np.abs(rows) @ np.abs(node.tensors["coefficients"]).T + np.abs(node.tensors["intercepts"])
    return found


def _scale(node: Node, _: Array, rows: Array) -> Array:
    found: Array = (np.abs(rows) + np.abs(node.tensors["offset"])) / np.abs(node.tensors["divisor"])
    return found


def _min_max_scale(node: Node, _: Array, rows: Array) -> Array:
    found: Array = np.abs(rows * node.tensors["scale"]) + np.abs(node.tensors["offset"])
    return found


def _scale_back(node: Node, _: Array, rows: Array) -> Array:
    found: Array = np.abs(rows * node.tensors["factor"]) + np.abs(node.tensors["offset"])
    return found


def _products(node: Node, rows: Array) -> tuple[Array, Array]:
    """Return gamma <x, y> + coef0, and the magnitude of its terms."""
    vectors, gamma, coef0 = node.tensors["vectors"], node.attributes["gamma"], node.attributes["coef0"]
    return gamma * (rows @ vectors.T) + coef0, abs(gamma) * (np.abs(rows) @ np.abs(vectors).T) + abs(coef0)


def _polynomial_kernel(node: Node, made: Array, rows: Array) -> Array:
    bases, size = _products(node, rows)
    degree = node.attributes["degree"]
    found: Array = abs(degree) * np.abs(bases) ** (degree - 1) * size + np.abs(made)
    return found


def _sigmoid_kernel(node: Node, made: Array, rows: Array) -> Array:
    found: Array = (1.0 - made**2) * _products(node, rows)[1] + np.abs(made)
    return found


def _squares(rows: Array, vectors: Array) -> Array:
    """Return |x|^2 + |y|^2: the terms of squared distances that are computed as |x|^2 - 2 <x, y> + |y|^2."""
    found: Array = (rows**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1)
    return found


def _rbf_kernel(node: Node, made: Array, rows: Array) -> Array:
    found: Array = node.attributes["gamma"] * made * _squares(rows, node.tensors["vectors"]) + made
    return found


def _expanded_distances(node: Node, _: Array, rows: Array) -> Array:
    return 2.0 * _squares(rows, node.tensors["vectors"])


def _centroid_scores(node: Node, _: Array, rows: Array) -> Array:
    found: Array = 2.0 * _squares(rows, node.tensors["vectors"]) + np.abs(node.tensors["priors"])
    return found


def _one_vs_one(node: Node, _: Array, kernels: Array) -> Array:
    starts = node.tensors["starts"].tolist()
    dual, intercepts = np.abs(node.tensors["dual"]).tolist(), np.abs(node.tensors["intercepts"]).tolist()
    return np.array(one_vs_one_decisions(np.abs(kernels).tolist(), dual=dual, starts=starts, intercepts=intercepts))


def _quadratic_form(node: Node, _: Array, rows: Array) -> Array:
    center, matrix = node.tensors["center"], node.tensors["matrix"]
    difference, size = rows - center, np.abs(rows) + np.abs(center)
    projected = np.abs(difference @ matrix.T)
    terms = np.abs(difference) @ np.abs(matrix).T
    found: Array = (2.0 * projected * size + np.abs(difference) * terms).sum(axis=1)
    return found


def _projected_squares(node: Node, _: Array, rows: Array) -> Array:
    centers, maps = node.tensors["centers"], node.tensors["maps"]
    parts = [maps] * len(centers) if node.attributes["shared"] else np.split(maps, len(centers))
    columns = []
    for center, part in zip(centers, parts, strict=True):
        projected = np.abs((rows - center) @ part.T)
        size = (np.abs(rows) + np.abs(center)) @ np.abs(part).T
        columns.append((2.0 * projected * size + projected**2).sum(axis=1))
    return np.stack(columns, axis=1)


def _scaled_squares(node: Node, made: Array, rows: Array) -> Array:
    columns = []
    for center, divisor in zip(node.tensors["centers"], node.tensors["divisors"], strict=True):
        size = np.abs(rows) + np.abs(center)
        columns.append((2.0 * np.abs(rows - center) * size / np.abs(divisor)).sum(axis=1))
    found: Array = np.stack(columns, axis=1) + np.abs(made)
    return found


def _center_kernel(node: Node, _: Array, rows: Array) -> Array:
    own = np.abs(rows).mean(axis=1)[:, None]
    found: Array = np.abs(rows) + np.abs(node.tensors["means"]) + own + np.abs(node.tensors["mean"])
    return found


def _subtract(node: Node, _: Array, values: Array) -> Array:
    found: Array = np.abs(values) + abs(node.attributes["offset"])
    return found


def _sum_of(node: Node, _: Array, *tables: Array) -> Array:
    found: Array = np.sum([np.abs(table) for table in tables], axis=0) + abs(node.attributes["constant"])
    return found


def _mean_of(node: Node, _: Array, *tables: Array) -> Array:
    found: Array = np.sum([np.abs(table) for table in tables], axis=0) / node.attributes["count"]
    return found


def _weighted_mean(node: Node, _: Array, *tables: Array) -> Array:
    weights = node.attributes["weights"]
    found: Array = np.sum([np.abs(one) * weight for one, weight in zip(tables, weights, strict=True)], axis=0)
    return found / float(node.attributes["total"])


def _sigmoid_calibration(node: Node, made: Array, rows: Array) -> Array:
    terms = np.abs(rows * node.tensors["slopes"]) + np.abs(node.tensors["intercepts"])
    found: Array = made * (1.0 - made) * terms + made
    return found


MAGNITUDES: Mapping[str, Magnitude] = {
    "center_kernel": _center_kernel,
    "centroid_scores": _centroid_scores,
    "expanded_distances": _expanded_distances,
    "linear": _linear,
    "mean_of": _mean_of,
    "min_max_scale": _min_max_scale,
    "one_vs_one_decisions": _one_vs_one,
    "polynomial_kernel": _polynomial_kernel,
    "projected_squares": _projected_squares,
    "quadratic_form": _quadratic_form,
    "rbf_kernel": _rbf_kernel,
    "scale": _scale,
    "scale_back": _scale_back,
    "scaled_squares": _scaled_squares,
    "sigmoid_calibration": _sigmoid_calibration,
    "sigmoid_kernel": _sigmoid_kernel,
    "subtract": _subtract,
    "sum_of": _sum_of,
    "weighted_mean": _weighted_mean,
}
