"""Convert discretisers. Source: feature_engine.discretisation, pandas.cut."""

from __future__ import annotations

import math
from typing import Any

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Trace, Value
from iris_model.readers.sklearn.inner import as_table

from .frame import REFUSED, Frame, open_frame


def read_discretiser(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert a discretiser: it replaces each cell by the number of its interval.

    An interval contains its right end. The first one contains both ends.
    """
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    if getattr(estimator, "return_boundaries", False) or getattr(estimator, "bin_output", "") == "boundaries":
        builder.refuse(f"{type(estimator).__name__}: it returns the intervals as strings; let it return their numbers")
        return REFUSED
    columns = list(estimator.variables_)
    chosen = frame.pick(columns)
    builder.refuse_missing(chosen)
    return frame.replaced(columns, _add_bins(builder, estimator, chosen, columns))


def _add_bins(builder: GraphBuilder, estimator: Estimator, chosen: Value, columns: list[Any]) -> Value:
    edges, finite = [], []
    for column in columns:
        bins = [float(edge) for edge in estimator.binner_dict_[column]]
        # The operator counts the edges that a cell reaches: beyond an edge is at least the next number.
        inner = [math.nextafter(edge, math.inf) for edge in bins[1:-1]]
        finite.append(math.isfinite(bins[0]) or math.isfinite(bins[-1]))
        edges.append([bins[0], *inner, math.nextafter(bins[-1], math.inf)] if finite[-1] else inner)
    binned = builder.add("bin_columns", chosen, width=len(columns), attributes={"edges": edges})
    if not any(finite):
        return binned
    tables, traces = [], []
    for index, bounded in enumerate(finite):
        # With ends, the count is 0 below the first one, and the number of ends above the last one.
        shift = 1 if bounded else 0
        count = len(edges[index]) - 1 if bounded else len(edges[index]) + 1
        numbers = {repr(float(number + shift)): float(number) for number in range(count)}
        table: dict[str, Any] = {"name": builder.column_name(chosen, index), "texts": {}, "numbers": numbers}
        table["unknown"] = None
        if bounded and getattr(estimator, "errors", "ignore") == "raise":
            table["strict"] = True
        tables.append(table)
        traces.append(Trace(makes_missing=table))
    return builder.add("look_up", binned, width=len(columns), traces=traces, attributes={"columns": tables})


def read_tree_discretiser(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the tree of each variable, or the numbers of the intervals between its thresholds."""
    if estimator.bin_output != "prediction":
        return read_discretiser(builder, estimator, inputs)
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    columns = list(estimator.variables_)
    builder.refuse_missing(frame.pick(columns))
    trees = [(estimator.binner_dict_[column], frame.pick([column])) for column in columns]
    made = read_trees(frame, estimator, trees, uses_probability=not estimator.regression)
    return REFUSED if made is None else frame.replaced(columns, made)


def read_trees(
    frame: Frame, estimator: Estimator, trees: list[tuple[Estimator, Value]], *, uses_probability: bool
) -> Value | None:
    """Return one column for each tree: its prediction, or its probability of the second class."""
    builder = frame.builder
    if estimator.precision is not None:
        builder.refuse(f"{type(estimator).__name__}: it rounds predictions; train it with precision=None")
        return None
    parts = []
    for tree, chosen in trees:
        reading = builder.read(tree, chosen)
        if reading is None:
            return None
        if uses_probability:
            parts.append(builder.select_columns(reading.outputs["predict_proba"], [1], ignores_others=True))
        else:
            parts.append(as_table(builder, reading.outputs["predict"]))
    return builder.concat(parts)


def read_tree_features(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the tree of each combination of variables. Source: feature_engine.creation.DecisionTreeFeatures."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    builder.refuse_missing(frame.pick(list(estimator.variables_)))
    is_binary = not estimator.regression and estimator._is_binary == "binary"
    combined = [[one] if not isinstance(one, list) else one for one in estimator.input_features_]
    trees = [(tree, frame.pick(one)) for tree, one in zip(estimator.estimators_, combined, strict=True)]
    made = read_trees(frame, estimator, trees, uses_probability=is_binary)
    if made is None:
        return REFUSED
    without = list(estimator.variables_) if estimator.drop_original else ()
    return frame.extended(made, without, estimator._get_new_features_name())


READERS: dict[str, Reader] = {
    "feature_engine.creation.DecisionTreeFeatures": read_tree_features,
    "feature_engine.discretisation.ArbitraryDiscretiser": read_discretiser,
    "feature_engine.discretisation.DecisionTreeDiscretiser": read_tree_discretiser,
    "feature_engine.discretisation.EqualFrequencyDiscretiser": read_discretiser,
    "feature_engine.discretisation.EqualWidthDiscretiser": read_discretiser,
    "feature_engine.discretisation.GeometricWidthDiscretiser": read_discretiser,
}
