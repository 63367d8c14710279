"""Vectorizers of documents. Source: sklearn.feature_extraction.text."""

from __future__ import annotations

import re

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value

# What engine/text.py finds without `re`.
DEFAULT_PATTERN = r"(?u)\b\w\w+\b"


def read_count_vectorizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Counts of the terms in `vocabulary_`."""
    return Reading("transformer", {"transform": _add_counts(builder, estimator, inputs)})


def read_tfidf_vectorizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Counts, weighed by the transformer inside."""
    counts = _add_counts(builder, estimator, inputs)
    return Reading("transformer", {"transform": _add_weights(builder, estimator._tfidf, counts)})


def read_tfidf_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Weighs counts that another step made."""
    builder.refuse_missing(inputs)
    if estimator.sublinear_tf and not inputs.sparse:
        builder.refuse("TfidfTransformer: sublinear_tf is compiled for what a vectorizer counts, not for any table")
    return Reading("transformer", {"transform": _add_weights(builder, estimator, inputs)})


def read_hashing_vectorizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Terms counted in the column of their hash: no vocabulary, and so no limit to the terms."""
    attributes = _analysis(builder, estimator, inputs)
    width = int(estimator.n_features)
    attributes |= {"width": width, "alternate_sign": bool(estimator.alternate_sign), "binary": bool(estimator.binary)}
    hashed = builder.add("hash_terms", inputs, width=width, sparse=True, attributes=attributes)
    return Reading("transformer", {"transform": add_norm(builder, estimator.norm, hashed)})


def add_norm(builder: GraphBuilder, norm: str | None, table: Value) -> Value:
    """Each row over its norm, if any."""
    if norm is None:
        return table
    return builder.add("normalize", table, width=table.width, sparse=table.sparse, attributes={"norm": norm})


def _add_counts(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    attributes = _analysis(builder, estimator, inputs)
    vocabulary = {str(term): int(column) for term, column in estimator.vocabulary_.items()}
    attributes |= {"vocabulary": vocabulary, "binary": bool(estimator.binary)}
    return builder.add("count_terms", inputs, width=len(vocabulary), sparse=True, attributes=attributes)


def _add_weights(builder: GraphBuilder, transformer: Estimator, counts: Value) -> Value:
    value = counts
    if transformer.sublinear_tf:
        value = builder.add("log_counts", value, width=value.width, sparse=True)
    if transformer.use_idf:
        idf = np.asarray(transformer.idf_)
        if idf.dtype != np.float64:
            builder.refuse(f"{type(transformer).__name__}: its weights are {idf.dtype}; expected float64")
        tensors = {"factors": idf.astype(np.float64)}
        value = builder.add("multiply_columns", value, width=value.width, sparse=value.sparse, tensors=tensors)
    return add_norm(builder, transformer.norm, value)


def _analysis(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> dict[str, Json]:
    """What the engine needs to take a document apart (engine/text.py); functions of the user's are refused by name."""
    name = type(estimator).__name__
    if inputs.width != 1:
        builder.refuse(f"{name}: it takes documents, and stands before {inputs.width} columns; expected one")
    builder.expect_text(inputs)
    builder.refuse_missing(inputs)
    for parameter in ("analyzer", "preprocessor", "tokenizer", "strip_accents"):
        value = getattr(estimator, parameter)
        if callable(value):
            called = getattr(value, "__qualname__", type(value).__name__)
            builder.refuse(f"{name}: {parameter} is the function {called!r}, which only its own library can run")
    if estimator.input != "content":
        builder.refuse(f"{name}: input is {estimator.input!r}; expected 'content', for a request holds the text itself")
    if np.dtype(estimator.dtype).kind == "f" and np.dtype(estimator.dtype) != np.float64:
        builder.refuse(f"{name}: dtype is {np.dtype(estimator.dtype)}; expected float64, or integers")
    words = estimator.get_stop_words() if estimator.analyzer == "word" else None
    attributes: dict[str, Json] = {
        "analyzer": estimator.analyzer,
        "ngrams": [int(end) for end in estimator.ngram_range],
        "lowercase": bool(estimator.lowercase),
        "accents": estimator.strip_accents or None,
        "pattern": None if estimator.token_pattern == DEFAULT_PATTERN else estimator.token_pattern,
        "stop_words": None if words is None else {str(word): 1 for word in sorted(words)},
    }
    if estimator.analyzer != "word":
        attributes["pattern"] = None
    elif attributes["pattern"] is not None and re.compile(attributes["pattern"]).groups > 1:
        builder.refuse(f"{name}: token_pattern has several groups; expected one at most")
    return attributes


READERS: dict[str, Reader] = {
    "sklearn.feature_extraction.text.CountVectorizer": read_count_vectorizer,
    "sklearn.feature_extraction.text.TfidfVectorizer": read_tfidf_vectorizer,
    "sklearn.feature_extraction.text.TfidfTransformer": read_tfidf_transformer,
    "sklearn.feature_extraction.text.HashingVectorizer": read_hashing_vectorizer,
}
