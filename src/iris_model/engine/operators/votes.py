"""Compute answers from the nearest training rows: classes, means, local density.

Sources: sklearn.neighbors (_classification, _regression, _lof), sklearn.utils.extmath.weighted_mode.
"""

from iris_model.engine.errors import InvalidInput

from .densities import numpy_sum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.contract.signature import Label
    from iris_model.engine.found import Found
    from iris_model.engine.packed import Table

    Pairs = list[tuple[float, int]]
    Neighbors = Found | list[Pairs]

INFINITY = float("inf")
NAN = float("nan")


def neighbor_votes(
    found: "Neighbors", *, targets: "Sequence[int]", count: int, weighted: bool
) -> "Table | list[list[float]]":
    """Return the share of each class among the neighbors: n x count. `targets`: each training row's class number."""
    if not weighted and not isinstance(found, list):
        made = found.votes(targets, count)
        if made is not None:
            return made
    table = []
    for pairs in found:
        votes = _count_votes(pairs, targets, count, weighted)
        total = numpy_sum(votes)
        table.append([vote / total for vote in votes])
    return table


def neighbor_label(found: "Neighbors", *, targets: "Sequence[int]", classes: "list[Label]") -> "list[Label]":
    """Return the class with the largest weight. The first wins a tie, so weights are added in the original's order."""
    labels = []
    for pairs in found:
        weights = _weigh(pairs)
        voted = [targets[position] for _, position in pairs]
        best, most = 0, -1.0
        for place in range(len(classes)):
            total = numpy_sum([weight if target == place else 0.0 for target, weight in zip(voted, weights)])
            if total > most:
                best, most = place, total
        labels.append(classes[best])
    return labels


def neighbor_means(
    found: "Neighbors", *, targets: "Sequence[Sequence[float]]", weighted: bool, alone: float = NAN
) -> "list[list[float]]":
    """Return the mean of the neighbors' targets (training rows x t); `weighted` by 1 / distance.

    `alone`: the answer for a row without neighbors.
    """
    table = []
    for pairs in found:
        values = [targets[position] for _, position in pairs]
        if not values:
            table.append([alone] * len(targets[0]))
            continue
        if not weighted:
            table.append([numpy_sum(list(column)) / len(values) for column in zip(*values)])
            continue
        weights = _weigh(pairs)
        total = numpy_sum(weights)
        sums = [numpy_sum([value * weight for value, weight in zip(column, weights)]) for column in zip(*values)]
        table.append([value / total for value in sums])
    return table


def radius_votes(
    found: "Neighbors", *, targets: "Sequence[int]", count: int, weighted: bool, outlier: "int | None", refuse: bool
) -> "list[list[float]]":
    """Return `neighbor_votes` for neighbors within a radius.

    A row without neighbors belongs to the class `outlier`, or to none; with `refuse` it is refused (InvalidInput).
    """
    table = []
    for pairs in found:
        if pairs:
            votes = _count_votes(pairs, targets, count, weighted)
            total = numpy_sum(votes) or 1.0
            table.append([vote / total for vote in votes])
            continue
        if refuse:
            raise InvalidInput(
                "no training row lies within the radius of this row, and the model has no label for outliers"
            )
        table.append([1.0 if place == outlier else 0.0 for place in range(count)])
    return table


def label_or_outlier(rows: "list[list[float]]", *, classes: "list[Label]", outlier: "Label") -> "list[Label]":
    """Return the class of the largest cell, the first in a tie; `outlier` for a row of zeros."""
    return [classes[row.index(max(row))] if any(row) else outlier for row in rows]


def local_outlier_factor(
    found: "Neighbors", *, reaches: "Sequence[float]", densities: "Sequence[float]"
) -> "list[list[float]]":
    """Return the negated ratio of the neighbors' density to the row's density: n x 1.

    `reaches`: each training row's distance to its last neighbor. `densities`: their local reachability densities.
    """
    table = []
    for pairs in found:
        distances = [max(distance, reaches[position]) for distance, position in pairs]
        density = 1.0 / (numpy_sum(distances) / len(distances) + 1e-10)
        # Infinitely far from all neighbors, the density is zero. numpy divides by it.
        ratios = [densities[position] / density if density else INFINITY for _, position in pairs]
        table.append([-(numpy_sum(ratios) / len(ratios))])
    return table


def _count_votes(pairs: "Pairs", targets: "Sequence[int]", count: int, weighted: bool) -> "list[float]":
    votes = [0.0] * count
    weights = _weigh(pairs) if weighted else [1.0] * len(pairs)
    for (_, position), weight in zip(pairs, weights):
        votes[targets[position]] += weight
    return votes


def _weigh(pairs: "Pairs") -> "list[float]":
    """Return 1 / distance. If some neighbors have distance zero, only those count."""
    weights = [1.0 / distance if distance else INFINITY for distance, _ in pairs]
    if INFINITY in weights:
        weights = [1.0 if weight == INFINITY else 0.0 for weight in weights]
    if not any(weights):
        raise ValueError("its neighbors are infinitely far away")
    return weights
