"""Add the categories in the user's rows to columns for which the model stores only hashes.

CatBoost stores no strings. The categories are examples for callers: the model answers any other one too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from iris_model.contract.cell_words import TRUTH
from iris_model.contract.signature import Column
from iris_model.engine.operators.hashed.categories import hash_categories
from iris_model.readers import Graph

from .data import Row
from .probes.hashed import find_known_hashes

# Of a column with more categories, none is listed: a list of some would look complete.
MOST_CATEGORIES = 64


def add_categories(graph: Graph, columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """Return the columns, with their categories in `rows` if there are not too many."""
    hashed = find_known_hashes(graph)
    return [
        {**column, "categories": _find_categories({row[place] for row in rows}, hashed[column["name"]])}
        if column["kind"] == "categorical" and column["name"] in hashed and not column["categories"]
        else column
        for place, column in enumerate(columns)
    ]


def _find_categories(cells: set[Any], known: set[int]) -> list[Any]:
    cells = {cell for cell in cells if cell is not None}
    if len(cells) > MOST_CATEGORIES:
        return []
    if cells and all(isinstance(cell, bool) or (isinstance(cell, str) and cell.lower() in TRUTH) for cell in cells):
        # A CSV file spells the booleans of training, whose strings in CatBoost are 0 and 1.
        texts = [cell for cell in cells if isinstance(cell, str)]
        if known <= _hashes("01") and not known & _hashes(texts):
            return [False, True]
    whole = [int(cell) for cell in cells if _is_whole(cell)]
    # Digits in a CSV file are integers: CatBoost treats both as equal.
    return sorted(set(whole)) if len(whole) == len(cells) else sorted(cells, key=str)


def _hashes(texts: Iterable[str]) -> set[int]:
    return {int(hash_categories([[text]], names=["any"])[0][0]) for text in texts}


def _is_whole(cell: Any) -> bool:
    """Whether the cell is an integer, or its digits as Python writes them."""
    if isinstance(cell, str):
        return len(cell) < 16 and cell.removeprefix("-").isdecimal() and cell == str(int(cell))
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and float(cell).is_integer()
