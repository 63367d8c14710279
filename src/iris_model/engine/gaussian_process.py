"""Gaussian processes: covariance functions, how they combine, and probabilities from a latent process."""

from math import dist, erf, exp, fsum, pi, sin, sqrt

from .measuring import measure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[Sequence[float]]
    Table = list[list[float]]

# Williams and Barber (1998): a sigmoid as a sum of error functions. Source: sklearn.gaussian_process._gpc.
SLOPES = (0.41, 0.4, 0.37, 0.44, 0.39)
HEIGHTS = (-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654)


def divide_columns(rows: "Rows", *, divisor: "Sequence[float]") -> "Table":
    """Each column over its length scale."""
    return [[value / by for value, by in zip(row, divisor)] for row in rows]


def matern_kernel(rows: "Rows", *, vectors: "Rows", nu: float) -> "Table":
    """The Matern covariance for nu of 1/2, 3/2 or 5/2, with the length scale divided out before."""
    table = []
    for distances in _distances(rows, vectors):
        line = []
        for distance in distances:
            if nu == 0.5:
                line.append(exp(-distance))
            elif nu == 1.5:
                scaled = distance * sqrt(3)
                line.append((1.0 + scaled) * exp(-scaled))
            else:
                scaled = distance * sqrt(5)
                line.append((1.0 + scaled + scaled * scaled / 3.0) * exp(-scaled))
        table.append(line)
    return table


def rational_quadratic_kernel(rows: "Rows", *, vectors: "Rows", length_scale: float, alpha: float) -> "Table":
    """(1 + |x - y|^2 / (2 alpha length^2)) ^ -alpha."""
    divisor = 2 * alpha * (length_scale * length_scale)
    table = []
    for distances in _distances(rows, vectors):
        table.append([(1 + distance * distance / divisor) ** -alpha for distance in distances])
    return table


def periodic_kernel(rows: "Rows", *, vectors: "Rows", length_scale: float, periodicity: float) -> "Table":
    """exp(-2 (sin(pi |x - y| / period) / length)^2).

    Far out the sine hangs on the last bit of the distance, so that is summed in the order of scipy's cdist.
    """
    frequency = pi / periodicity
    squares = measure(rows, vectors, "squared")
    if squares is not None:
        heights = [[sin(frequency * sqrt(square)) / length_scale for square in line] for line in squares]
        return [[exp(-2 * (height * height)) for height in line] for line in heights]
    vectors = list(vectors)
    table = []
    for row in rows:
        line = []
        for vector in vectors:
            total = 0.0
            for value, other in zip(row, vector):
                total += (value - other) * (value - other)
            height = sin(frequency * sqrt(total)) / length_scale
            line.append(exp(-2 * (height * height)))
        table.append(line)
    return table


def _distances(rows: "Rows", vectors: "Rows") -> "Table":
    squares = measure(rows, vectors, "squared")
    if squares is not None:
        return [[sqrt(square) for square in line] for line in squares]
    vectors = list(vectors)
    return [[dist(row, vector) for vector in vectors] for row in rows]


def sum_of(*tables: "Table", constant: float) -> "Table":
    """Tables of the same shape added up cell by cell, and a constant to each cell."""
    result = [[value + constant for value in row] for row in tables[0]] if constant else tables[0]
    for table in tables[1:]:
        result = [[a + b for a, b in zip(first, second)] for first, second in zip(result, table)]
    return result


def product_of(*tables: "Table", constant: float) -> "Table":
    """Tables of the same shape multiplied cell by cell, and each cell by a constant."""
    result = [[value * constant for value in row] for row in tables[0]] if constant != 1.0 else tables[0]
    for table in tables[1:]:
        result = [[a * b for a, b in zip(first, second)] for first, second in zip(result, table)]
    return result


def power(rows: "Table", *, exponent: float) -> "Table":
    """Each cell to a power. A fractional power of a negative number is refused."""
    table = [[value**exponent for value in row] for row in rows]
    if exponent != int(exponent) and any(type(value) is complex for row in table for value in row):
        raise ValueError("a fractional power of a negative number")
    return table


def latent_probabilities(means: "Table", projections: "Table", diagonal: "Table", /) -> "Table":
    """The probabilities [1 - p, p] of a latent Gaussian with the variance diagonal - |projection|^2, seen through a sigmoid.

    Source: sklearn.gaussian_process._gpc (the Laplace approximation).
    """
    table = []
    for mean, projection, own in zip(means, projections, diagonal):
        variance = own[0] - fsum([value * value for value in projection])
        if not variance > 0.0:
            raise ValueError("its variance is lost in rounding")
        alpha = 1 / (2 * variance)
        width = sqrt(pi / alpha)
        over = 2 * sqrt(variance * 2 * pi)
        total = heights = 0.0
        for slope, height in zip(SLOPES, HEIGHTS):
            bend = sqrt(alpha / (alpha + slope * slope))
            # Added in the original's order: far from all training rows the classes tie, and then each bit counts.
            total += height * (width * erf(slope * mean[0] * bend) / over)
            heights += height
        probability = total + 0.5 * heights
        table.append([1 - probability, probability])
    return table
