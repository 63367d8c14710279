"""What the verification did, as data and as sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ParityReport:
    """Rows compared, by kind; the largest relative difference per output; thresholds met exactly, of all there are.

    `beyond`: rows left out because the original itself raised, or gave no finite answer (values near the largest double).
    `ill_conditioned`: rows left out because the 15th digit of a cell moves the original's own answer by more than is allowed.
    `undecided`: rows that the compiled model refuses, because the answer hangs on how the original's BLAS rounds.
    `left_out`: the rows of both.
    """

    rows: Mapping[str, int]
    differences: Mapping[str, float]
    thresholds: int
    thresholds_total: int
    beyond: int
    ill_conditioned: int = 0
    undecided: int = 0
    left_out: Sequence[Sequence[Any]] = ()

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
        if self.ill_conditioned:
            lines.append(
                f"{self.ill_conditioned:,} rows are ill-conditioned: the 15th digit of a cell moves the original's own answer"
            )
        if self.undecided:
            lines.append(
                f"{self.undecided:,} rows are refused: the answer hangs on the last bit of the original's arithmetic"
            )
        return "\n".join(lines)
