"""Convert encoders. Source: feature_engine.encoding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value
from iris_model.readers.sklearn.encoders import Table, add_table

from .frame import REFUSED, open_frame


def read_encoder(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert an encoder that replaces each category by a number. `unseen` and `missing_values` decide about other cells."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    columns = list(estimator.encoder_dict_)
    if not columns:
        return frame.extended(None)
    chosen = frame.pick(columns)
    takes_missing = getattr(estimator, "missing_values", "raise") == "ignore"
    if not takes_missing:
        builder.refuse_missing(chosen)
    tables, traces = [], []
    for index, column in enumerate(columns):
        numbers = estimator.encoder_dict_[column]
        table = _make_table(builder, chosen, index, list(numbers), [_or_null(one) for one in numbers.values()])
        if estimator.unseen != "raise":
            # The original fills every NaN, of missing cells too.
            table["unknown"] = _or_null(estimator._unseen) if estimator.unseen == "encode" else None
        if takes_missing and "unknown" in table:
            table.setdefault("missing", table["unknown"])
        elif takes_missing:
            builder.refuse_missing(Value(chosen.name, (chosen.traces[index],)))
        stays = takes_missing and table.get("missing", 0.0) is None
        traces.append(Trace(chosen.traces[index].missing_from if stays else frozenset(), makes_missing=table))
        tables.append(table)
    encoded = builder.add("look_up", chosen, width=len(columns), traces=traces, attributes={"columns": tables})
    return frame.replaced(columns, encoded)


def read_one_hot_encoder(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert OneHotEncoder: it adds one column for each category, after the columns that it does not encode."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    columns = list(estimator.variables_)
    if not columns:
        return frame.extended(None)
    chosen = frame.pick(columns)
    builder.refuse_missing(chosen)
    tables: list[Table] = []
    start = 0
    for index, column in enumerate(columns):
        categories = estimator.encoder_dict_[column]
        table = _make_table(builder, chosen, index, categories, list(range(start, start + len(categories))))
        tables.append({**table, "unknown": None})
        start += len(categories)
    encoded = builder.add("one_hot", chosen, width=start, sparse=True, attributes={"columns": tables})
    dense = builder.add("to_dense", encoded, width=start, attributes={"width": start})
    return frame.extended(dense, without=columns)


def read_rare_label_encoder(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert RareLabelEncoder: it keeps frequent categories, and replaces all others by one label."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    columns = list(estimator.variables_)
    chosen = frame.pick(columns)
    takes_missing = estimator.missing_values == "ignore"
    if not takes_missing:
        builder.refuse_missing(chosen)
    rare = _plain(estimator.replace_with)
    tables, traces = [], []
    for index, column in enumerate(columns):
        frequent = [_plain(one) for one in estimator.encoder_dict_[column] if not _is_missing(one)]
        table = _make_table(builder, chosen, index, frequent, frequent)
        table["unknown"] = rare
        trace = chosen.traces[index]
        stays = takes_missing and _keeps_missing(builder, chosen, index, column, estimator)
        if takes_missing:
            table["missing"] = None if stays else rare
        traces.append(Trace(trace.missing_from if stays else frozenset(), filled_from=trace.origin))
        tables.append(table)
    replaced = builder.add("look_up", chosen, width=len(columns), traces=traces, attributes={"columns": tables})
    return frame.replaced(columns, replaced)


def _keeps_missing(builder: GraphBuilder, chosen: Value, index: int, column: Any, estimator: Estimator) -> bool:
    """Whether a missing cell stays missing. The original compares with NaN: None becomes a rare label.

    A null may be either. The file shows it only if a missing cell is among the frequent labels; else the sample rows may
    show it. If both are silent, the model takes no null.
    """
    trace = chosen.traces[index]
    if trace.origin is None or not trace.missing_from or any(map(_is_missing, estimator.encoder_dict_[column])):
        # No cell of a request; or None is a frequent label, and stays; or training had NaN.
        return True
    marker = builder.orders.missing(builder.column_name(chosen, index))
    if marker is None:
        builder.refuse_missing(Value(chosen.name, (trace,)))
        return True
    for one in ("nan", "none") if marker == "both" else (marker,):
        builder.expect_missing_as(chosen, index, one)
    return marker == "nan"


def _make_table(
    builder: GraphBuilder, chosen: Value, index: int, categories: Sequence[Any], values: Sequence[Json]
) -> Table:
    # One by one: an array of strings and numbers would turn the numbers into strings.
    plain = [_plain(one) for one in categories]
    met = [(one, value) for one, value in zip(plain, values, strict=True) if not _is_missing(one)]
    return add_table(builder, chosen, index, _Objects(one for one, _ in met), [value for _, value in met])


class _Objects(list[Any]):
    """Categories that numpy does not convert to one type."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy as np

        made = np.empty(len(self), object)
        made[:] = list(self)
        return made


def _is_missing(one: Any) -> bool:
    # A comparison with pandas' NA is neither true nor false.
    return one is None or type(one).__name__ == "NAType" or bool(one != one)


def _plain(one: Any) -> Any:
    if hasattr(one, "item"):
        one = one.item()
    return float(one) if isinstance(one, int) and not isinstance(one, bool) else one


def _or_null(number: Any) -> float | None:
    return None if number is None or math.isnan(number) else float(number)


READERS: dict[str, Reader] = {
    "feature_engine.encoding.OneHotEncoder": read_one_hot_encoder,
    "feature_engine.encoding.RareLabelEncoder": read_rare_label_encoder,
    **{
        f"feature_engine.encoding.{name}": read_encoder
        for name in ("CountFrequencyEncoder", "DecisionTreeEncoder", "MeanEncoder", "OrdinalEncoder", "WoEEncoder")
    },
}
