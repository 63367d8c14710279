"""Scalers: column by column, a missing value stays missing."""

from __future__ import annotations

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value


def read_standard_scaler(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """(x - mean_) / scale_; either half can be switched off, and then 0 and 1 leave every bit as it was."""
    width = inputs.width
    offset = estimator.mean_ if estimator.with_mean else np.zeros(width)
    divisor = estimator.scale_ if estimator.with_std else np.ones(width)
    tensors = {"offset": np.asarray(offset, np.float64), "divisor": np.asarray(divisor, np.float64)}
    scaled = builder.add("scale", inputs, width=width, keeps_missing=True, tensors=tensors)
    return Reading("transformer", {"transform": scaled})


def read_min_max_scaler(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """X * scale_ + min_, then clipped to `feature_range` when `clip` is set."""
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
