"""Replace cells by their position in the categories of a DataFrame, for boosters that store these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .graph import GraphBuilder, Json, Value


def add_codes(
    builder: GraphBuilder, inputs: Value, categories: Mapping[int, Sequence[Json]], *, unknown_is_missing: bool
) -> Value:
    """Return the table with category codes in the columns that `categories` lists.

    Missing cells stay missing. An unseen category becomes missing if `unknown_is_missing`, else it is refused.
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
