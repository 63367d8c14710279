"""Vectorizers of dictionaries. Source: sklearn.feature_extraction (_dict_vectorizer, _hash)."""

from __future__ import annotations

import numpy as np

from iris_model.readers.dictionaries import DICT_VECTORIZER, FEATURE_HASHER, split_names
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value


def read_dict_vectorizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """A column for each number, and one for each text that a feature had in training."""
    _check_dtype(builder, estimator)
    if any(not isinstance(name, str) for name in estimator.feature_names_):
        builder.refuse("DictVectorizer: names of its features are no texts, and in a request all names are")
        return Reading("transformer", {"transform": inputs})
    tables: list[dict[str, Json]] = []
    places: dict[str, int] = {}
    for index in range(inputs.width):
        tables.append({"number": None, "texts": {}})
        places[builder.column_name(inputs, index)] = index
    for name, (feature, text) in zip(estimator.feature_names_, split_names(estimator), strict=True):
        table, place = tables[places[feature]], int(estimator.vocabulary_[name])
        if text is None:
            table["number"] = place
        else:
            table["texts"][text] = place
    for index, table in enumerate(tables):
        if table["texts"]:
            dtype = "object" if table["number"] is None else "mixed"
            builder.expect_categories(inputs, index, list(table["texts"]), dtype=dtype)
    builder.expect_optional(inputs)
    made = builder.add(
        "vectorize_features",
        inputs,
        width=len(estimator.vocabulary_),
        sparse=True,
        attributes={"columns": tables},
    )
    return Reading("transformer", {"transform": made})


def read_feature_hasher(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Any feature has a hash; the columns are those that the data of the user name."""
    _check_dtype(builder, estimator)
    if estimator.input_type != "dict":
        builder.refuse(
            f"FeatureHasher: input_type is {estimator.input_type!r}, so that a row is a list of any length; expected 'dict'"
        )
    for index in range(inputs.width):
        builder.expect_categories(inputs, index, [], dtype="mixed")
    builder.expect_optional(inputs)
    attributes: dict[str, Json] = {
        "names": [builder.column_name(inputs, index) for index in range(inputs.width)],
        "width": int(estimator.n_features),
        "alternate_sign": bool(estimator.alternate_sign),
    }
    made = builder.add("hash_features", inputs, width=int(estimator.n_features), sparse=True, attributes=attributes)
    return Reading("transformer", {"transform": made})


def _check_dtype(builder: GraphBuilder, estimator: Estimator) -> None:
    if np.dtype(estimator.dtype) != np.float64:
        builder.refuse(f"{type(estimator).__name__}: dtype is {np.dtype(estimator.dtype)}; expected float64")


READERS: dict[str, Reader] = {
    DICT_VECTORIZER: read_dict_vectorizer,
    FEATURE_HASHER: read_feature_hasher,
}
