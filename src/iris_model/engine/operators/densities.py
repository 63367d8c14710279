"""Squared distances from centers that have their own scale or matrix, for Gaussian densities."""

from _operator import mul, sub
from math import fsum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[Sequence[float]]

# numpy adds up to this many numbers in eight lanes, and splits longer arrays in half.
RUN = 128


def scaled_squares(rows: "Rows", *, centers: "Rows", divisors: "Rows") -> "list[list[float]]":
    """Return the sum of (x - center)^2 / divisor over the features, for each center (k x f): n x k.

    It is added in numpy's order. A feature that was constant in training has a divisor near zero, so its term is huge
    and the same for every class. Then the classes differ only in the last bits of the sum.
    """
    pairs = [(list(center), list(divisor)) for center, divisor in zip(centers, divisors)]
    table = []
    for row in rows:
        line = []
        for center, divisor in pairs:
            terms = []
            for value, middle, by in zip(row, center, divisor):
                difference = value - middle
                terms.append(difference * difference / by)
            line.append(numpy_sum(terms))
        table.append(line)
    return table


def projected_squares(rows: "Rows", *, centers: "Rows", maps: "Rows", shared: bool) -> "list[list[float]]":
    """Return |map (x - center)|^2 for each center (k x f): n x k.

    `maps` holds one matrix for each center, stacked, or one `shared` by all.
    """
    matrix, centers = list(maps), list(centers)
    height = len(matrix) // (1 if shared else len(centers))
    starts = [0 if shared else index * height for index in range(len(centers))]
    parts = [(center, matrix[start : start + height]) for center, start in zip(centers, starts)]
    table = []
    for row in rows:
        line = []
        for center, part in parts:
            difference = list(map(sub, row, center))
            projected = [fsum(map(mul, difference, weights)) for weights in part]
            line.append(fsum(map(mul, projected, projected)))
        table.append(line)
    return table


def quadratic_form(rows: "Rows", *, center: "Sequence[float]", matrix: "Rows") -> "list[list[float]]":
    """Return (x - center)' matrix (x - center), a squared Mahalanobis distance: n x 1."""
    matrix = list(matrix)
    table = []
    for row in rows:
        difference = list(map(sub, row, center))
        projected = [fsum(map(mul, difference, weights)) for weights in matrix]
        table.append([fsum(map(mul, difference, projected))])
    return table


def numpy_sum(values: "list[float]") -> float:
    """Add as numpy.add.reduce does along a row: in eight lanes, joined in pairs; long rows are split in half."""
    count = len(values)
    if count < 8:
        total = 0.0
        for value in values:
            total += value
        return total
    if count <= RUN:
        lanes = values[:8]
        whole = count - count % 8
        for start in range(8, whole, 8):
            for lane in range(8):
                lanes[lane] += values[start + lane]
        a, b, c, d, e, f, g, h = lanes
        total = ((a + b) + (c + d)) + ((e + f) + (g + h))
        for value in values[whole:]:
            total += value
        return total
    half = count // 2
    half -= half % 8
    return numpy_sum(values[:half]) + numpy_sum(values[half:])
