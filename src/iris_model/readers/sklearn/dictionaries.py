"""Convert vectorizers of dictionaries. Source: sklearn.feature_extraction (_dict_vectorizer, _hash)."""

from __future__ import annotations

import numpy as np

from iris_model.readers.dictionaries import DICT_VECTORIZER, FEATURE_HASHER, FEATURES_COLUMN, split_names, whole_names
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value

from .text import add_rounding


def read_dict_vectorizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for one column for each numeric feature, and one for each training string of a feature."""
    _check_dtype(builder, estimator, whole=True)
    whole = whole_names(estimator)
    tables: list[dict[str, Json]] = []
    places: dict[str, int] = {}
    for index in range(inputs.width):
        tables.append({"number": None, "texts": {}})
        places[name := builder.column_name(inputs, index)] = index
        if name in whole:
            builder.expect_whole_name(inputs, index)
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
    attributes: dict[str, Json] = {"columns": tables}
    if np.dtype(estimator.dtype).kind == "i":
        # Beyond 2 ** 53 a float represents only some integers.
        attributes["largest_whole"] = min(int(np.iinfo(estimator.dtype).max), 2**53)
    made = builder.add(
        "vectorize_features",
        inputs,
        width=len(estimator.vocabulary_),
        sparse=True,
        zeros_absent=bool(estimator.sparse),
        attributes=attributes,
    )
    return Reading("transformer", {"transform": _round(builder, estimator, made)})


def read_feature_hasher(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the hash of each feature name.

    The columns are those that the user's data names. Without data, one column contains the features as JSON text.
    """
    _check_dtype(builder, estimator)
    names = [builder.column_name(inputs, index) for index in range(inputs.width)]
    is_open = names == [FEATURES_COLUMN]
    if is_open:
        builder.expect_text(inputs, estimator.input_type)
        builder.refuse_missing(inputs)
    elif estimator.input_type != "dict":
        builder.refuse(f"FeatureHasher: input_type is {estimator.input_type!r}, and rows are columns; expected 'dict'")
    else:
        for index in range(inputs.width):
            builder.expect_categories(inputs, index, [], dtype="mixed")
        builder.expect_optional(inputs, hashed=True)
    attributes: dict[str, Json] = {
        "names": [] if is_open else names,
        **({"form": estimator.input_type} if is_open else {}),
        "width": int(estimator.n_features),
        "alternate_sign": bool(estimator.alternate_sign),
        **({"float32": True} if np.dtype(estimator.dtype) == np.float32 else {}),
    }
    made = builder.add(
        "hash_features",
        inputs,
        width=int(estimator.n_features),
        sparse=True,
        zeros_absent=True,
        attributes=attributes,
    )
    return Reading("transformer", {"transform": _round(builder, estimator, made)})


def _round(builder: GraphBuilder, estimator: Estimator, table: Value) -> Value:
    return add_rounding(builder, table) if np.dtype(estimator.dtype) == np.float32 else table


def _check_dtype(builder: GraphBuilder, estimator: Estimator, *, whole: bool = False) -> None:
    dtype = np.dtype(estimator.dtype)
    if dtype not in (np.float64, np.float32) and not (whole and dtype in (np.int64, np.int32)):
        also = ", int64 or int32" if whole else ""
        builder.refuse(f"{type(estimator).__name__}: dtype is {dtype}; expected float64 or float32{also}")


READERS: dict[str, Reader] = {
    DICT_VECTORIZER: read_dict_vectorizer,
    FEATURE_HASHER: read_feature_hasher,
}
