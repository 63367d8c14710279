"""The comparison of a compiled model with the original. The model file stores it as `parity` in its `source`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Report:
    """The comparison with the original: counts, and the report that `iris-model compile --report` prints."""

    rows: int
    largest_difference: float
    thresholds: int
    thresholds_tried: int
    thresholds_total: int
    indeterminate: int
    text: str = ""

    @classmethod
    def from_source(cls, source: Mapping[str, Any], text: str = "") -> Report | None:
        """Return the report of a compiled model; None for a model that is not compiled."""
        parity = source.get("parity")
        return None if parity is None else cls.from_parity(parity, text)

    @classmethod
    def from_parity(cls, parity: Mapping[str, Any], text: str = "") -> Report:
        """Return the report in `parity` of `source`."""
        total = parity.get("thresholds_total", 0)
        return cls(
            rows=parity.get("rows", 0),
            largest_difference=parity.get("largest_difference", 0.0),
            thresholds=parity.get("thresholds", 0),
            thresholds_tried=parity.get("thresholds_tried", total),
            thresholds_total=total,
            indeterminate=parity.get("indeterminate", 0),
            text=text,
        )

    def __str__(self) -> str:
        return self.text or self.summary()

    def summary(self) -> str:
        """Return one sentence."""
        met = f"; {self.thresholds:,} of {self.thresholds_tried:,} thresholds met" if self.thresholds_tried else ""
        return f"{self.rows:,} rows compared with the original, largest difference {self.largest_difference:.0e}{met}"
