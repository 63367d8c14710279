"""What readers learn about one input column while they read: its kind, its categories, what may be missing.

Out: the column's entry in the signature (docs/architecture.md, "Graph and the compiled model").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Marker = Literal["nan", "none"]


@dataclass
class InputColumn:
    """One input column. A column is numeric until a reader says otherwise, and unused until something looks at it.

    `puzzling`: something that was refused looks at it.
    """

    name: str
    kind: Literal["numeric", "categorical", "text"] = "numeric"
    missing: bool = True
    narrowed: bool = False
    used: bool = False
    optional: bool = False
    puzzling: bool = False
    categories: list[Any] = field(default_factory=list)
    missing_as: Marker | None = None
    _dtype: str = ""

    def expect_categories(self, categories: Sequence[Any], dtype: str) -> None:
        """The original compares the cells with these; missing ones among them are no category of their own here."""
        self.used = True
        if self.kind == "numeric":
            self.kind = "categorical"
        if dtype in ("category", "mixed"):
            self._dtype = "object" if dtype == "mixed" else dtype
        self.categories = _distinct([*self.categories, *(one for one in categories if not _is_missing(one))])

    def expect_missing_as(self, marker: Marker) -> bool:
        """The original was trained with None, or NaN, for missing cells; False if it was also told the other."""
        if self.missing_as not in (None, marker):
            return False
        self.missing_as = marker
        return True

    @property
    def dtype(self) -> str:
        """float64, float32; bool; str (texts only); object (texts and numbers); category (a pandas Categorical)."""
        if self.kind == "text":
            return "str"
        if self._dtype:
            return self._dtype
        kinds = {bool if isinstance(one, bool) else str if isinstance(one, str) else float for one in self.categories}
        if self.kind == "numeric" or kinds == {float}:
            return "float32" if self.narrowed else "float64"
        if kinds == {bool}:
            return "bool"
        return "object" if kinds > {str} else "str"

    def describe(self) -> dict[str, Any]:
        """The column's entry in the signature."""
        if not self.used:
            # The original drops the column unseen: any cell will do.
            unseen = {"kind": "categorical", "dtype": "object", "missing": True, "categories": []}
            return {"name": self.name, **unseen}
        entry: dict[str, Any] = {"name": self.name, "kind": self.kind, "dtype": self.dtype, "missing": self.missing}
        if self.kind == "categorical":
            entry["categories"] = self.categories
        if self.missing_as == "none":
            entry["missing_as"] = "none"
        if self.optional:
            entry["optional"] = True
        return entry


def _is_missing(category: Any) -> bool:
    return category is None or (isinstance(category, float) and math.isnan(category))


def _distinct(categories: Sequence[Any]) -> list[Any]:
    """Each category once. True is no 1: a dict alone would take them for the same."""
    return list({(isinstance(one, bool), one): one for one in categories}.values())
