"""What the verification did, as data and as sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ParityReport:
    """Rows compared, by kind; the largest relative difference per output; thresholds met exactly, of all there are.

    `beyond`: rows left out because the original itself raised, or gave no finite answer (values near the largest double).
    """

    rows: Mapping[str, int]
    differences: Mapping[str, float]
    thresholds: int
    thresholds_total: int
    beyond: int

    @property
    def row_count(self) -> int:
        """All rows compared."""
        return sum(self.rows.values())

    @property
    def largest_difference(self) -> float:
        """Over all outputs; 0.0 when every bit is equal."""
        return max(self.differences.values(), default=0.0)

    def as_source(self) -> dict[str, Any]:
        """What goes into the compiled model.

        The difference is rounded up to a power of ten: its last digits depend on how the machine's BLAS adds, and the
        file must not.
        """
        bound = self.largest_difference
        return {
            "rows": self.row_count,
            "largest_difference": 10.0 ** math.ceil(math.log10(bound)) if bound else 0.0,
            "thresholds": self.thresholds,
            "thresholds_total": self.thresholds_total,
        }

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.rows.items())
        lines = [f"{self.row_count:,} rows compared with the original ({kinds})"]
        if self.thresholds_total:
            lines.append(
                f"{self.thresholds:,} of {self.thresholds_total:,} thresholds met exactly and one step to either side"
            )
        for method, difference in self.differences.items():
            lines.append(f"{method}: {'every bit equal' if not difference else f'largest difference {difference:.1e}'}")
        if self.beyond:
            lines.append(f"{self.beyond:,} rows left out: the original gives them no finite answer")
        return "\n".join(lines)
