"""Convert nearest neighbors: a search, then votes, means, or densities.

Sources: sklearn.neighbors (_base, _classification, _regression, _lof) and its trees. A tree is searched node by node as
in the original, so that ties have the same result. A model trained for brute force computes the distance to each row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value
from iris_model.readers.libraries import installed_version

from .kernels import dense

Array = np.ndarray[Any, Any]

# For these, brute force uses the original's own heaps. Others leave ties to numpy.argpartition, which differs between
# processors.
ORDERED = frozenset(
    ("euclidean", "manhattan", "chebyshev", "minkowski", "seuclidean", "canberra", "braycurtis", "haversine")
)
# The names for which the original computes distances by products of matrices.
PRODUCT_METRICS = ("euclidean", "sqeuclidean")
# Whole numbers up to this have exact squares and sums.
MOST_WHOLE = 1e6
LARGEST_DOUBLE = 1.7976931348623157e308


def read_k_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for votes of the nearest rows. Weighted labels are summed again, as in the original."""
    weighted = _is_weighted(builder, estimator)
    found = add_nearest(builder, estimator, inputs, int(estimator.n_neighbors), _group(estimator), weighted=weighted)
    labels, votes = [], []
    all_classes, all_targets = _targets(builder, estimator)
    for classes, targets in zip(all_classes, all_targets, strict=True):
        tensors = {"targets": targets}
        attributes: dict[str, Json] = {"count": len(classes), "weighted": weighted}
        share = builder.add("neighbor_votes", found, width=len(classes), attributes=attributes, tensors=tensors)
        votes.append(share)
        attributes = {"classes": classes}
        if weighted:
            label = builder.add("neighbor_label", found, width=1, kind="label", attributes=attributes, tensors=tensors)
        else:
            label = builder.add("argmax_label", share, width=1, kind="label", attributes=attributes)
        labels.append(label)
    return _finish_classifier(builder, estimator, all_classes, labels, votes)


def read_radius_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for votes of all rows within the radius.

    A row without neighbors gets the outlier label, if there is one.
    """
    weighted = _is_weighted(builder, estimator)
    found = add_within(builder, estimator, inputs, weighted=weighted)
    labels, votes = [], []
    all_classes, all_targets = _targets(builder, estimator)
    outliers = estimator.outlier_label_
    dtype = np.asarray(estimator.classes_[0]).dtype if estimator.outputs_2d_ else estimator.classes_.dtype
    by_class_mode = not weighted and estimator._fit_method == "brute" and not estimator.outputs_2d_
    # `metric`, not `effective_metric_`, and `p`: what RadiusNeighborsClassifier.predict_proba tests.
    is_euclidean = estimator.metric == "minkowski" and estimator.p == 2
    by_class_mode = by_class_mode and not is_euclidean and estimator.metric not in PRODUCT_METRICS
    for index, (classes, targets) in enumerate(zip(all_classes, all_targets, strict=True)):
        # The outlier label gets the dtype of the labels, because the original writes it into their array.
        outlier = None if outliers is None else np.array([outliers[index]]).astype(dtype).tolist()[0]
        place = classes.index(outlier) if outlier in classes else None
        if by_class_mode:
            # Before, "most_frequent" is an ordinary label. Since 1.9 the label is used as the position of a class.
            named = classes if installed_version("scikit-learn") < (1, 9) else list(range(len(classes)))
            place = named.index(estimator.outlier_label) if estimator.outlier_label in named else None
        attributes: dict[str, Json] = {
            "count": len(classes), "weighted": weighted, "outlier": place, "refuse": outliers is None
        }  # fmt: skip
        share = builder.add(
            "radius_votes", found, width=len(classes), attributes=attributes, tensors={"targets": targets}
        )
        votes.append(share)
        attributes = {"classes": classes, "outlier": outlier}
        labels.append(builder.add("label_or_outlier", share, width=1, kind="label", attributes=attributes))
    return _finish_classifier(builder, estimator, all_classes, labels, votes)


def read_k_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the nearest targets."""
    weighted = _is_weighted(builder, estimator)
    count = int(estimator.n_neighbors)
    found = add_nearest(builder, estimator, inputs, count, _group(estimator), weighted=weighted)
    return _finish_regressor(builder, estimator, found, weighted=weighted)


