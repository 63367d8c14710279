"""The request rates at which alternatives become cheaper than Lambda: cost curves, and where they cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from iris_model.cost.estimates import alternatives
from iris_model.cost.workload import Workload

FEWEST, MOST = 1, 1_000_000_000
# The number of servers is an integer, so their curves are step functions. With this many rates the steps are visible,
# and also the rates at which one more server makes an alternative more expensive again.
_STEPS_PER_DECADE = 24
_PRECISION = 1.01

RATES = tuple(round(10 ** (step / _STEPS_PER_DECADE), 6) for step in range(9 * _STEPS_PER_DECADE + 1))


@dataclass(frozen=True)
class Curve:
    """Monthly cost of one alternative at each of RATES (requests a day); None if unknown or impossible."""

    name: str
    monthly: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class BreakEven:
    """The rates at which one alternative costs less than the baseline.

    `spans`: pairs of first and last rate in requests a day; a last rate of None means a billion and more.
    """

    name: str
    spans: tuple[tuple[float, float | None], ...]
    is_known: bool = True
    """False if a price of one of the two is unknown, so that they cannot be compared."""

    @property
    def requests_per_day(self) -> float | None:
        """The lowest rate at which it is cheaper; None if it is not cheaper at any rate up to a billion."""
        return self.spans[0][0] if self.spans else None

    @property
    def dearer_again(self) -> tuple[tuple[float, float | None], ...]:
        """The spans above that rate where it is not cheaper, because one more server is needed."""
        ends = [end for _, end in self.spans if end is not None]
        starts: list[float | None] = [start for start, _ in self.spans[1:]]
        return tuple(zip(ends, [*starts, None], strict=False))


def make_curves(workload: Workload) -> list[Curve]:
    """Return the estimates at every rate of RATES, with the same traffic pattern."""
    estimates = alternatives(workload)
    at = [replace(workload, requests_per_day=rate) for rate in RATES]
    # All alternatives at one rate share the simulated arrivals.
    rows = [[estimate(each).monthly for estimate in estimates.values()] for each in at]
    return [Curve(name, monthly) for name, monthly in zip(estimates, zip(*rows, strict=True), strict=True)]


def find_break_evens(workload: Workload, curves: Sequence[Curve], baseline: str) -> list[BreakEven]:
    """Return for every other alternative the rates at which it costs less than `baseline`."""
    by_name = {curve.name: curve for curve in curves}
    reference = by_name.pop(baseline)
    return [_compare(workload, curve, reference) for curve in by_name.values()]


def _compare(workload: Workload, curve: Curve, reference: Curve) -> BreakEven:
    cheaper = [_is_cheaper(one, other) for one, other in zip(curve.monthly, reference.monthly, strict=True)]
    edges = [float(FEWEST)] if cheaper[0] else []
    for index in range(1, len(RATES)):
        if cheaper[index] != cheaper[index - 1]:
            edges.append(_bisect(workload, curve.name, reference.name, index, cheaper[index]))
    ends: list[float | None] = [*edges[1::2], None]
    is_known = any(None not in pair for pair in zip(curve.monthly, reference.monthly, strict=True))
    return BreakEven(curve.name, tuple(zip(edges[::2], ends, strict=False)), is_known)


def _bisect(workload: Workload, name: str, baseline: str, index: int, becomes_cheaper: bool) -> float:
    """Return the rate between RATES[index - 1] and RATES[index] at which the order changes."""
    low, high = RATES[index - 1], RATES[index]
    estimates = alternatives(workload)
    while high / low > _PRECISION:
        middle = (low * high) ** 0.5
        there = replace(workload, requests_per_day=middle)
        if _is_cheaper(estimates[name](there).monthly, estimates[baseline](there).monthly) == becomes_cheaper:
            high = middle
        else:
            low = middle
    return high


def _is_cheaper(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and other is not None and one < other
