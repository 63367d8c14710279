"""Convert regressors of a transformed target. Sources: sklearn.compose._target, sklearn.preprocessing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value
from iris_model.readers.names import class_name

from .inner import REFUSED, as_column, as_table

# The functions of the engine, by numpy's names.
FUNCTIONS = (
    *("absolute", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2"),
    *("negative", "reciprocal", "sqrt", "square"),
)

Inverse = Callable[[GraphBuilder, Estimator, Value], Value | None]


def read_transformed_target(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the inverse transform of the prediction; flat if the target was flat in training."""
    reading = builder.read(estimator.regressor_, inputs)
    if reading is None:
        add_inverse(builder, estimator.transformer_, inputs)
        return REFUSED
    table = add_inverse(builder, estimator.transformer_, as_table(builder, reading.outputs["predict"]))
    if table is None:
        return REFUSED
    flat = estimator._training_dim == 1 and table.width == 1
    return Reading("regressor", {"predict": as_column(builder, table) if flat else table})


def add_inverse(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value | None:
    """Add `inverse_transform` of a transformer. None, with a refusal, if it is unknown."""
    inverse = INVERSES.get(class_name(type(transformer)))
    if inverse is None:
        known = ", ".join(name.rpartition(".")[2] for name in INVERSES)
        builder.refuse(
            f"TransformedTargetRegressor: its transformer is a {type(transformer).__name__}; expected {known}"
        )
        return None
    return inverse(builder, transformer, value)


def _invert_function(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value | None:
    function = transformer.inverse_func
    if function is None:
        return value
    name = getattr(function, "__name__", "")
    if name not in FUNCTIONS or getattr(np, name, None) is not function or transformer.inv_kw_args:
        builder.refuse(
            f"TransformedTargetRegressor: its inverse function is {name or function!r}; "
            f"expected one of numpy's {', '.join(FUNCTIONS)}"
        )
        return None
    return builder.add("numpy_function", value, width=value.width, attributes={"name": name})


def _invert_standard(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value:
    factor = transformer.scale_ if transformer.with_std else np.ones(value.width)
    return _scale_back(builder, value, factor, transformer.mean_ if transformer.with_mean else np.zeros(value.width))


def _invert_robust(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value:
    factor = transformer.scale_ if transformer.with_scaling else np.ones(value.width)
    offset = transformer.center_ if transformer.with_centering else np.zeros(value.width)
    return _scale_back(builder, value, factor, offset)


def _invert_max_abs(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value:
    return _scale_back(builder, value, transformer.scale_, np.zeros(value.width))


def _invert_min_max(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value:
    tensors = {"offset": np.asarray(transformer.min_), "divisor": np.asarray(transformer.scale_)}
    return builder.add("scale", value, width=value.width, tensors=tensors)


def _invert_power(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value:
    if transformer.standardize:
        value = _invert_standard(builder, transformer._scaler, value)
    tensors = {"lambdas": np.asarray(transformer.lambdas_, np.float64)}
    return builder.add(
        "power_back", value, width=value.width, attributes={"method": transformer.method}, tensors=tensors
    )


def _invert_quantile(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value:
    quantiles = np.ascontiguousarray(np.asarray(transformer.quantiles_, np.float64).T)
    tensors = {"quantiles": quantiles, "references": np.asarray(transformer.references_, np.float64)}
    attributes: dict[str, Json] = {"normal": transformer.output_distribution == "normal"}
    return builder.add("quantile_back", value, width=value.width, attributes=attributes, tensors=tensors)


def _invert_pipeline(builder: GraphBuilder, transformer: Estimator, value: Value) -> Value | None:
    found: Value | None = value
    for _, step in reversed(transformer.steps):
        if step is None or step == "passthrough":
            continue
        made = add_inverse(builder, step, found or value)
        found = found and made
    return found


def _scale_back(builder: GraphBuilder, value: Value, factor: object, offset: object) -> Value:
    tensors = {"factor": np.asarray(factor, np.float64), "offset": np.asarray(offset, np.float64)}
    return builder.add("scale_back", value, width=value.width, tensors=tensors)


INVERSES: dict[str, Inverse] = {
    "sklearn.preprocessing.FunctionTransformer": _invert_function,
    "sklearn.preprocessing.StandardScaler": _invert_standard,
    "sklearn.preprocessing.RobustScaler": _invert_robust,
    "sklearn.preprocessing.MaxAbsScaler": _invert_max_abs,
    "sklearn.preprocessing.MinMaxScaler": _invert_min_max,
    "sklearn.preprocessing.PowerTransformer": _invert_power,
    "sklearn.preprocessing.QuantileTransformer": _invert_quantile,
    "sklearn.pipeline.Pipeline": _invert_pipeline,
}

READERS: dict[str, Reader] = {
    "sklearn.compose.TransformedTargetRegressor": read_transformed_target,
}