def read_radius_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the targets within the radius."""
    weighted = _is_weighted(builder, estimator)
    found = add_within(builder, estimator, inputs, weighted=weighted)
    return _finish_regressor(builder, estimator, found, weighted=weighted)


def read_local_outlier_factor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert novelty detection. Without `novelty` the original has no `predict`."""
    if not estimator.novelty:
        builder.refuse("LocalOutlierFactor: without novelty=True it cannot predict; train with novelty=True")
        return Reading("outlier_detector", {"predict": inputs})
    count = int(estimator.n_neighbors_)
    # Equal training rows have equal density, so it does not matter which of them is selected.
    trained = dense(estimator._fit_X if estimator._tree is None else estimator._tree.get_arrays()[0])
    groups = np.unique(trained, axis=0, return_inverse=True)[1].ravel()
    found = add_nearest(builder, estimator, inputs, count, groups, weighted=False)
    tensors = {
        "reaches": np.asarray(estimator._distances_fit_X_[:, count - 1], np.float64),
        "densities": np.asarray(estimator._lrd, np.float64),
    }
    scores = builder.add("local_outlier_factor", found, width=1, tensors=tensors)
    shift = {"offset": np.full(1, float(estimator.offset_)), "divisor": np.ones(1)}
    decisions = builder.add("scale", scores, width=1, tensors=shift)
    negative = {"offset": np.zeros(1), "divisor": -np.ones(1)}
    turned = builder.add("scale", decisions, width=1, tensors=negative)
    # Zero is an inlier.
    labels = builder.add("threshold_label", turned, width=1, kind="label", attributes={"classes": [1, -1]})
    flat = builder.add("column", decisions, width=1, attributes={"index": 0})
    return Reading("outlier_detector", {"predict": labels, "decision_function": flat})


def add_nearest(
    builder: GraphBuilder, estimator: Estimator, inputs: Value, count: int, groups: Array, *, weighted: bool
) -> Value:
    """Add the search for the nearest `count` training rows. `groups`: rows with the same answer have one number."""
    builder.refuse_missing(inputs)
    metric = _read_metric(builder, estimator)
    if metric is None:
        return inputs
    attributes, tensors = metric
    attributes = {**attributes, "neighbors": count}
    if estimator._tree is not None:
        tree = {**tensors, **lay_out_tree(estimator._tree, estimator._fit_method)}
        return builder.add("nearest_in_tree", inputs, width=count, attributes=attributes, tensors=tree)
    vectors = dense(estimator._fit_X)
    if not _multiplies(estimator):
        tensors = {**tensors, "vectors": vectors}
        return builder.add("nearest_in_table", inputs, width=count, attributes=attributes, tensors=tensors)
    _refuse_contradictions(builder, estimator, vectors, groups)
    tensors = {"vectors": vectors, "norms": np.sum(vectors * vectors, axis=1), "groups": groups.astype(np.int32)}
    ordered = not _is_float32(estimator)
    attributes = {"neighbors": count, "whole": ordered and _is_whole(vectors), "ordered": ordered, "weighted": weighted}
    return builder.add("nearest_by_products", inputs, width=count, attributes=attributes, tensors=tensors)


def add_within(builder: GraphBuilder, estimator: Estimator, inputs: Value, *, weighted: bool) -> Value:
    """Add the search for all training rows within the estimator's radius."""
    builder.refuse_missing(inputs)
    metric = _read_metric(builder, estimator)
    if metric is None:
        return inputs
    attributes, tensors = metric
    vectors = dense(estimator._fit_X if estimator._tree is None else estimator._tree.get_arrays()[0])
    tensors = {**tensors, "vectors": vectors}
    # Everything is within infinity, and within the largest number of JSON.
    radius = min(float(estimator.radius), LARGEST_DOUBLE)
    attributes = {**attributes, "radius": radius}
    if estimator._tree is not None or not _multiplies(estimator):
        return builder.add("within_radius", inputs, width=1, attributes=attributes, tensors=tensors)
    tensors = {"vectors": vectors, "norms": np.sum(vectors * vectors, axis=1)}
    attributes = {"radius": radius, "whole": _is_whole(vectors), "weighted": weighted}
    return builder.add("within_radius_by_products", inputs, width=1, attributes=attributes, tensors=tensors)


