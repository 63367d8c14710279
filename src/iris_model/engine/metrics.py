"""Distances between a row and a vector, added in the order that decides ties in the original.

Searches compare *reduced* distances, which need no root, such as the squared Euclidean distance. A metric has functions
for the reduced distance of two vectors, and to convert it to the distance and back. Source:
sklearn.metrics._dist_metrics.
"""

from math import asin, cos, sin, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Vector = Sequence[float]
    Measure = Callable[[Vector, Vector], float]

INFINITY = float("inf")
NAN = float("nan")


def find_metric(
    name: str, power: float, weights: "Vector | None", matrix: "Sequence[Vector] | None"
) -> "tuple[Measure, Callable[[float], float], Callable[[float], float]]":
    """Return functions for the reduced distance, from reduced distance to distance, and from distance to reduced."""
    if name == "euclidean":
        return _squared, sqrt, _square
    if name == "seuclidean":
        return _scaled(() if weights is None else weights), sqrt, _square
    if name == "mahalanobis":
        return _mahalanobis([] if matrix is None else list(matrix)), sqrt, _square
    if name == "minkowski":
        return _powers(power, weights), lambda value: _power(value, 1.0 / power), lambda value: _power(value, power)
    if name == "haversine":
        return _haversine, _arc, lambda value: _square(sin(0.5 * value))
    return MEASURES[name], float, float


def _square(value: float) -> float:
    return value * value


def _power(value: float, exponent: float) -> float:
    """Return the power as C does: infinity on overflow."""
    try:
        return float(value**exponent)
    except OverflowError:
        return INFINITY


def _squared(row: "Vector", vector: "Vector") -> float:
    total = 0.0
    for value, other in zip(row, vector):
        difference = value - other
        total += difference * difference
    return total


def _scaled(variances: "Vector") -> "Measure":
    def measure(row: "Vector", vector: "Vector") -> float:
        total = 0.0
        for value, other, variance in zip(row, vector, variances):
            difference = value - other
            total += difference * difference / variance
        return total

    return measure


def _mahalanobis(matrix: "list[Vector]") -> "Measure":
    def measure(row: "Vector", vector: "Vector") -> float:
        differences = [value - other for value, other in zip(row, vector)]
        total = 0.0
        for line, difference in zip(matrix, differences):
            inner = 0.0
            for entry, other in zip(line, differences):
                inner += entry * other
            total += inner * difference
        return total

    return measure


def _powers(power: float, weights: "Vector | None") -> "Measure":
    def measure(row: "Vector", vector: "Vector") -> float:
        total = 0.0
        for value, other in zip(row, vector):
            total += _power(abs(value - other), power)
        return total

    def weighted(row: "Vector", vector: "Vector") -> float:
        total = 0.0
        for value, other, weight in zip(row, vector, () if weights is None else weights):
            total += weight * _power(abs(value - other), power)
        return total

    return measure if weights is None else weighted


def _haversine(row: "Vector", vector: "Vector") -> float:
    first = sin(0.5 * (row[0] - vector[0]))
    second = sin(0.5 * (row[1] - vector[1]))
    return first * first + cos(row[0]) * cos(vector[0]) * second * second


def _arc(value: float) -> float:
    # For angles far beyond a full circle, rounding can leave the range of the arcsine. C returns NaN there.
    return 2 * asin(sqrt(value)) if 0.0 <= value <= 1.0 else NAN


def _manhattan(row: "Vector", vector: "Vector") -> float:
    total = 0.0
    for value, other in zip(row, vector):
        total += abs(value - other)
    return total


def _chebyshev(row: "Vector", vector: "Vector") -> float:
    return max([abs(value - other) for value, other in zip(row, vector)])


def _hamming(row: "Vector", vector: "Vector") -> float:
    return sum([value != other for value, other in zip(row, vector)]) / len(row)


def _canberra(row: "Vector", vector: "Vector") -> float:
    total = 0.0
    for value, other in zip(row, vector):
        size = abs(value) + abs(other)
        if size > 0:
            total += abs(value - other) / size
    return total


def _bray_curtis(row: "Vector", vector: "Vector") -> float:
    above = below = 0.0
    for value, other in zip(row, vector):
        above += abs(value - other)
        below += abs(value) + abs(other)
    return above / below if below > 0 else 0.0


def _count(row: "Vector", vector: "Vector") -> "tuple[int, int, int]":
    """Count all features, those true in both vectors, and those true in only one. Nonzero is true."""
    both = one = 0
    for value, other in zip(row, vector):
        if value != 0:
            if other != 0:
                both += 1
            else:
                one += 1
        elif other != 0:
            one += 1
    return len(row), both, one


def _jaccard(row: "Vector", vector: "Vector") -> float:
    _, both, one = _count(row, vector)
    return one * 1.0 / (both + one) if both + one else 0.0


def _matching(row: "Vector", vector: "Vector") -> float:
    size, _, one = _count(row, vector)
    return one * 1.0 / size


def _dice(row: "Vector", vector: "Vector") -> float:
    _, both, one = _count(row, vector)
    return one / (2.0 * both + one) if both + one else NAN


def _rogers_tanimoto(row: "Vector", vector: "Vector") -> float:
    size, _, one = _count(row, vector)
    return (2.0 * one) / (size + one)


def _russell_rao(row: "Vector", vector: "Vector") -> float:
    size, both, _ = _count(row, vector)
    return (size - both) * 1.0 / size


def _sokal_sneath(row: "Vector", vector: "Vector") -> float:
    _, both, one = _count(row, vector)
    return one / (0.5 * both + one) if both + one else NAN


MEASURES: "dict[str, Measure]" = {
    "manhattan": _manhattan,
    "chebyshev": _chebyshev,
    "hamming": _hamming,
    "canberra": _canberra,
    "braycurtis": _bray_curtis,
    "jaccard": _jaccard,
    "matching": _matching,
    "dice": _dice,
    "rogerstanimoto": _rogers_tanimoto,
    "russellrao": _russell_rao,
    "sokalmichener": _rogers_tanimoto,
    "sokalsneath": _sokal_sneath,
}
