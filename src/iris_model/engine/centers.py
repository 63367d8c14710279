"""The nearest of some centers."""

from _operator import mul
from math import fsum, sqrt

from .measuring import measure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Rows = Sequence[Sequence[float]]


def expanded_distances(
    rows: "Rows", *, vectors: "Rows", norms: "Sequence[float]", with_row_norm: bool
) -> "list[list[float]]":
    """Squared distances as the library computes them in bulk: (|x|^2 - 2 <x, y>) + |y|^2, never below zero.

    Far away this rounds differently from a sum of squares, and then it decides ties. Without `with_row_norm`:
    |y|^2 - 2 <x, y>, which orders the vectors alike. Sources: sklearn.metrics._pairwise_distances_reduction
    (EuclideanArgKmin), sklearn.cluster._k_means_lloyd.
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
    """-distance^2 + prior, where the square of a square root is not what the root was taken of.

    Source: sklearn.neighbors.NearestCentroid._decision_function.
    """
    table = []
    for row in expanded_distances(rows, vectors=vectors, norms=norms, with_row_norm=True):
        roots = [sqrt(value) for value in row]
        table.append([-(root * root) + prior for root, prior in zip(roots, priors)])
    return table


def absolute_distances(rows: "Rows", *, vectors: "Rows") -> "list[list[float]]":
    """The sum of |x - y| over the features, left to right: n x m."""
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


def argmin_label(rows: "list[list[float]]", *, classes: "list[Any]") -> "list[Any]":
    """The class of the smallest cell of each row; the first one wins a tie."""
    return [classes[row.index(min(row))] for row in rows]


def bisecting_label(
    rows: "Rows", *, centers: "Rows", norms: "Sequence[float]", right: "Sequence[int]", labels: "Sequence[int]"
) -> "list[int]":
    """Go down a tree of centers, to the nearer child of two; the left one wins a tie.

    Nodes lie in preorder as those of trees do: the left child of node `i` is `i + 1`, `right[i]` is the offset to its
    right child, or 0 at a leaf.
    """
    found = []
    for row in rows:
        node = 0
        while right[node] > 0:
            sides = node + 1, node + right[node]
            left, other = [norms[side] - 2.0 * fsum(map(mul, row, centers[side])) for side in sides]
            node = sides[1] if other < left else sides[0]
        found.append(labels[node])
    return found
