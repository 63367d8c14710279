"""Convert vectorizers of documents. Source: sklearn.feature_extraction.text."""

from __future__ import annotations

import re

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value

# engine/text.py implements this pattern without `re`.
DEFAULT_PATTERN = r"(?u)\b\w\w+\b"


def read_count_vectorizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for counts of the terms in `vocabulary_`."""
    return Reading("transformer", {"transform": _add_counts(builder, estimator, inputs)})


def read_tfidf_vectorizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for counts, weighted by the inner transformer."""
    counts = _add_counts(builder, estimator, inputs)
    narrow = np.dtype(estimator.dtype) == np.float32
    return Reading("transformer", {"transform": _add_weights(builder, estimator._tfidf, counts, narrow=narrow)})


def read_tfidf_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph that weights the counts of another step."""
    builder.refuse_missing(inputs)
    if estimator.sublinear_tf and not inputs.sparse:
        builder.refuse("TfidfTransformer: sublinear_tf is supported only directly after a vectorizer; move it there")
    # The result has the dtype of the counts; float32 weights imply float32 counts.
    narrow = estimator.use_idf and np.asarray(estimator.idf_).dtype == np.float32
    return Reading("transformer", {"transform": _add_weights(builder, estimator, inputs, narrow=narrow)})


def read_hashing_vectorizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph that counts terms in the column of their hash, without a vocabulary."""
    attributes = _analysis(builder, estimator, inputs)
    width = int(estimator.n_features)
    attributes |= {"width": width, "alternate_sign": bool(estimator.alternate_sign), "binary": bool(estimator.binary)}
    hashed = builder.add("hash_terms", inputs, width=width, sparse=True, zeros_absent=True, attributes=attributes)
    table = add_norm(builder, estimator.norm, hashed)
    if np.dtype(estimator.dtype) == np.float32:
        table = add_rounding(builder, table)
    return Reading("transformer", {"transform": table})


def add_norm(builder: GraphBuilder, norm: str | None, table: Value) -> Value:
    """Divide each row by its norm, if there is one."""
    if norm is None:
        return table
    return builder.add("normalize", table, width=table.width, sparse=table.sparse, attributes={"norm": norm})


def _add_counts(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    attributes = _analysis(builder, estimator, inputs)
    vocabulary = {str(term): int(column) for term, column in estimator.vocabulary_.items()}
    attributes |= {"vocabulary": vocabulary, "binary": bool(estimator.binary)}
    return builder.add(
        "count_terms", inputs, width=len(vocabulary), sparse=True, zeros_absent=True, attributes=attributes
    )


def _add_weights(builder: GraphBuilder, transformer: Estimator, counts: Value, *, narrow: bool) -> Value:
    value = counts
    if transformer.sublinear_tf:
        value = builder.add("log_counts", value, width=value.width, sparse=True)
    if transformer.use_idf:
        idf = np.asarray(transformer.idf_)
        tensors = {"factors": idf.astype(np.float64)}
        value = builder.add("multiply_columns", value, width=value.width, sparse=value.sparse, tensors=tensors)
    if not narrow:
        return add_norm(builder, transformer.norm, value)
    return add_rounding(builder, add_norm(builder, transformer.norm, add_rounding(builder, value)))


def add_rounding(builder: GraphBuilder, table: Value) -> Value:
    """Round to float32, where the original keeps a float32 table."""
    return builder.add("round_float32", table, width=table.width, sparse=table.sparse)


def _analysis(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> dict[str, Json]:
    """Return the parameters of text analysis (engine/text.py). Custom functions are refused by name."""
    name = type(estimator).__name__
    if inputs.width != 1:
        builder.refuse(f"{name}: it takes one column of documents, but gets {inputs.width} columns")
    builder.expect_text(inputs)
    builder.refuse_missing(inputs)
    for parameter in ("analyzer", "preprocessor", "tokenizer", "strip_accents"):
        value = getattr(estimator, parameter)
        if callable(value):
            called = getattr(value, "__qualname__", type(value).__name__)
            builder.refuse(
                f"{name}: {parameter} is the custom function {called!r}; use one of scikit-learn's own values"
            )
    if estimator.input != "content":
        builder.refuse(f"{name}: input is {estimator.input!r}; expected 'content', because requests contain the text")
    if np.dtype(estimator.dtype).kind == "f" and np.dtype(estimator.dtype) not in (np.float64, np.float32):
        builder.refuse(f"{name}: dtype is {np.dtype(estimator.dtype)}; expected float64, float32 or an integer type")
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
        builder.refuse(f"{name}: token_pattern has several groups; expected at most one")
    return attributes


READERS: dict[str, Reader] = {
    "sklearn.feature_extraction.text.CountVectorizer": read_count_vectorizer,
    "sklearn.feature_extraction.text.TfidfVectorizer": read_tfidf_vectorizer,
    "sklearn.feature_extraction.text.TfidfTransformer": read_tfidf_transformer,
    "sklearn.feature_extraction.text.HashingVectorizer": read_hashing_vectorizer,
}
