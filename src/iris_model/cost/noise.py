"""Whether the measurements of memory sizes can be compared: their spread, and times that rise with more CPU."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from iris_model.cost.measurement import ReportLine
from iris_model.cost.tuning import NOISE_MS, NOISE_SHARE, TunedSize

# The medians of the rounds of one size may differ by this share, or by these milliseconds.
MOST_SPREAD, MOST_SPREAD_MS = 0.2, 0.3


def find_spread(rounds: Sequence[Sequence[ReportLine]]) -> tuple[float, float]:
    """Return the smallest and the largest of the medians of the rounds, in milliseconds of a warm invocation."""
    medians = []
    for reports in rounds:
        warm = [each.duration_ms for each in reports if each.init_ms is None]
        medians.append(median(warm or [each.duration_ms for each in reports]))
    return min(medians), max(medians)


def find_noise(sizes: Sequence[TunedSize]) -> tuple[str, ...]:
    """Return why the sizes cannot be compared, one sentence for each reason; empty if they can.

    A size is noisy if the medians of its rounds differ by more than 20 % and 0.3 ms. More memory is more CPU, so a
    larger size whose every round is slower than every round of a smaller one was disturbed.
    """
    known = [(size, size.measurement, size.spread) for size in sizes if size.measurement is not None]
    reasons = []
    for size, measured, spread in known:
        if spread is None:
            continue
        low, high = spread
        if high - low > max(MOST_SPREAD_MS, MOST_SPREAD * measured.warm_ms):
            reasons.append(f"at {size.memory_mib} MB, the rounds took from {low:.1f} to {high:.1f} ms")
    for (one, faster, _), (other, slower, spread) in pairwise(known):
        limit = max(faster.warm_ms + NOISE_MS, faster.warm_ms * (1 + NOISE_SHARE))
        top = one.spread[1] if one.spread else faster.warm_ms
        if slower.warm_ms > limit and (spread[0] if spread else slower.warm_ms) > max(top, limit):
            reasons.append(f"{other.memory_mib} MB was slower than {one.memory_mib} MB, although it has more CPU")
    return tuple(reasons)
