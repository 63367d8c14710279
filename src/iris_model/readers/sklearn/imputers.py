"""Imputers. Source: sklearn.impute._base."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value


def read_simple_imputer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Fill with each column's statistic; columns that have none are left out. Then what was missing, if asked for."""
    marker = _marker(builder, estimator, inputs)
    kept, fill = [], []
    for index, statistic in enumerate(estimator.statistics_.tolist()):
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
    "sklearn.impute.MissingIndicator": read_missing_indicator,
}
