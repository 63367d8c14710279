"""Tables put together of parts: columns by transformer, transformers side by side.

Sources: sklearn.compose._column_transformer, sklearn.pipeline.FeatureUnion.
"""

from __future__ import annotations

import numpy as np

from iris_model.readers.documents import takes_documents
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

DROP, PASS = "drop", "passthrough"


def read_column_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Each transformer on its own columns, in the order of `transformers_`; the remainder is the last of them."""
    if hasattr(estimator, "feature_names_in_"):
        columns = [str(name) for name in estimator.feature_names_in_]
        if inputs.name != builder.rows.name:
            builder.refuse(f"ColumnTransformer: it takes columns by name ({columns[0]!r}, ...) from a step before it")
    parts = []
    weights = estimator.transformer_weights or {}
    for name, transformer, columns in estimator.transformers_:
        indices = list(estimator._transformer_to_input_indices[name])
        if not indices or (isinstance(transformer, str) and transformer == DROP):
            continue
        chosen = builder.select_columns(inputs, indices, ignores_others=True)
        if isinstance(transformer, str):
            part: Value | None = chosen
        else:
            if takes_documents(transformer) and not np.isscalar(columns):
                builder.refuse(f"ColumnTransformer: {name!r} takes documents; expected one column by name, not a list")
            part = _transform(builder, transformer, chosen)
        if part is not None:
            parts.append(_weigh(builder, part, weights.get(name)))
    return _join(builder, parts)


def read_feature_union(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Every transformer on all columns."""
    parts = []
    weights = estimator.transformer_weights or {}
    for name, transformer in estimator.transformer_list:
        if isinstance(transformer, str) and transformer == DROP:
            continue
        part = inputs if isinstance(transformer, str) else _transform(builder, transformer, inputs)
        if part is not None:
            parts.append(_weigh(builder, part, weights.get(name)))
    return _join(builder, parts)


def _transform(builder: GraphBuilder, transformer: Estimator, inputs: Value) -> Value | None:
    reading = builder.read(transformer, inputs)
    if reading is None:
        return None
    if "transform" not in reading.outputs:
        builder.refuse(f"{type(transformer).__name__}: it transforms nothing")
        return None
    return reading.outputs["transform"]


def _weigh(builder: GraphBuilder, part: Value, weight: float | None) -> Value:
    if weight is None:
        return part
    return builder.add(
        "multiply_columns",
        part,
        width=part.width,
        keeps_missing=True,
        sparse=part.sparse,
        tensors={"factors": np.full(part.width, float(weight))},
    )


def _join(builder: GraphBuilder, parts: list[Value]) -> Reading:
    parts = [part for part in parts if part.width]
    if not parts:
        builder.refuse("every column is dropped: nothing is left to answer from")
        return Reading("transformer", {})
    return Reading("transformer", {"transform": builder.concat(parts)})


READERS: dict[str, Reader] = {
    "sklearn.compose.ColumnTransformer": read_column_transformer,
    "sklearn.pipeline.FeatureUnion": read_feature_union,
}
