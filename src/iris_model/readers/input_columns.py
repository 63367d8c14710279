"""Collect what converters learn about an input column: its kind, its categories, whether it may be missing.

`describe` returns the column's entry in the signature (docs/architecture.md, "Graph and the compiled model").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from iris_model.contract.signature import Column

Marker = Literal["nan", "none"]


@dataclass
class InputColumn:
    """One input column. It is numeric until a converter records otherwise, and unused until a node reads it.

    `puzzled_by`: the classes of refused estimators that read it.
    """

    name: str
    kind: Literal["numeric", "categorical", "text"] = "numeric"
    missing: bool = True
    narrowed: bool = False
    used: bool = False
    optional: bool = False
    hashed: bool = False
    encoded: bool = False
    whole_name: bool = False
    puzzled_by: dict[str, None] = field(default_factory=dict)
    json: Literal["dict", "pair", "string"] | None = None
    dated: bool = False
    categories: list[Any] = field(default_factory=list)
    missing_as: Marker | None = None
    _dtype: str = ""

    def expect_categories(self, categories: Sequence[Any], dtype: str) -> None:
        """Record that the original compares the cells with these. A missing cell is not a category here."""
        self.used = True
        if self.kind == "numeric":
            self.kind = "categorical"
        if dtype in ("category", "mixed"):
            self._dtype = "object" if dtype == "mixed" else dtype
        self.categories = _distinct([*self.categories, *(one for one in categories if not _is_missing(one))])

    def expect_missing_as(self, marker: Marker) -> bool:
        """Record that missing cells were None, or NaN, in training. Return False if the other was recorded before."""
        if self.missing_as not in (None, marker):
            return False
        self.missing_as = marker
        return True

    @property
    def dtype(self) -> str:
        """The dtype: float64, float32; bool; str; object (strings and numbers); category (a pandas Categorical)."""
        if self.kind == "text":
            return "datetime64" if self.dated else "str"
        if self._dtype:
            return self._dtype
        kinds = {bool if isinstance(one, bool) else str if isinstance(one, str) else float for one in self.categories}
        if self.kind == "numeric" or kinds == {float}:
            return "float32" if self.narrowed else "float64"
        if kinds == {bool}:
            return "bool"
        return "object" if kinds > {str} else "str"

    @property
    def holds_texts(self) -> bool:
        """Whether a cell may be a string."""
        return self.kind == "text" or self.dtype in ("str", "object", "category")

    def describe(self) -> Column:
        """Return the column's entry in the signature."""
        if not self.used:
            # The original drops the column unread: any cell is accepted.
            return {
                "name": self.name,
                "kind": "categorical",
                "dtype": "object",
                "missing": True,
                "categories": [],
                "optional": True,
                "dropped": True,
            }
        entry: Column = {"name": self.name, "kind": self.kind, "dtype": self.dtype, "missing": self.missing}
        if self.kind == "categorical":
            entry["categories"] = self.categories
        if self.missing_as == "none":
            entry["missing_as"] = "none"
        if self.encoded:
            entry["encoded"] = True
        if self.whole_name:
            entry["whole_name"] = True
        if self.optional:
            entry["optional"] = True
        if self.hashed:
            entry["hashed"] = True
        if self.json:
            entry["json"] = self.json
        return entry


def _is_missing(category: Any) -> bool:
    return category is None or (isinstance(category, float) and math.isnan(category))


def _distinct(categories: Sequence[Any]) -> list[Any]:
    """Return each category once. True is not 1; a dict alone would treat them as equal."""
    return list({(isinstance(one, bool), one): one for one in categories}.values())
