"""Convert imputers. Source: feature_engine.imputation."""

from __future__ import annotations

import math
from typing import Any

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Trace, Value

from .frame import REFUSED, open_frame


def read_imputer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert an imputer that fills each column with one value. A column that was empty in training stays missing."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    fills: dict[Any, str | float] = {}
    for column, fill in estimator.imputer_dict_.items():
        if isinstance(fill, str):
            fills[column] = fill
        elif not math.isnan(fill):
            fills[column] = float(fill)
    columns = list(fills)
    if not columns:
        return frame.extended(None)
    chosen = frame.pick(columns)
    for index, fill in enumerate(fills.values()):
        if isinstance(fill, str):
            builder.expect_categories(chosen, index, [fill])
    traces = [Trace(filled_from=trace.origin, makes_infinite=trace.makes_infinite) for trace in chosen.traces]
    attributes = {"fill": list(fills.values()), "marker": None}
    filled = builder.add(
        "impute", chosen, width=len(columns), traces=traces, takes_infinite=True, attributes=attributes
    )
    return frame.replaced(columns, filled)


def read_indicator(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert AddMissingIndicator: it adds one column for each variable, with 1 where the variable is missing."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    columns = list(estimator.variables_)
    if not columns:
        return frame.extended(None)
    attributes = {"indices": list(range(len(columns))), "marker": None}
    marked = builder.add(
        "missing_indicator", frame.pick(columns), width=len(columns), takes_infinite=True, attributes=attributes
    )
    return frame.extended(marked)


READERS: dict[str, Reader] = {
    "feature_engine.imputation.AddMissingIndicator": read_indicator,
    "feature_engine.imputation.ArbitraryNumberImputer": read_imputer,
    "feature_engine.imputation.CategoricalImputer": read_imputer,
    "feature_engine.imputation.EndTailImputer": read_imputer,
    "feature_engine.imputation.MeanMedianImputer": read_imputer,
}
