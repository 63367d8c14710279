"""What the user knows about DataFrame columns that a model file may not store: the order of categories, and what was missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from iris_model.contract.cell_words import MISSING

HOW_TO_DECLARE = (
    "Write the categories of training in the order of frame[column].cat.categories into iris-model.toml: "
    'categories = { size = ["small", "medium", "large"] }. Or call iris_model.compile with a DataFrame of training rows.'
)
# In the reason of a refusal that HOW_TO_DECLARE fixes.
NOT_IN_FILE = "not in the model file"

Missing = Literal["nan", "none", "both"]

_INTEGER = re.compile(r"[+-]?\d{1,19}")


def _no_cells(name: str) -> list[str]:
    return []


def _no_missing(name: str) -> Missing | None:
    return None


@dataclass(frozen=True)
class CategoryOrders:
    """The categories of columns by name.

    `declared`: in the order of training, from the settings or from the Categorical columns of a DataFrame. `cells`: a
    function from the name of a column to its cells in the sample rows, as strings. `missing`: a function from the name
    of a column to what its missing cells are in the sample rows; None if no cell is missing there.
    """

    declared: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    cells: Callable[[str], Sequence[str]] = _no_cells
    missing: Callable[[str], Missing | None] = _no_missing


NO_ORDERS = CategoryOrders()


def sort_cells(cells: Iterable[str]) -> list[Any]:
    """Return the categories that occur in these cells, in the order of pandas: integers if all are, else strings."""
    texts = {cell for cell in cells if cell.strip().lower() not in MISSING}
    if texts and all(map(_INTEGER.fullmatch, texts)):
        return sorted({int(text) for text in texts})
    return sorted(texts)