def _read_metric(builder: GraphBuilder, estimator: Estimator) -> tuple[dict[str, Json], dict[str, Array]] | None:
    """Return the metric's name and power as attributes, its weights or matrix as tensors; None if refused."""
    from sklearn.metrics import DistanceMetric

    owner = type(estimator).__name__
    said = estimator.effective_metric_
    if estimator._tree is not None:
        metric = metric_of_tree(estimator._tree)
    elif _is_float32(estimator) and said not in PRODUCT_METRICS:
        builder.refuse(
            f"{owner}: it was trained on {estimator._fit_X.dtype} and searches by brute force with the metric {said}, where "
            "numpy.argpartition decides ties; train it on float64"
        )
        return None
    else:
        try:
            metric = DistanceMetric.get_metric(said, **estimator.effective_metric_params_)
        except (ValueError, TypeError):
            metric = None
    name = metric_name(metric)
    if metric is None or name == "pyfunc" or (estimator._tree is None and name not in ORDERED):
        builder.refuse(
            f"{owner}: the metric {said if isinstance(said, str) else 'of a custom function'!s} with algorithm="
            f"{estimator._fit_method!r} is not supported; train with a metric of 'kd_tree' or 'ball_tree', and that algorithm"
        )
        return None
    return describe_metric(metric)


def describe_metric(metric: Any) -> tuple[dict[str, Json], dict[str, Array]]:
    """Return the name and the power of a metric as attributes, and its weights or its matrix as tensors."""
    name = metric_name(metric)
    power, weights, matrix = metric.__getstate__()[:3]
    attributes: dict[str, Json] = {"metric": name, "power": float(power) if name == "minkowski" else 2.0}
    tensors: dict[str, Array] = {}
    if name in ("seuclidean", "minkowski") and np.size(weights) > 1:
        tensors["weights"] = np.array(weights, np.float64)
    if name == "mahalanobis":
        tensors["matrix"] = np.array(matrix, np.float64)
    return attributes, tensors


def metric_name(metric: Any) -> str:
    """Return the name of a metric in the engine; "pyfunc" for a custom function."""
    return type(metric).__name__.removesuffix("64").removesuffix("Distance").lower()


def metric_of_tree(tree: Any) -> Any:
    """Return the metric of a tree, which only its pickled state contains; None if it is not there."""
    return next((part for part in tree.__getstate__() if type(part).__name__.endswith("Distance64")), None)


def lay_out_tree(tree: Any, kind: str) -> dict[str, Array]:
    """Return the tensors of a tree, as `nearest_in_tree` takes them. `kind`: "kd_tree" or "ball_tree"."""
    points, order, nodes, bounds = (np.asarray(part) for part in tree.get_arrays())
    tensors: dict[str, Array] = {
        "points": np.ascontiguousarray(points[order], np.float64),
        "order": order.astype(np.int32),
        "starts": nodes["idx_start"].astype(np.int32),
        "ends": nodes["idx_end"].astype(np.int32),
        "leaves": nodes["is_leaf"].astype(np.uint8),
        "low": np.ascontiguousarray(bounds[0], np.float64),
    }
    if kind == "kd_tree":
        tensors["high"] = np.ascontiguousarray(bounds[1], np.float64)
    else:
        tensors["radii"] = nodes["radius"].astype(np.float64)
    return tensors


def _multiplies(estimator: Estimator) -> bool:
    """Whether distances are products of matrices: for two dense tables, and for tables of different dtypes."""
    is_mixed = hasattr(estimator._fit_X, "toarray") and not _is_float32(estimator)
    return bool(estimator.effective_metric_ in PRODUCT_METRICS) and not is_mixed


def _is_float32(estimator: Estimator) -> bool:
    """Whether it was trained on float32 or integers: then float64 rows are sorted by numpy.argpartition."""
    return bool(estimator._fit_X.dtype != np.float64)


