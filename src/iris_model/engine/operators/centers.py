"""The nearest of several centers."""

from _operator import mul
from math import fsum, sqrt

from iris_model.engine.errors import InvalidInput
from iris_model.engine.measuring import measure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from iris_model.contract.signature import Label

    Rows = Sequence[Sequence[float]]

FLOAT32_STEP = 2.0**-24
LARGEST_FLOAT32 = 3.4028234663852886e38
INFINITY = float("inf")


def expanded_distances(
    rows: "Rows", *, vectors: "Rows", norms: "Sequence[float]", with_row_norm: bool
) -> "list[list[float]]":
    """Return squared distances as the library does for a batch: (|x|^2 - 2 <x, y>) + |y|^2, never below zero.

    For distant rows this rounds differently from a sum of squares, and the rounding decides ties. Without
    `with_row_norm` the result is |y|^2 - 2 <x, y>, which has the same order. Sources:
    sklearn.metrics._pairwise_distances_reduction (EuclideanArgKmin), sklearn.cluster._k_means_lloyd.
    """
    made = measure(rows, vectors, "expanded" if with_row_norm else "partial", norms)
    if made is not None:
        return made
    pairs = list(zip(vectors, norms))
    table = []
    for row in rows:
        if with_row_norm:
            own = fsum(map(mul, row, row))
            line = [own - 2.0 * fsum(map(mul, row, vector)) + norm for vector, norm in pairs]
            table.append([value if value > 0.0 else 0.0 for value in line])
        else:
            table.append([norm - 2.0 * fsum(map(mul, row, vector)) for vector, norm in pairs])
    return table


def centroid_scores(
    rows: "Rows", *, vectors: "Rows", norms: "Sequence[float]", priors: "Sequence[float]"
) -> "list[list[float]]":
    """Return -distance^2 + prior. The distance is rounded before it is squared, as in the original.

    Source: sklearn.neighbors.NearestCentroid._decision_function.
    """
    table = []
    for row in expanded_distances(rows, vectors=vectors, norms=norms, with_row_norm=True):
        roots = [sqrt(value) for value in row]
        table.append([-(root * root) + prior for root, prior in zip(roots, priors)])
    return table


def absolute_distances(rows: "Rows", *, vectors: "Rows") -> "list[list[float]]":
    """Return the sum of |x - y| over the features, from left to right: n x m."""
    made = measure(rows, vectors, "absolute")
    if made is not None:
        return made
    vectors = list(vectors)
    table = []
    for row in rows:
        line = []
        for vector in vectors:
            total = 0.0
            for value, other in zip(row, vector):
                total += abs(value - other)
            line.append(total)
        table.append(line)
    return table


def argmin_label(rows: "list[list[float]]", *, classes: "list[Label]") -> "list[Label]":
    """Return the class of the smallest cell of each row; the first one wins a tie."""
    return [classes[row.index(min(row))] for row in rows]


def argmin_label_float32(
    rows: "Rows", distances: "Rows", *, norms: "Sequence[float]", classes: "list[Label]"
) -> "list[Any]":
    """Return the class of the smallest of `distances` (|y|^2 - 2 <x, y>), which the original computes in float32.

    Raises InvalidInput for a row whose distances from two centers differ by less than the rounding error of float32.
    """
    largest = max(norms)
    labels = []
    for index, (row, line) in enumerate(zip(rows, distances)):
        least = min(line)
        others = [*line]
        others.remove(least)
        _check_decided(index, row, largest, least, min(others, default=INFINITY))
        labels.append(classes[line.index(least)])
    return labels


def _check_decided(index: int, row: "Sequence[float]", largest: float, least: float, next_least: float) -> None:
    """Refuse a row if its two smallest distances differ by at most the rounding error of float32 products."""
    reach = largest + 2.0 * sqrt(largest * fsum(map(mul, row, row)))
    if reach > LARGEST_FLOAT32 or abs(next_least - least) <= (len(row) + 8.0) * FLOAT32_STEP * reach:
        raise InvalidInput(
            f"row {index}: two centers are almost equally near, and the last bit of the "
            "original's float32 arithmetic decides which one is nearest; train on float64",
            row=index,
            problem="undecided",
        )


def bisecting_label(
    rows: "Rows",
    *,
    centers: "Rows",
    norms: "Sequence[float]",
    right: "Sequence[int]",
    labels: "Sequence[int]",
    narrow: bool = False,
) -> "list[int]":
    """Return the label of the leaf reached by descending to the nearer of two centers; the left one wins a tie.

    Nodes are in preorder: the left child of node `i` is `i + 1`, `right[i]` is the offset to its right child, or 0 at a
    leaf. `narrow`: the original computes in float32, so a row is refused (InvalidInput) if its distances from two
    children differ by less than the rounding error.
    """
    found = []
    for index, row in enumerate(rows):
        node = 0
        while right[node] > 0:
            sides = node + 1, node + right[node]
            left, other = [norms[side] - 2.0 * fsum(map(mul, row, centers[side])) for side in sides]
            if narrow:
                _check_decided(index, row, max(norms[side] for side in sides), left, other)
            node = sides[1] if other < left else sides[0]
        found.append(labels[node])
    return found
