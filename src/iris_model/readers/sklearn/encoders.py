"""Convert encoders of categories.

Sources: sklearn.preprocessing._encoders, sklearn.preprocessing._target_encoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value
from iris_model.readers.libraries import installed_version

# Beyond this, two whole numbers can be the same float.
LARGEST_WHOLE = 2**53

Table = dict[str, Json]


def read_one_hot_encoder(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for one column for each category that is not dropped. Ignored unknown categories have no 1."""
    tables = []
    start = 0
    mappings = getattr(estimator, "_default_to_infrequent_mappings", None)
    dropped = estimator._drop_idx_after_grouping
    for index, categories in enumerate(estimator.categories_):
        mapping = mappings[index] if mappings is not None and estimator._infrequent_enabled else None
        grouped = range(len(categories)) if mapping is None else mapping.tolist()
        drop = dropped[index] if dropped is not None else None

        def place(group: int, drop: int | None = drop, start: int = start) -> int | None:
            if drop is None:
                return start + group
            return None if group == drop else start + group - (group > drop)

        table = add_table(builder, inputs, index, categories, [place(group) for group in grouped])
        if estimator.handle_unknown != "error":
            exists = mapping is not None and estimator.handle_unknown in _unknown_is_infrequent()
            table["unknown"] = place(max(grouped)) if exists else None
        _finish(builder, inputs, index, table)
        tables.append(table)
        start += int(estimator._n_features_outs[index])
    encoded = builder.add(
        "one_hot",
        inputs,
        width=start,
        sparse=True,
        zeros_absent=bool(estimator.sparse_output),
        attributes={"columns": tables},
    )
    return Reading("transformer", {"transform": encoded})


def read_ordinal_encoder(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the rank of each category, with separate numbers for missing and unknown ones."""
    tables = []
    traces = []
    mappings = getattr(estimator, "_default_to_infrequent_mappings", None)
    for index, categories in enumerate(estimator.categories_):
        mapping = mappings[index] if mappings is not None and estimator._infrequent_enabled else None
        ranks = [float(rank) for rank in (range(len(categories)) if mapping is None else mapping.tolist())]
        # Grouping does not count missing as a category; it gets its own number below.
        ranks += [0.0] * (len(categories) - len(ranks))
        table = add_table(builder, inputs, index, categories, ranks)
        # None is an ordinary category here; only NaN is missing.
        if index in estimator._missing_indices:
            table["missing"] = _or_null(estimator.encoded_missing_value)
        if estimator.handle_unknown == "use_encoded_value":
            table["unknown"] = _or_null(estimator.unknown_value)
        _finish(builder, inputs, index, table)
        tables.append(table)
        stays = table.get("missing", table.get("unknown", 0.0)) is None
        traces.append(Trace(inputs.traces[index].missing_from if stays else frozenset(), makes_missing=table))
    attributes = {"columns": tables}
    encoded = builder.add("look_up", inputs, width=len(tables), traces=traces, attributes=attributes)
    return Reading("transformer", {"transform": encoded})


def read_target_encoder(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the target by category; with several classes, one column for each class."""
    means = np.atleast_1d(estimator.target_mean_)
    tables = []
    chosen = []
    for position, encoding in enumerate(estimator.encodings_):
        index, target = divmod(position, len(means))
        table = add_table(builder, inputs, index, estimator.categories_[index], np.asarray(encoding, float).tolist())
        table["unknown"] = float(means[target])
        _finish(builder, inputs, index, table)
        tables.append(table)
        chosen.append(index)
    if chosen != list(range(inputs.width)):
        inputs = builder.select_columns(inputs, chosen)
    encoded = builder.add("look_up", inputs, width=len(tables), attributes={"columns": tables})
    return Reading("transformer", {"transform": encoded})


def add_table(builder: GraphBuilder, inputs: Value, index: int, categories: Any, values: Sequence[Json]) -> Table:
    """Return the table of a column (engine/operators/encoders.py), and record its categories in the builder."""
    name = builder.column_name(inputs, index)
    table: Table = {"name": name, "texts": {}, "numbers": {}}
    # Arrays of objects may contain numpy scalars.
    plain = [one.item() if isinstance(one, np.generic) else one for one in np.asarray(categories).tolist()]
    if any(isinstance(one, bytes) for one in plain):
        if (texts := _decoded(plain)) is None:
            builder.refuse(f"the categories of {name!r} are bytes that are not UTF-8, which JSON cannot express")
            return table
        plain = texts
        builder.expect_bytes(inputs, index)
    for category, value in zip(plain, values, strict=True):
        if category is None or (isinstance(category, float) and math.isnan(category)):
            table["missing"] = value
            if np.asarray(categories).dtype == object:
                builder.expect_missing_as(inputs, index, "none" if category is None else "nan")
        elif isinstance(category, str):
            table["texts"][category] = value
        elif isinstance(category, (bool, int, float)) and abs(category) <= LARGEST_WHOLE:
            table["numbers"][repr(float(category) + 0.0)] = value
        else:
            builder.refuse(
                f"the category {category!r} of {name!r} is a {type(category).__name__}; "
                "expected strings, booleans, or numbers that float64 represents exactly"
            )
            return table
    builder.expect_categories(inputs, index, plain)
    return table


def _decoded(categories: Sequence[Any]) -> list[Any] | None:
    """Return bytes as the texts that a request sends for them; None if they are not UTF-8, or if there are texts too."""
    if any(isinstance(one, str) for one in categories):
        return None
    try:
        return [one.decode() if isinstance(one, bytes) else one for one in categories]
    except UnicodeDecodeError:
        return None


def _finish(builder: GraphBuilder, inputs: Value, index: int, table: Table) -> None:
    if "missing" not in table and "unknown" not in table:
        builder.refuse_missing(replace(inputs, traces=(inputs.traces[index],)))


def _or_null(number: float) -> float | None:
    return None if math.isnan(number) else float(number)


READERS: dict[str, Reader] = {
    "sklearn.preprocessing.OneHotEncoder": read_one_hot_encoder,
    "sklearn.preprocessing.OrdinalEncoder": read_ordinal_encoder,
    "sklearn.preprocessing.TargetEncoder": read_target_encoder,
}


def _unknown_is_infrequent() -> tuple[str, ...]:
    """Return the values of `handle_unknown` that map unknown categories to infrequent ones.

    "warn" does since scikit-learn 1.8.
    """
    known = ("infrequent_if_exist", "warn")
    return known if installed_version("scikit-learn") >= (1, 8) else known[:1]
