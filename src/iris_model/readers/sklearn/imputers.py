"""Convert imputers. Source: sklearn.impute._base."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value
from iris_model.readers.libraries import installed_version


def read_simple_imputer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph that fills each column with its statistic, and adds indicators if configured.

    Columns without a statistic are dropped.
    """
    marker = _marker(builder, estimator, inputs)
    kept, fill = [], []
    statistics = estimator.statistics_
    # Before they are converted: in a table of integers NaN becomes a number, but the column is dropped.
    dropped = [one is None or (isinstance(one, float) and math.isnan(one)) for one in statistics.tolist()]
    if statistics.dtype.kind == "f":
        # Written into a table of the training dtype (since 1.8; before, both have the same dtype).
        statistics = statistics.astype(getattr(estimator, "_fill_dtype", statistics.dtype))
    for index, statistic in enumerate(statistics.tolist()):
        if dropped[index]:
            continue
        kept.append(index)
        fill.append(statistic if isinstance(statistic, str) else float(statistic))
        if estimator.statistics_.dtype == object:
            # The marker for missing is an ordinary cell value, even an empty string.
            builder.expect_categories(inputs, index, [statistic] if marker is None else [marker, statistic])
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
    """Write a graph for one indicator for each column with missing cells. Other columns may be configured to raise."""
    marker = _marker(builder, estimator, inputs)
    if estimator.features == "missing-only" and estimator.error_on_new:
        others = [trace for index, trace in enumerate(inputs.traces) if index not in set(estimator.features_.tolist())]
        builder.refuse_missing(replace(inputs, traces=tuple(others)))
        if marker is not None and others:
            builder.refuse(
                "MissingIndicator: error_on_new=True with missing_values="
                f"{marker!r} is not supported; train with missing_values=numpy.nan"
            )
    indicators = _add_indicator(builder, estimator, inputs, marker)
    if indicators is None:
        builder.refuse("MissingIndicator: no cell was missing in training, so it returns no columns; remove it")
        return Reading("transformer", {})
    return Reading("transformer", {"transform": indicators})


def read_iterative_imputer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for an initial fill, then predictions of each column from the others, as often as in training."""
    first = builder.read(estimator.initial_imputer_, inputs)
    if first is None:
        return Reading("transformer", {"transform": inputs})
    filled = initial = first.outputs["transform"]
    if _marker(builder, estimator, inputs) is not None:
        builder.refuse("IterativeImputer: its missing_values is not NaN; expected numpy.nan")
    given = inputs
    if filled.width != inputs.width:
        # A column that was empty in training is dropped.
        kept = [index for index, one in enumerate(estimator.initial_imputer_.statistics_) if not np.isnan(one)]
        given = builder.select_columns(inputs, kept)
    if estimator.sample_posterior:
        builder.refuse("IterativeImputer: sample_posterior=True answers at random; train with False")
    if builder.reasons:
        return Reading("transformer", {"transform": filled})
    for index, others, predictor in estimator.imputation_sequence_:
        if hasattr(predictor, "tree_") or hasattr(predictor, "estimators_"):
            builder.refuse(
                "IterativeImputer: its estimator is made of trees, which raise on values beyond float32; "
                "expected a linear estimator"
            )
            break
        reading = builder.read(predictor, builder.select_columns(filled, [int(other) for other in others]))
        if reading is None or reading.task != "regressor":
            builder.refuse(
                f"IterativeImputer: its estimator, {type(predictor).__name__}, cannot be compiled; use a supported regressor"
            )
            break
        limits = float(estimator._min_value[index]), float(estimator._max_value[index])
        tensors = {"low": np.array(limits[:1]), "high": np.array(limits[1:])}
        filled = builder.add(
            "impute_column",
            *(filled, given, reading.outputs["predict"]),
            width=filled.width,
            attributes={"index": int(index)},
            tensors=tensors,
        )
    filled = builder.add("unless_all_missing", filled, given, initial, width=filled.width)
    if estimator.add_indicator:
        indicators = _add_indicator(builder, estimator.indicator_, inputs, None)
        filled = filled if indicators is None else builder.concat([filled, indicators])
    return Reading("transformer", {"transform": filled})


def read_neighbors_imputer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph that fills a missing cell from the nearest training rows that have a value."""
    marker = _marker(builder, estimator, inputs)
    if estimator.metric != "nan_euclidean":
        builder.refuse("KNNImputer: its metric is a custom function; expected 'nan_euclidean'")
        return Reading("transformer", {"transform": inputs})
    rows = inputs
    if marker is not None:
        rows = builder.add("mark_missing", inputs, width=inputs.width, attributes={"value": marker})
    valid = np.asarray(estimator._valid_mask, bool)
    missing = np.asarray(estimator._mask_fit_X, bool)
    kept = np.asarray(estimator._fit_X)
    trained = kept.astype(np.float64)
    # numpy's means, as in the original, in the precision of training.
    means = np.array(
        [np.ma.array(kept[:, i], mask=missing[:, i]).mean() if valid[i] else 0.0 for i in range(len(valid))]
    )
    attributes: dict[str, Json] = {
        "kept": np.flatnonzero(valid).tolist(),
        "neighbors": int(estimator.n_neighbors),
        "weighted": estimator.weights == "distance",
    }
    if kept.dtype == np.float32:
        attributes["float32"] = True
    if installed_version("scikit-learn") < (1, 6):
        attributes["strangers"] = estimator.weights == "uniform"
        if kept.dtype == np.float32 and estimator.weights == "uniform" and estimator.n_neighbors > 1:
            builder.refuse(
                "KNNImputer: it was trained on float32 with scikit-learn before 1.6, which adds neighbors in any order; "
                "train it on float64, or with weights='distance'"
            )
    if callable(estimator.weights):
        builder.refuse("KNNImputer: its weights are a custom function; expected 'uniform' or 'distance'")
    tensors = {"vectors": np.where(missing, np.nan, trained), "means": means.astype(np.float64)}
    filled = builder.add("impute_from_donors", rows, width=int(valid.sum()), attributes=attributes, tensors=tensors)
    if estimator.keep_empty_features and not valid.all():
        filled = _put_zeros(builder, filled, valid)
    if estimator.add_indicator:
        indicators = _add_indicator(builder, estimator.indicator_, inputs, marker)
        filled = filled if indicators is None else builder.concat([filled, indicators])
    return Reading("transformer", {"transform": filled})


def _put_zeros(builder: GraphBuilder, filled: Value, valid: np.ndarray[Any, Any]) -> Value:
    """Add zeros for columns that were empty in training."""
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
    """Return the marker for missing if it is an ordinary value; then NaN is not missing.

    NaN and None are both null in a request.
    """
    missing: Any = estimator.missing_values
    if missing is None or (isinstance(missing, float) and math.isnan(missing)):
        for index in range(inputs.width):
            builder.expect_missing_as(inputs, index, "none" if missing is None else "nan")
        return None
    if not isinstance(missing, (str, int, float, np.number)):
        builder.refuse(
            f"{type(estimator).__name__}: missing_values is {missing!r}; expected NaN, None, a string or a number"
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
