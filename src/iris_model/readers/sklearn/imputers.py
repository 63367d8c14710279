"""Imputers. Source: sklearn.impute._base."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value
from iris_model.readers.libraries import installed_version


def read_simple_imputer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Fill with each column's statistic; columns that have none are left out. Then what was missing, if asked for."""
    marker = _marker(builder, estimator, inputs)
    kept, fill = [], []
    statistics = estimator.statistics_
    if statistics.dtype.kind == "f":
        # Written into a table of the type of training (since 1.8; before, the two are of one type).
        statistics = statistics.astype(getattr(estimator, "_fill_dtype", statistics.dtype))
    for index, statistic in enumerate(statistics.tolist()):
        if statistic is None or (isinstance(statistic, float) and math.isnan(statistic)):
            continue
        kept.append(index)
        fill.append(statistic if isinstance(statistic, str) else float(statistic))
        if estimator.statistics_.dtype == object:
            builder.expect_categories(inputs, index, [statistic])
    chosen = inputs if len(kept) == inputs.width else builder.select_columns(inputs, kept)
    traces = [Trace(filled_from=trace.origin) if marker is None else trace for trace in chosen.traces]
    if marker is not None:
        traces = [Trace(trace.missing_from, filled_from=trace.origin) for trace in traces]
    attributes = {"fill": fill, "marker": marker}
    filled = builder.add("impute", chosen, width=len(fill), traces=traces, attributes=attributes)
    if estimator.add_indicator:
        indicators = _add_indicator(builder, estimator.indicator_, inputs, marker)
        if indicators is not None:
            filled = builder.concat([filled, indicators])
    return Reading("transformer", {"transform": filled})


