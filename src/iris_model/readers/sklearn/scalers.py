"""Convert scalers. They work column by column, and a missing value stays missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

Array = np.ndarray[Any, Any]


def read_standard_scaler(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for (x - mean_) / scale_. A step that is switched off uses 0 or 1, which changes no bit."""
    width = inputs.width
    offset = estimator.mean_ if estimator.with_mean else np.zeros(width)
    divisor = estimator.scale_ if estimator.with_std else np.ones(width)
    return Reading("transformer", {"transform": add_scale(builder, inputs, offset, divisor)})


def add_scale(builder: GraphBuilder, inputs: Value, offset: Array, divisor: Array) -> Value:
    """Add (x - offset) / divisor. A sparse table stays sparse: the library multiplies it by 1 / divisor."""
    if inputs.sparse and not np.any(offset):
        factors = {"factors": 1.0 / np.asarray(divisor, np.float64)}
        return builder.add("multiply_columns", inputs, width=inputs.width, sparse=True, tensors=factors)
    tensors = {"offset": np.asarray(offset, np.float64), "divisor": np.asarray(divisor, np.float64)}
    return builder.add("scale", inputs, width=inputs.width, keeps_missing=True, tensors=tensors)


def read_min_max_scaler(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for X * scale_ + min_, clipped to `feature_range` if `clip` is set."""
    clip = [float(end) for end in estimator.feature_range] if estimator.clip else None
    tensors = {
        "scale": np.asarray(estimator.scale_, np.float64),
        "offset": np.asarray(estimator.min_, np.float64),
    }
    scaled = builder.add(
        "min_max_scale", inputs, width=inputs.width, keeps_missing=True, attributes={"clip": clip}, tensors=tensors
    )
    return Reading("transformer", {"transform": scaled})


READERS: dict[str, Reader] = {
    "sklearn.preprocessing.StandardScaler": read_standard_scaler,
    "sklearn.preprocessing.MinMaxScaler": read_min_max_scaler,
}
