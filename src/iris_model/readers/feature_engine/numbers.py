"""Convert steps that replace numbers by others: functions, powers, limits, scales. Sources: feature_engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value

from .frame import REFUSED, Frame, open_frame

Array = np.ndarray[Any, Any]
# Returns the new columns of a step, from the columns that it changes.
Change = Callable[[GraphBuilder, Estimator, Value], Value]


def _reader(change: Change, limits: Mapping[str, Json] | None = None) -> Reader:
    """Return a converter of a step that takes no missing cells, and only cells within `limits` (`expect_within`)."""

    def read(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
        frame = open_frame(builder, estimator, inputs)
        if frame is None:
            return REFUSED
        columns = list(estimator.variables_)
        if not columns:
            return frame.extended(None)
        chosen = frame.pick(columns)
        builder.refuse_missing(chosen)
        if limits:
            chosen = _expect(builder, chosen, limits)
        return frame.replaced(columns, change(builder, estimator, chosen))

    return read


def _expect(builder: GraphBuilder, value: Value, limits: Mapping[str, Json], names: Sequence[str] = ()) -> Value:
    named = names or [builder.column_name(value, index) for index in range(value.width)]
    attributes = {"columns": [{"name": name, **limits} for name in named]}
    return builder.add("expect_within", value, width=value.width, traces=value.traces, attributes=attributes)


def _shift_and_scale(builder: GraphBuilder, value: Value, offset: Any, divisor: Any) -> Value:
    width = value.width
    tensors = {
        "offset": np.broadcast_to(np.asarray(offset, np.float64), width).copy(),
        "divisor": np.broadcast_to(np.asarray(divisor, np.float64), width).copy(),
    }
    return builder.add("scale", value, width=width, tensors=tensors)


def add_function(builder: GraphBuilder, value: Value, name: str) -> Value:
    """Add a function of numpy. A later step that takes no infinities refuses the rows where it has one."""
    parameters: dict[str, Json] = {"name": name}
    traces = [Trace(makes_missing=parameters, makes_infinite=parameters)] * value.width
    attributes = {"parameters": parameters}
    return builder.add("map_cells", value, width=value.width, traces=traces, attributes=attributes)


def _log(builder: GraphBuilder, estimator: Estimator, value: Value) -> Value:
    return add_function(builder, value, "log" if estimator.base == "e" else "log10")


def _log_of_sum(builder: GraphBuilder, estimator: Estimator, value: Value) -> Value:
    constants = estimator.C_
    if isinstance(constants, Mapping):
        constants = [float(constants[column]) for column in estimator.variables_]
    names = [builder.column_name(value, index) for index in range(value.width)]
    moved = _shift_and_scale(builder, value, -np.asarray(constants, np.float64), 1.0)
    sums = [f"{name} plus the constant of the step" for name in names]
    return _log(builder, estimator, _expect(builder, moved, {"above": 0.0}, sums))


def _arc_sine(builder: GraphBuilder, estimator: Estimator, value: Value) -> Value:
    return _add_arc(builder, add_function(builder, value, "sqrt"), "arcsin")


def _arc_sinh(builder: GraphBuilder, estimator: Estimator, value: Value) -> Value:
    return _add_arc(builder, _shift_and_scale(builder, value, estimator.loc, estimator.scale), "arcsinh")


def _add_arc(builder: GraphBuilder, value: Value, name: str) -> Value:
    return builder.add("arc_cells", value, width=value.width, attributes={"name": name})


def _reciprocal(builder: GraphBuilder, estimator: Estimator, value: Value) -> Value:
    return add_function(builder, value, "reciprocal")


def _power(builder: GraphBuilder, estimator: Estimator, value: Value) -> Value:
    exponent = float(estimator.exp)
    if (name := {0.5: "sqrt", 2.0: "square", -1.0: "reciprocal", 1.0: "positive"}.get(exponent)) is not None:
        return add_function(builder, value, name)
    parameters: dict[str, Json] = {}
    traces = [Trace(makes_missing=parameters, makes_infinite=parameters)] * value.width
    attributes = {"exponent": exponent, "parameters": parameters}
    return builder.add("raise_cells", value, width=value.width, traces=traces, attributes=attributes)


def _fitted_power(method: str) -> Change:
    def change(builder: GraphBuilder, estimator: Estimator, value: Value) -> Value:
        lambdas = np.array([estimator.lambda_dict_[column] for column in estimator.variables_], np.float64)
        tensors = {"lambdas": lambdas, "rests": 2 - lambdas}
        return builder.add("power_transform", value, width=value.width, attributes={"method": method}, tensors=tensors)

    return change


def _normalize(builder: GraphBuilder, estimator: Estimator, value: Value) -> Value:
    offset = [estimator.mean_[column] for column in estimator.variables_]
    divisor = [estimator.range_[column] for column in estimator.variables_]
    return _shift_and_scale(builder, value, offset, divisor)


def read_capper(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert an outlier capper: it limits each column, and may add indicators of the cells beyond the limits."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    takes_missing = estimator.missing_values == "ignore"
    if not takes_missing:
        checked = frame.pick(list(estimator.variables_))
        builder.refuse_missing(checked)
    columns = [name for name in frame.names if name in estimator.left_tail_caps_ or name in estimator.right_tail_caps_]
    tensors = {
        "low": np.array([estimator.left_tail_caps_.get(name, -np.inf) for name in columns], np.float64),
        "high": np.array([estimator.right_tail_caps_.get(name, np.inf) for name in columns], np.float64),
    }
    if any(np.isnan(ends).any() for ends in tensors.values()):
        builder.refuse(f"{type(estimator).__name__}: one of its limits is NaN; train it on rows without missing values")
        return REFUSED
    chosen = frame.pick(columns)
    clipped = builder.add("clip_columns", chosen, width=len(columns), keeps_missing=True, tensors=tensors)
    capped = frame.replaced(columns, clipped)
    if not getattr(estimator, "add_indicators", False):
        return capped
    marks = _mark(frame, estimator)
    return Reading("transformer", {"transform": builder.concat([capped.outputs["transform"], marks], reads=False)})


def _mark(frame: Frame, estimator: Estimator) -> Value:
    """Return for each variable whether it was below, and whether it was above its limits."""
    places, low, high = [], [], []
    for name in estimator.variables_:
        if estimator.tail in ("left", "both"):
            places.append(name)
            low.append(estimator.left_tail_caps_[name])
            high.append(np.inf)
        if estimator.tail in ("right", "both"):
            places.append(name)
            low.append(-np.inf)
            high.append(estimator.right_tail_caps_[name])
    tensors = {"low": np.array(low, np.float64), "high": np.array(high, np.float64)}
    return frame.builder.add("mark_outside", frame.pick(places), width=len(places), tensors=tensors)


_POSITIVE: Mapping[str, Json] = {"above": 0.0}
_NOT_ZERO: Mapping[str, Json] = {"no_zero": True}

READERS: dict[str, Reader] = {
    "feature_engine.outliers.ArbitraryOutlierCapper": read_capper,
    "feature_engine.outliers.Winsorizer": read_capper,
    "feature_engine.scaling.MeanNormalizationScaler": _reader(_normalize),
    "feature_engine.transformation.ArcSinhTransformer": _reader(_arc_sinh),
    "feature_engine.transformation.ArcsinTransformer": _reader(_arc_sine, {"least": 0.0, "most": 1.0}),
    "feature_engine.transformation.BoxCoxTransformer": _reader(_fitted_power("box-cox"), _POSITIVE),
    "feature_engine.transformation.LogCpTransformer": _reader(_log_of_sum),
    "feature_engine.transformation.LogTransformer": _reader(_log, _POSITIVE),
    "feature_engine.transformation.PowerTransformer": _reader(_power),
    "feature_engine.transformation.ReciprocalTransformer": _reader(_reciprocal, _NOT_ZERO),
    "feature_engine.transformation.YeoJohnsonTransformer": _reader(_fitted_power("yeo-johnson")),
}