def _is_whole(vectors: Array) -> bool:
    return bool((np.abs(vectors) < MOST_WHOLE).all() and (vectors == np.round(vectors)).all())


def _is_weighted(builder: GraphBuilder, estimator: Estimator) -> bool:
    if callable(estimator.weights):
        builder.refuse(
            f"{type(estimator).__name__}: its weights are a custom function; expected 'uniform' or 'distance'"
        )
    return bool(estimator.weights == "distance")


def _refuse_contradictions(builder: GraphBuilder, estimator: Estimator, vectors: Array, groups: Array) -> None:
    """Refuse equal training rows with different targets: they always tie, and products of matrices may break the tie."""
    same = np.unique(vectors, axis=0, return_inverse=True)[1].ravel()
    if len(np.unique(np.column_stack([same, groups]), axis=0)) > len(np.unique(same)):
        builder.refuse(
            f"{type(estimator).__name__}: equal training rows have different targets, and rounding decides which of them "
            "brute force selects; train with algorithm='kd_tree' or 'ball_tree'"
        )


def _targets(builder: GraphBuilder, estimator: Estimator) -> tuple[list[list[Json]], list[Array]]:
    """Return for each output the classes and the positions of the training rows' labels in them.

    All labels have the dtype of the first output, as in the original.
    """
    several = estimator.outputs_2d_
    classes = estimator.classes_ if several else [estimator.classes_]
    places = np.asarray(estimator._y).reshape(len(estimator._y), -1)
    plain = [read_classes(builder, estimator, item.astype(classes[0].dtype)) for item in classes]
    return plain, [np.ascontiguousarray(places[:, index], np.int32) for index in range(len(classes))]


def _group(estimator: Estimator) -> Array:
    """Return the group of each training row: one number for rows with the same targets in all outputs."""
    targets = np.asarray(estimator._y).reshape(len(estimator._y), -1)
    return np.unique(targets, axis=0, return_inverse=True)[1].ravel()


def _finish_classifier(
    builder: GraphBuilder, estimator: Estimator, classes: list[list[Json]], labels: list[Value], votes: list[Value]
) -> Reading:
    if not estimator.outputs_2d_:
        return Reading("classifier", {"predict": labels[0], "predict_proba": votes[0]}, classes[0])
    outputs = {
        "predict": builder.add("per_output", *labels, width=len(labels), kind="label"),
        "predict_proba": builder.add(
            "per_output", *votes, width=len(votes), widths=tuple(len(item) for item in classes)
        ),
    }
    several: list[Json] = list(classes)
    return Reading("classifier", outputs, several)


def _finish_regressor(builder: GraphBuilder, estimator: Estimator, found: Value, *, weighted: bool) -> Reading:
    targets = np.asarray(estimator._y)
    attributes: Mapping[str, Json] = {"weighted": weighted}
    if targets.dtype.kind in "iub":
        # Without neighbors, the original casts NaN to an integer, whose value depends on the processor.
        with np.errstate(invalid="ignore"):
            attributes = {"weighted": weighted, "alone": float(np.full_like(targets[:1], np.nan).ravel()[0])}
    table = np.ascontiguousarray(targets.reshape(len(targets), -1), np.float64)
    op = "neighbor_means"
    if targets.dtype == np.float32 and not weighted:
        op, attributes = "neighbor_means_float32", {}
    means = builder.add(op, found, width=table.shape[1], attributes=attributes, tensors={"targets": table})
    if targets.ndim == 1:
        means = builder.add("column", means, width=1, attributes={"index": 0})
    return Reading("regressor", {"predict": means})


READERS: dict[str, Reader] = {
    "sklearn.neighbors.KNeighborsClassifier": read_k_classifier,
    "sklearn.neighbors.KNeighborsRegressor": read_k_regressor,
    "sklearn.neighbors.RadiusNeighborsClassifier": read_radius_classifier,
    "sklearn.neighbors.RadiusNeighborsRegressor": read_radius_regressor,
    "sklearn.neighbors.LocalOutlierFactor": read_local_outlier_factor,
}
