"""Gaussian processes: covariance functions, their combinations, and the probabilities of a latent process."""

from math import dist, fsum, pi, sin, sqrt

from iris_model.engine import elementary
from iris_model.engine.functions import INFINITY, NAN
from iris_model.engine.measuring import measure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[Sequence[float]]
    Table = list[list[float]]

# Williams and Barber (1998): a sigmoid as a sum of error functions. Source: sklearn.gaussian_process._gpc.
SLOPES = (0.41, 0.4, 0.37, 0.44, 0.39)
# The square of this distance, or of a larger one, is infinite.
LARGEST_DISTANCE = 1.3407807929942597e154
HEIGHTS = (-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654)


def divide_columns(rows: "Rows", *, divisor: "Sequence[float]") -> "Table":
    """Divide each column by its length scale."""
    return [[value / by for value, by in zip(row, divisor)] for row in rows]


def matern_kernel(rows: "Rows", *, vectors: "Rows", nu: float) -> "Table":
    """Return the Matern covariance for nu of 1/2, 3/2 or 5/2. Rows are already divided by the length scale."""
    table = []
    for distances in _distances(rows, vectors):
        line = []
        for distance in distances:
            if nu == 0.5:
                line.append(elementary.exp(-distance))
            elif nu == 1.5:
                scaled = distance * sqrt(3)
                line.append((1.0 + scaled) * elementary.exp(-scaled))
            else:
                scaled = distance * sqrt(5)
                line.append((1.0 + scaled + scaled * scaled / 3.0) * elementary.exp(-scaled))
        table.append(line)
    return table


def rational_quadratic_kernel(rows: "Rows", *, vectors: "Rows", length_scale: float, alpha: float) -> "Table":
    """Return (1 + |x - y|^2 / (2 alpha length^2)) ^ -alpha."""
    divisor = 2 * alpha * (length_scale * length_scale)
    table = []
    for distances in _distances(rows, vectors):
        table.append(
            [elementary.exp(-alpha * elementary.log(1 + distance * distance / divisor)) for distance in distances]
        )
    return table


def periodic_kernel(rows: "Rows", *, vectors: "Rows", length_scale: float, periodicity: float) -> "Table":
    """Return exp(-2 (sin(pi |x - y| / period) / length)^2).

    For distant rows the sine depends on the last bit of the distance, so it is summed in the order of scipy's cdist.
    """
    frequency = pi / periodicity
    squares = measure(rows, vectors, "squared")
    if squares is not None:
        heights = [[_sine(frequency * sqrt(square)) / length_scale for square in line] for line in squares]
        return [[elementary.exp(-2 * (height * height)) for height in line] for line in heights]
    vectors = list(vectors)
    table = []
    for row in rows:
        line = []
        for vector in vectors:
            total = 0.0
            for value, other in zip(row, vector):
                total += (value - other) * (value - other)
            height = _sine(frequency * sqrt(total)) / length_scale
            line.append(elementary.exp(-2 * (height * height)))
        table.append(line)
    return table


def _distances(rows: "Rows", vectors: "Rows") -> "Table":
    squares = measure(rows, vectors, "squared")
    if squares is not None:
        return [[sqrt(square) for square in line] for line in squares]
    vectors = list(vectors)
    table = [[dist(row, vector) for vector in vectors] for row in rows]
    # The original sums squares, which overflow at smaller distances than `dist`.
    return [[value if value < LARGEST_DISTANCE else INFINITY for value in line] for line in table]


def _sine(value: float) -> float:
    return sin(value) if value < INFINITY else NAN


def sum_of(*tables: "Table", constant: float) -> "Table":
    """Add tables of the same shape cell by cell, and a constant to each cell."""
    result = [[value + constant for value in row] for row in tables[0]] if constant else tables[0]
    for table in tables[1:]:
        result = [[a + b for a, b in zip(first, second)] for first, second in zip(result, table)]
    return result


def product_of(*tables: "Table", constant: float) -> "Table":
    """Multiply tables of the same shape cell by cell, and each cell by a constant."""
    result = [[value * constant for value in row] for row in tables[0]] if constant != 1.0 else tables[0]
    for table in tables[1:]:
        result = [[a * b for a, b in zip(first, second)] for first, second in zip(result, table)]
    return result


def power(rows: "Table", *, exponent: float) -> "Table":
    """Raise each cell to a power; NaN for a fractional power of a negative number."""
    from .kernels import raise_to

    return raise_to(rows, exponent)


def latent_probabilities(means: "Table", projections: "Table", diagonal: "Table", /) -> "Table":
    """Return [1 - p, p] for a latent Gaussian with the variance diagonal - |projection|^2, passed through a sigmoid.

    Source: sklearn.gaussian_process._gpc (the Laplace approximation).
    """
    table = []
    for mean, projection, own in zip(means, projections, diagonal):
        variance = own[0] - fsum([value * value for value in projection])
        if not abs(variance) < INFINITY and all(abs(value) < INFINITY for value in projection):
            # Squares overflow, and the original returns NaN. It refuses covariances that are not finite.
            table.append([NAN, NAN])
            continue
        if not 0.0 < variance < INFINITY:
            raise ValueError("its variance is rounding noise")
        alpha = 1 / (2 * variance)
        width = sqrt(pi / alpha)
        over = 2 * sqrt(variance * 2 * pi)
        total = heights = 0.0
        for slope, height in zip(SLOPES, HEIGHTS):
            bend = sqrt(alpha / (alpha + slope * slope))
            # Added in the order of the original: far from all training rows the classes tie, and the last bit decides.
            total += height * (width * elementary.erf(slope * mean[0] * bend) / over)
            heights += height
        probability = total + 0.5 * heights
        table.append([1 - probability, probability])
    return table
