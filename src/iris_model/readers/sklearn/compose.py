"""Convert tables made of parts: columns by transformer, and unions of transformers.

Sources: sklearn.compose._column_transformer, sklearn.pipeline.FeatureUnion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iris_model.readers.documents import takes_documents
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

DROP, PASS = "drop", "passthrough"


def read_column_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert each transformer on its own columns, in the order of `transformers_`. The remainder is the last one."""
    # Names refer to the columns that the previous step returns, in order, so positions are equivalent.
    if inputs.width != int(estimator.n_features_in_):
        builder.refuse(
            f"ColumnTransformer: trained on {estimator.n_features_in_} columns; the step before it returns {inputs.width}"
        )
        return _join(builder, [])
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
                builder.refuse(
                    f"ColumnTransformer: {name!r} takes documents; pass its column as a string, not as a list"
                )
            part = _transform(builder, transformer, chosen)
        if part is not None:
            parts.append(_weigh(builder, part, weights.get(name)))
    return _join(builder, parts, zeros_absent=bool(estimator.sparse_output_))


def read_feature_union(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert every transformer on all columns."""
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
        builder.refuse(f"{type(transformer).__name__}: it has no transform method")
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


def _join(builder: GraphBuilder, parts: list[Value], *, zeros_absent: bool | None = None) -> Reading:
    """Join the parts. `zeros_absent`: whether the original joins them to a sparse matrix; None: if one is sparse."""
    parts = [part for part in parts if part.width]
    if not parts:
        if not builder.reasons:
            builder.refuse("every column is dropped; keep at least one")
        return Reading("transformer", {})
    joined = builder.concat(parts)
    if zeros_absent is not None:
        joined = replace(joined, zeros_absent=zeros_absent)
    return Reading("transformer", {"transform": joined})


READERS: dict[str, Reader] = {
    "sklearn.compose.ColumnTransformer": read_column_transformer,
    "sklearn.pipeline.FeatureUnion": read_feature_union,
}
