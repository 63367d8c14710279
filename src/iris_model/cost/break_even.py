"""At how many requests a day something else becomes cheaper than Lambda: the curves of all estimates, and where they cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from iris_model.cost.estimates import Workload, estimate_all

FEWEST, MOST = 1, 1_000_000_000
_STEPS_PER_DECADE = 6
_PRECISION = 1.01

RATES = tuple(round(10 ** (step / _STEPS_PER_DECADE), 6) for step in range(9 * _STEPS_PER_DECADE + 1))


@dataclass(frozen=True)
class Curve:
    """Monthly cost of one alternative over RATES (requests a day); None where it is not known or not possible."""

    name: str
    monthly: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class BreakEven:
    """`requests_per_day` is None when the alternative is never cheaper up to a billion requests a day."""

    name: str
    requests_per_day: float | None


def make_curves(workload: Workload, rates: Sequence[float] = RATES) -> list[Curve]:
    """The estimates at every rate; the shape of the traffic stays."""
    tables = [[each.monthly for each in estimate_all(replace(workload, requests_per_day=rate))] for rate in rates]
    names = [each.name for each in estimate_all(workload)]
    return [Curve(name, tuple(row[index] for row in tables)) for index, name in enumerate(names)]


def find_break_evens(workload: Workload, baseline: str) -> list[BreakEven]:
    """For every other alternative, the lowest rate from which it costs less than the one called `baseline`."""
    curves = {curve.name: curve for curve in make_curves(workload)}
    reference = curves.pop(baseline)
    found = []
    for name, curve in curves.items():
        index = next((i for i in range(len(RATES)) if _is_cheaper(curve.monthly[i], reference.monthly[i])), None)
        if index is None:
            found.append(BreakEven(name, None))
        elif index == 0:
            found.append(BreakEven(name, float(FEWEST)))
        else:
            found.append(BreakEven(name, _bisect(workload, name, baseline, RATES[index - 1], RATES[index])))
    return found


def _bisect(workload: Workload, name: str, baseline: str, low: float, high: float) -> float:
    """Between a rate at which `baseline` is cheaper and one at which it is not."""
    while high / low > _PRECISION:
        middle = (low * high) ** 0.5
        at = {each.name: each.monthly for each in estimate_all(replace(workload, requests_per_day=middle))}
        if _is_cheaper(at[name], at[baseline]):
            high = middle
        else:
            low = middle
    return high


def _is_cheaper(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and other is not None and one < other
