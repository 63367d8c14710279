"""Choose a memory size: the cheapest, the fastest and the best compromise of the measured ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from iris_model.cost.measurement import Measurement
from iris_model.cost.prices import PriceList
from iris_model.errors import CostError

# Smaller differences between times are measurement noise.
NOISE_MS, NOISE_SHARE = 0.1, 0.05


@dataclass(frozen=True)
class TunedSize:
    """One memory size. `measurement` is None if the function failed there, with the reason in `problem`."""

    memory_mib: int
    measurement: Measurement | None
    problem: str = ""
    spread: tuple[float, float] | None = None
    """The smallest and the largest median of its rounds, in milliseconds; None if it was measured in one go."""


@dataclass(frozen=True)
class TunedCost:
    """A size that works: the time of a warm invocation, and the cost of a million invocations."""

    memory_mib: int
    warm_ms: float
    cold_ms: float | None
    usd_per_million: Decimal
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Tuning:
    """All sizes that work, and the three recommendations."""

    sizes: tuple[TunedCost, ...]
    cheapest: TunedCost
    fastest: TunedCost
    balanced: TunedCost
    is_weak: bool = False
    """Whether a price comes from a weak source."""


def choose_size(sizes: Sequence[TunedSize], prices: PriceList, architecture: str) -> Tuning:
    """Compare sizes by billed milliseconds: a faster size with the same billed time only costs more.

    `balanced` minimizes the sum of cost and time, each as a share of its maximum. Times that differ only by noise are
    treated as equal, so a size that is both cheapest and fastest is also balanced.
    """
    gb_second, request = prices.find(f"lambda.{architecture}.gb_second"), prices.find("lambda.request")
    if gb_second is None or request is None:
        raise CostError(
            f"the Lambda prices for {architecture} are not known, so sizes cannot be compared",
            remedy="Pass a price file with lambda.<architecture>.gb_second and lambda.request: --prices FILE",
        )
    million = Decimal(1_000_000)
    alive = []
    for size in sizes:
        if size.measurement is not None:
            seconds = million * Decimal(str(size.measurement.warm_billed_ms)) / 1000
            usd = gb_second.cost(seconds * size.memory_mib / 1024) + request.cost(million)
            measured = size.measurement
            alive.append(TunedCost(size.memory_mib, measured.warm_ms, measured.cold_ms, usd, size.spread))
    if not alive:
        raise CostError(
            "the function fails at every size: " + "; ".join(f"{size.memory_mib} MB: {size.problem}" for size in sizes),
            remedy="Set a longer timeout in iris-model.toml, or try larger sizes with --sizes."
            if any("Sandbox.Timedout" in size.problem for size in sizes)
            else "Try larger sizes with --sizes.",
        )
    dearest = max(each.usd_per_million for each in alive)
    slowest = max(each.warm_ms for each in alive)
    least = min(each.warm_ms for each in alive)
    as_fast = max(least + NOISE_MS, least * (1 + NOISE_SHARE))

    def time(size: TunedCost) -> float:
        return least if size.warm_ms <= as_fast else size.warm_ms

    return Tuning(
        tuple(alive),
        cheapest=min(alive, key=lambda each: (each.usd_per_million, each.warm_ms)),
        fastest=min(alive, key=lambda each: (time(each), each.usd_per_million, each.warm_ms)),
        balanced=min(alive, key=lambda each: float(each.usd_per_million / dearest) + time(each) / slowest),
        is_weak=gb_second.is_weak or request.is_weak,
    )
