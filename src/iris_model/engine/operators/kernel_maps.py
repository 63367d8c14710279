"""Explicit features whose products approximate a chi-squared kernel. Source: sklearn.kernel_approximation."""

from _operator import mul
from math import cos, cosh, fsum, log, pi, sin, sqrt

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = list[list[float]]


def skewed_chi_squared_features(
    rows: "Table", *, weights: "Sequence[Sequence[float]]", offsets: "Sequence[float]", skewedness: float, factor: float
) -> "Table":
    """Return cos(log(x + skewedness) @ weights + offset) * factor. Source: SkewedChi2Sampler."""
    pairs = tuple(zip(weights, offsets))
    table = []
    for index, row in enumerate(rows):
        if min(row) <= -skewedness:
            raise InvalidInput(f"row {index}: a value is not greater than {-skewedness!r}", row=index)
        logs = [log(value + skewedness) for value in row]
        table.append([cos(fsum(map(mul, logs, column)) + offset) * factor for column, offset in pairs])
    return table


def additive_chi_squared_features(rows: "Table", *, steps: int, interval: float) -> "Table":
    """Sample the spectrum of the kernel function at `steps` frequencies. Source: AdditiveChi2Sampler."""
    heights = [cosh(pi * step * interval) for step in range(1, steps)]
    table = []
    for index, row in enumerate(rows):
        if min(row) < 0.0:
            raise InvalidInput(f"row {index}: a value is negative", row=index)
        cells = [sqrt(value * interval) for value in row]
        for step, height in enumerate(heights, 1):
            # Pairs of the scaled logarithm and the factor. Zero stays zero.
            waves = [(step * (interval * log(x)), sqrt(2 * x * interval / height)) if x else (0.0, 0.0) for x in row]
            cells += [size * cos(angle) for angle, size in waves]
            cells += [size * sin(angle) for angle, size in waves]
        table.append(cells)
    return table
