"""The table that every bench prints, and the file in which its numbers are kept."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Claim:
    """One claim: two measured numbers, their ratio, and the promised bound."""

    text: str
    ours: float
    other: float
    unit: str
    ratio: float
    target: float
    bound: Literal["at most", "at least"]

    @property
    def held(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio <= self.target if self.bound == "at most" else self.ratio >= self.target


def render(claims: Sequence[Claim]) -> str:
    """The claims as one table, the ratio first."""
    header = ("ratio", "target", "held", "ours", "other", "claim")
    rows = [
        (
            f"{claim.ratio:.2f}",
            f"{'<=' if claim.bound == 'at most' else '>='} {claim.target:g}",
            "yes" if claim.held else "NO",
            f"{claim.ours:.1f} {claim.unit}",
            f"{claim.other:.1f} {claim.unit}",
            claim.text,
        )
        for claim in claims
    ]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header) - 1)]
    return "\n".join(
        "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in [header, *rows]
    )


def write_results(name: str, claims: Sequence[Claim], samples: dict[str, Any]) -> Path:
    """Keep the claims and all samples as JSON, with the Python and the machine they come from."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    machine = {"python": platform.python_version(), "system": platform.system(), "architecture": platform.machine()}
    kept = [{**asdict(claim), "held": claim.held} for claim in claims]
    path.write_text(json.dumps({"machine": machine, "claims": kept, "samples": samples}, indent=2) + "\n")
    return path
