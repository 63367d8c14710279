"""The result of verification, as data and as sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iris_model.errors import ParityError

# If fewer of the tried thresholds are met, the user is asked for rows.
ENOUGH_MET = 0.9
# Random rows are almost never in a gap. If more than this share of them is, the gaps are too wide.
MOST_INDETERMINATE = 0.01
# A method with fewer compared rows is not verified.
FEWEST_ROWS = 200
SEARCH_STOPPED = "The search for rows that the original answers reached its limit of calls or time"
GIVE = "--data rows.csv, or data in iris-model.toml"
UNTRIED = "not tried one by one: the original refuses too many rows like them"
# The purpose of a model is the first of these methods that it has. It is never dropped.
PURPOSES = ("predict", "transform", "score_samples", "decision_function", "predict_proba")


@dataclass(frozen=True)
class MethodReport:
    """The result for one method of the original.

    `compared`: number of rows. `difference`: the largest relative one; None for labels. `ill_conditioned`: rows whose
    answer is rounding noise, of its own sums or of the original's. `undecided`: rows that the compiled model refuses,
    because the answer depends on how the original's BLAS rounds. `rounded`: compared rows that differ by the rounding
    of terms, which is at most `noise` of the usual magnitude of the method's answers. `problem`: why the method cannot
    be offered, with an `example` and a `remedy`.
    """

    compared: int
    difference: float | None = None
    ill_conditioned: int = 0
    undecided: int = 0
    rounded: int = 0
    noise: float = 0.0
    problem: str | None = None
    example: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class ParityReport:
    """Rows compared, by kind; results for each method; the number of thresholds met exactly, and of all.

    `beyond`: rows excluded because the original itself raised, or gave no finite answer (values near the largest
    double). `left_out`: rows whose answers are noise or undecided in some method, and indeterminate rows.
    `thresholds_tried`: of `thresholds_total`; a sample if there are very many. `indeterminate`: rows by kind, excluded
    because a value in them is in the gap next to a threshold, where processors differ. Rows of the kind "threshold"
    were generated there. `dropped`: methods that are not offered, and why. `untried`: rows skipped because the original
    refused too many of their kind. `search_stopped`: whether a limit ended the search for rows that the original
    answers.
    """

    rows: Mapping[str, int]
    methods: Mapping[str, MethodReport]
    thresholds: int
    thresholds_total: int
    beyond: int
    left_out: Sequence[Sequence[Any]] = ()
    thresholds_tried: int = 0
    indeterminate: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    untried: int = 0
    search_stopped: bool = False

    @property
    def thresholds_are_met(self) -> bool:
        """Whether enough of the tried thresholds are met."""
        return self.thresholds >= ENOUGH_MET * self.thresholds_tried

    @property
    def differences(self) -> dict[str, float]:
        """The largest relative difference of each numeric method."""
        return {method: one.difference for method, one in self.methods.items() if one.difference is not None}

    @property
    def ill_conditioned(self) -> int:
        """The number of rows that are rounding noise, in the method that has most of them."""
        return max((one.ill_conditioned for one in self.methods.values()), default=0)

    @property
    def undecided(self) -> int:
        """The number of rows that the compiled model refuses as undecided, in the method that has most of them."""
        return max((one.undecided for one in self.methods.values()), default=0)

    @property
    def row_count(self) -> int:
        """The number of all compared rows."""
        return sum(self.rows.values())

    @property
    def largest_difference(self) -> float:
        """The largest difference over all outputs; 0.0 if every bit is equal."""
        return max(self.differences.values(), default=0.0)

    def as_source(self) -> dict[str, Any]:
        """Return the `parity` object for the compiled model.

        The difference is rounded up to a power of ten: its last digits depend on how the machine's BLAS adds, and the
        file must not.
        """
        bound = self.largest_difference
        return {
            "rows": self.row_count,
            "largest_difference": 10.0 ** math.ceil(math.log10(bound)) if bound else 0.0,
            "thresholds": self.thresholds,
            "thresholds_tried": self.thresholds_tried,
            "thresholds_total": self.thresholds_total,
            "indeterminate": sum(self.indeterminate.values()),
        }

    def summary(self) -> str:
        """Return the sentences for the user: what was compared and met, what could not be, and what to provide."""
        parts = [f"{self.row_count:,} rows compared"]
        if self.thresholds_total:
            parts.append(self._thresholds())
        others = sum(self.indeterminate.values()) - self.indeterminate.get("threshold", 0)
        left_out = (
            (self.beyond, "the original refuses them, or its answer is not finite"),
            (self.untried, UNTRIED),
            (others, "indeterminate: too close to a threshold"),
            (self.ill_conditioned, "ill-conditioned: the answer is rounding noise"),
            (self.undecided, "undecided: the compiled model refuses them"),
        )
        if any(count for count, _ in left_out):
            parts.append("rows left out: " + ", ".join(f"{count:,} ({why})" for count, why in left_out if count))
        if self.dropped:
            parts.append(f"not offered: {', '.join(self.dropped)}")
        return "; ".join(parts) + "." + (f" {self.advice()}" if self.advice() else "")

    def advice(self) -> str:
        """Return what to provide so that more can be tried; empty if nothing is missing."""
        if self.search_stopped and "given" not in self.rows:
            return f"{SEARCH_STOPPED}. To compare more, give training rows: {GIVE}."
        if self.thresholds_are_met and (self.thresholds_tried or not self.thresholds_total):
            return ""
        missed = (self.thresholds_tried or self.thresholds_total) - self.thresholds
        if not self.thresholds_tried and "given" in self.rows:
            return ""
        if "given" in self.rows:
            return (
                f"Your rows do not reach the other {missed:,} thresholds. To compare rows that reach them, give more training "
                "rows in the same file."
            )
        which = f"the other {missed:,} thresholds" if self.thresholds_tried else "them"
        return f"To compare rows that reach {which}, give training rows: {GIVE}."

    def _thresholds(self) -> str:
        if not self.thresholds_tried:
            return f"none of {self.thresholds_total:,} thresholds could be tried: their values come from texts or categories"
        chosen = (
            ""
            if self.thresholds_tried >= self.thresholds_total
            else f" (a sample: the model has {self.thresholds_total:,})"
        )
        return f"{self.thresholds:,} of {self.thresholds_tried:,} thresholds tried were reached{chosen}"

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.rows.items())
        lines = [f"{self.row_count:,} rows compared with the original ({kinds})"]
        if self.thresholds_total:
            sides = "; each threshold is tested with two rows, one step on either side" if self.thresholds_tried else ""
            lines.append(self._thresholds() + sides)
            if self.advice():
                lines.append(self.advice())
        lines += [_describe(method, one, self.row_count) for method, one in self.methods.items()]
        lines += [f"{method} is omitted: {why}" for method, why in self.dropped.items()]
        if self.beyond:
            lines.append(f"{self.beyond:,} rows left out: the original refuses them, or its answer is not finite")
        if self.untried:
            lines.append(f"{self.untried:,} rows left out: {UNTRIED}")
        if self.ill_conditioned:
            lines.append(
                f"{self.ill_conditioned:,} rows are ill-conditioned: rounding alone moves the original's answer by more"
                " than the allowed difference"
            )
        if self.undecided:
            lines.append(
                f"{self.undecided:,} rows are undecided: the original's answer depends on the last bit of its arithmetic, "
                "and the compiled model refuses such rows"
            )
        if left := sum(self.indeterminate.values()):
            made = self.indeterminate.get("threshold", 0)
            of_these = f" ({made:,} of them were generated there)" if made else ""
            lines.append(
                f"{left:,} rows are indeterminate: a value is so close to a threshold that processors disagree{of_these}"
            )
        return "\n".join(lines)


def check_indeterminate(indeterminate: Mapping[str, int], counts: Mapping[str, int]) -> None:
    """Raise an error if too many of the random rows are in a gap."""
    out, of = indeterminate.get("uniform", 0), counts.get("uniform", 0)
    if out > MOST_INDETERMINATE * (out + of):
        raise ParityError(
            f"{out:,} of {out + of:,} generated rows are so close to a threshold that processors answer differently",
            remedy='Run this model with its own library: executor = "original" in iris-model.toml.',
        )


def _describe(method: str, found: MethodReport, rows: int) -> str:
    said = [f"{found.compared:,} rows"] if found.compared != rows else []
    if found.difference is None:
        said.append("every label equal")
    else:
        said.append(f"largest difference {found.difference:.1e}" if found.difference else "every bit equal")
    if found.rounded:
        said.append(
            f"{found.rounded:,} rows differ by the rounding of sums, at most {found.noise:.0e} of a usual answer"
        )
    return f"{method}: {', '.join(said)}"
