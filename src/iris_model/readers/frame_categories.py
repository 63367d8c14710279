"""The categories of a DataFrame, for boosters that keep them: each cell becomes its place in the list of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .graph import GraphBuilder, Json, Value


def add_codes(
    builder: GraphBuilder, inputs: Value, categories: Mapping[int, Sequence[Json]], *, unknown_is_missing: bool
) -> Value:
    """The same table with codes in the columns of `categories`.

    A missing cell stays missing. What training never met becomes missing, too (`unknown_is_missing`), or is refused.
    """
    chosen = list(categories)
    others = [index for index in range(inputs.width) if index not in categories]
    categorical = builder.select_columns(inputs, chosen)
    tables = []
    for place, known in enumerate(categories.values()):
        builder.expect_categories(categorical, place, known, dtype="category")
        table: dict[str, Json] = {
            "name": builder.column_name(categorical, place),
            "missing": None,
            "texts": {one: float(code) for code, one in enumerate(known) if isinstance(one, str)},
            "numbers": {repr(float(one)): float(code) for code, one in enumerate(known) if type(one) is not str},
        }
        tables.append(table | {"unknown": None} if unknown_is_missing else table)
    codes = builder.add("look_up", categorical, width=len(chosen), attributes={"columns": tables})
    if not others:
        return codes
    joined = builder.concat([builder.select_columns(inputs, others), codes])
    return builder.select_columns(joined, np.argsort([*others, *chosen]).tolist())
