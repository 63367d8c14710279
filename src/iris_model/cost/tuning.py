"""Which memory size: what was measured at each in, the cheapest, the fastest and the best compromise out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from iris_model.cost.measurement import Measurement
from iris_model.cost.prices import PriceList
from iris_model.errors import CostError

# From the least that Lambda has to two of its processors nearly; 1,769 MB is one.
MEMORY_SIZES_MIB = (128, 256, 512, 1024, 1769, 3008)

# Times that differ by no more than this are equal: a measurement repeated differs as much.
_NOISE_MS, _NOISE_SHARE = 0.1, 0.05


@dataclass(frozen=True)
class TunedSize:
    """One memory size. `measurement` is None where the function did not live there; then `problem` says why."""

    memory_mib: int
    measurement: Measurement | None
    problem: str = ""


@dataclass(frozen=True)
class TunedCost:
    """A size at which the function lives: the time of a warm invocation, and what a million of them cost."""

    memory_mib: int
    warm_ms: float
    cold_ms: float | None
    usd_per_million: Decimal


@dataclass(frozen=True)
class Tuning:
    """All sizes at which the function lives, and the three to choose from."""

    sizes: tuple[TunedCost, ...]
    cheapest: TunedCost
    fastest: TunedCost
    balanced: TunedCost
    is_weak: bool = False
    """Whether a price comes from a weak source."""


def choose_size(sizes: Sequence[TunedSize], prices: PriceList, architecture: str) -> Tuning:
    """Compare them. By billed milliseconds, which are whole: a faster size that is billed the same is only dearer.

    Balanced is where cost and time, each as a share of its own maximum, add up to the least. Times that are equal but for noise
    count as equal here too, so that what is both the cheapest and the fastest is also the best of both.
    """
    gb_second, request = prices.find(f"lambda.{architecture}.gb_second"), prices.find("lambda.request")
    if gb_second is None or request is None:
        raise CostError(
            f"the prices of Lambda on {architecture} are not known, so sizes cannot be compared.",
            remedy="Name a price file that has lambda.<architecture>.gb_second and lambda.request with --prices.",
        )
    million = Decimal(1_000_000)
    alive = []
    for size in sizes:
        if size.measurement is not None:
            seconds = million * Decimal(str(size.measurement.warm_billed_ms)) / 1000
            usd = gb_second.cost(seconds * size.memory_mib / 1024) + request.cost(million)
            alive.append(TunedCost(size.memory_mib, size.measurement.warm_ms, size.measurement.cold_ms, usd))
    if not alive:
        raise CostError(
            "the function does not live at any of the sizes: "
            + "; ".join(f"{size.memory_mib} MB: {size.problem}" for size in sizes),
            remedy="Try larger ones with --sizes.",
        )
    dearest = max(each.usd_per_million for each in alive)
    slowest = max(each.warm_ms for each in alive)
    least = min(each.warm_ms for each in alive)
    as_fast = max(least + _NOISE_MS, least * (1 + _NOISE_SHARE))

    def time(size: TunedCost) -> float:
        return least if size.warm_ms <= as_fast else size.warm_ms

    return Tuning(
        tuple(alive),
        cheapest=min(alive, key=lambda each: (each.usd_per_million, each.warm_ms)),
        fastest=min(alive, key=lambda each: (time(each), each.usd_per_million, each.warm_ms)),
        balanced=min(alive, key=lambda each: float(each.usd_per_million / dearest) + time(each) / slowest),
        is_weak=gb_second.is_weak or request.is_weak,
    )
