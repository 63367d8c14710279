"""The output of `tune`: a table of memory sizes, or a JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iris_model.cli.terminal import echo

if TYPE_CHECKING:
    from iris_model.cost.tuning import TunedCost, TunedSize, Tuning


def _marks(tuning: Tuning, size: TunedCost) -> str:
    named = {"cheapest": tuning.cheapest, "fastest": tuning.fastest, "best compromise": tuning.balanced}
    return ", ".join(name for name, marked in named.items() if marked is size)


def print_table(tuning: Tuning, measured: list[TunedSize], noise: Sequence[str] = ()) -> None:
    """Print a line for each size, including sizes at which the function failed. `noise`: why they cannot be compared."""
    by_size = {each.memory_mib: each for each in tuning.sizes}
    echo("  memory      warm            rounds      cold  per million" + ("*" if tuning.is_weak else ""))
    for size in measured:
        cost = by_size.get(size.memory_mib)
        if cost is None:
            echo(f"{size.memory_mib:>5} MB  {size.problem.splitlines()[0]}")
            continue
        cold = f"{cost.cold_ms:.0f} ms" if cost.cold_ms is not None else "-"
        million = f"${cost.usd_per_million:,.2f}"
        rounds = f"{cost.spread[0]:.1f} to {cost.spread[1]:.1f} ms" if cost.spread else "-"
        line = f"{size.memory_mib:>5} MB {cost.warm_ms:>6.1f} ms {rounds:>17} {cold:>9} {million:>12}"
        echo(f"{line}  {'' if noise else _marks(tuning, cost)}".rstrip())
    echo(
        "\nper million: US dollars for a million warm invocations, without endpoint and log lines.\n"
        "rounds: the fastest and the slowest of several series of invocations.\n"
        "Sizes within 0.1 ms or 5% count as equally fast; the cheapest of them is the fastest."
    )
    if noise:
        echo(f"\nThis machine is too noisy to choose a size: {'; '.join(noise)}.")
        echo("hint: run the command again when the machine is idle, or measure on AWS: iris-model tune --remote")
    if tuning.is_weak:
        echo("* price from a secondary or undated source, or of another region: see iris-model cost --show-prices")


def tuning_document(
    tuning: Tuning, measured: list[TunedSize], architecture: str, noise: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the same as JSON values. Amounts of money are strings."""
    by_size = {each.memory_mib: each for each in tuning.sizes}
    found = []
    for size in measured:
        cost = by_size.get(size.memory_mib)
        if cost is None:
            found.append({"memory_mib": size.memory_mib, "problem": size.problem})
        else:
            found.append(
                {
                    "memory_mib": size.memory_mib,
                    "warm_ms": cost.warm_ms,
                    "spread_ms": list(cost.spread) if cost.spread else None,
                    "cold_ms": cost.cold_ms,
                    "usd_per_million": f"{cost.usd_per_million:.6f}",
                }
            )
    return {
        "architecture": architecture,
        "weak": tuning.is_weak,
        "noise": list(noise),
        "sizes": found,
        "cheapest": tuning.cheapest.memory_mib,
        "fastest": tuning.fastest.memory_mib,
        "balanced": tuning.balanced.memory_mib,
    }