def read_missing_indicator(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Which cells are missing; a column that never missed any in training may be told not to begin."""
    marker = _marker(builder, estimator, inputs)
    if estimator.features == "missing-only" and estimator.error_on_new:
        others = [trace for index, trace in enumerate(inputs.traces) if index not in set(estimator.features_.tolist())]
        builder.refuse_missing(replace(inputs, traces=tuple(others)))
        if marker is not None and others:
            builder.refuse(
                "MissingIndicator: it raises where a column begins to hold "
                f"{marker!r} (error_on_new); expected missing_values=NaN"
            )
    indicators = _add_indicator(builder, estimator, inputs, marker)
    if indicators is None:
        builder.refuse("MissingIndicator: nothing was missing in training, so that it gives no column")
        return Reading("transformer", {})
    return Reading("transformer", {"transform": indicators})


def read_iterative_imputer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """A first filling, then one column after the other, predicted from the others, as often as in training."""
    first = builder.read(estimator.initial_imputer_, inputs)
    if first is None:
        return Reading("transformer", {"transform": inputs})
    filled = initial = first.outputs["transform"]
    if filled.width != inputs.width or _marker(builder, estimator, inputs) is not None:
        builder.refuse("IterativeImputer: expected NaN for missing cells, and some cell in each column of training")
    if estimator.sample_posterior:
        builder.refuse("IterativeImputer: sample_posterior draws at random, so that no answer is the right one")
    if builder.reasons:
        return Reading("transformer", {"transform": filled})
    for index, others, predictor in estimator.imputation_sequence_:
        if hasattr(predictor, "tree_") or hasattr(predictor, "estimators_"):
            builder.refuse(
                "IterativeImputer: trees raise on what does not fit float32, and it asks them for rows with a missing "
                "cell only; expected a linear estimator"
            )
            break
        reading = builder.read(predictor, builder.select_columns(filled, [int(other) for other in others]))
        if reading is None or reading.task != "regressor":
            builder.refuse(f"IterativeImputer: its estimator, {type(predictor).__name__}, is none that can be compiled")
            break
        limits = float(estimator._min_value[index]), float(estimator._max_value[index])
        tensors = {"low": np.array(limits[:1]), "high": np.array(limits[1:])}
        filled = builder.add(
            "impute_column",
            *(filled, inputs, reading.outputs["predict"]),
            width=filled.width,
            attributes={"index": int(index)},
            tensors=tensors,
        )
    filled = builder.add("unless_all_missing", filled, inputs, initial, width=filled.width)
    if estimator.add_indicator:
        indicators = _add_indicator(builder, estimator.indicator_, inputs, None)
        filled = filled if indicators is None else builder.concat([filled, indicators])
    return Reading("transformer", {"transform": filled})


def read_neighbors_imputer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Filled from the nearest training rows that have the cell."""
    marker = _marker(builder, estimator, inputs)
    if estimator.metric != "nan_euclidean":
        builder.refuse("KNNImputer: its metric is a function of the user's; expected 'nan_euclidean'")
        return Reading("transformer", {"transform": inputs})
    rows = inputs
    if marker is not None:
        rows = builder.add("mark_missing", inputs, width=inputs.width, attributes={"value": marker})
    valid = np.asarray(estimator._valid_mask, bool)
    missing = np.asarray(estimator._mask_fit_X, bool)
    trained = np.asarray(estimator._fit_X, np.float64)
    # numpy's own means, as the original takes them.
    means = np.array(
        [np.ma.array(trained[:, i], mask=missing[:, i]).mean() if valid[i] else 0.0 for i in range(len(valid))]
    )
    attributes: dict[str, Json] = {
        "kept": np.flatnonzero(valid).tolist(),
        "neighbors": int(estimator.n_neighbors),
        "weighted": estimator.weights == "distance",
    }
    if installed_version("scikit-learn") < (1, 6):
        attributes["strangers"] = estimator.weights == "uniform"
    if callable(estimator.weights):
        builder.refuse("KNNImputer: its weights are a function of the user's; expected 'uniform' or 'distance'")
    tensors = {"vectors": np.where(missing, np.nan, trained), "means": means.astype(np.float64)}
    filled = builder.add("impute_from_donors", rows, width=int(valid.sum()), attributes=attributes, tensors=tensors)
    if estimator.keep_empty_features and not valid.all():
        filled = _put_zeros(builder, filled, valid)
    if estimator.add_indicator:
        indicators = _add_indicator(builder, estimator.indicator_, inputs, marker)
        filled = filled if indicators is None else builder.concat([filled, indicators])
    return Reading("transformer", {"transform": filled})


def _put_zeros(builder: GraphBuilder, filled: Value, valid: np.ndarray[Any, Any]) -> Value:
    """Zeros for the columns that were never met in training."""
    width = len(valid)
    places = np.flatnonzero(valid)
    spread = np.zeros((width, filled.width))
    spread[places, np.arange(filled.width)] = 1.0
    tensors = {"coefficients": spread, "intercepts": np.zeros(width)}
    return builder.add("linear", filled, width=width, tensors=tensors)


def _add_indicator(builder: GraphBuilder, indicator: Estimator, inputs: Value, marker: Json) -> Value | None:
    features = indicator.features_.tolist()
    if not features:
        return None
    attributes = {"indices": features, "marker": marker}
    return builder.add("missing_indicator", inputs, width=len(features), attributes=attributes)


def _marker(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Json:
    """What stands for missing, if it is an ordinary value; then NaN is none. NaN and None are both null in a request."""
    missing: Any = estimator.missing_values
    if missing is None or (isinstance(missing, float) and math.isnan(missing)):
        for index in range(inputs.width):
            builder.expect_missing_as(inputs, index, "none" if missing is None else "nan")
        return None
    if not isinstance(missing, (str, int, float, np.number)):
        builder.refuse(
            f"{type(estimator).__name__}: missing_values is {missing!r}; expected NaN, None, text or a number"
        )
        return None
    builder.refuse_missing(inputs)
    return missing if isinstance(missing, str) else float(missing)


READERS: dict[str, Reader] = {
    "sklearn.impute.SimpleImputer": read_simple_imputer,
    "sklearn.impute.IterativeImputer": read_iterative_imputer,
    "sklearn.impute.KNNImputer": read_neighbors_imputer,
    "sklearn.impute.MissingIndicator": read_missing_indicator,
}
