"""Convert the step of skl2onnx that casts a table to float32 or float64. Source: skl2onnx.sklapi."""

from __future__ import annotations

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value
from iris_model.readers.names import class_name

CAST = "skl2onnx.sklapi.cast_transformer.CastTransformer"
# They round their rows to float32 themselves, so a float32 table changes nothing.
OF_FLOAT32 = (
    *(
        "sklearn.tree.",
        "sklearn.ensemble.RandomForest",
        "sklearn.ensemble.ExtraTrees",
        "sklearn.ensemble.GradientBoosting",
    ),
    *("sklearn.ensemble.HistGradientBoosting", "sklearn.ensemble.IsolationForest", "xgboost.", "lightgbm.", CAST),
)


def refuse_float32(builder: GraphBuilder, step: Estimator, following: Estimator) -> None:
    """Refuse a step that gets a float32 table of `step`, and computes in float32, which the engine does not repeat."""
    if class_name(type(step)) != CAST or np.dtype(step.dtype) != np.float32 or following in (None, "passthrough"):
        return
    if not class_name(type(following)).startswith(OF_FLOAT32):
        builder.refuse(
            f"Pipeline: {type(following).__name__} computes in float32 behind CastTransformer(dtype=float32); only trees have "
            "the same result; cast to float64, or leave the cast out"
        )


def read_cast_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph that rounds to float32, or changes nothing."""
    dtype = np.dtype(estimator.dtype)
    if dtype == np.float64:
        return Reading("transformer", {"transform": inputs})
    if dtype != np.float32:
        builder.refuse(f"CastTransformer: its dtype is {dtype}; expected float32 or float64")
    builder.narrow(inputs)
    narrowed = builder.add("narrow_to_float32", inputs, width=inputs.width, keeps_missing=True)
    return Reading("transformer", {"transform": narrowed})


READERS: dict[str, Reader] = {CAST: read_cast_transformer}
