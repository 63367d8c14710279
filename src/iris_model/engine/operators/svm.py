"""Support vector machines: decisions, votes and probabilities from kernel values.

Decisions are between pairs of classes, (0, 1), (0, 2), ..., (1, 2), ...: above zero is a vote for the first of the
pair. Source: libsvm, svm.cpp (svm_predict_values).
"""

from _operator import mul
from math import fsum

from iris_model.engine import elementary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from iris_model.contract.signature import Label
    from iris_model.engine.kernel_tables import KernelTable

LEAST_PROBABILITY = 1e-7


def one_vs_one_decisions(
    rows: "list[list[float]] | KernelTable",
    *,
    dual: "Sequence[Sequence[float]]",
    starts: "Sequence[int]",
    intercepts: "Sequence[float]",
) -> "list[list[float]]":
    """Convert kernel values (n x m) to decisions (n x pairs).

    The support vectors of class c are `starts[c]` to `starts[c + 1]`. `dual` (classes - 1 x m) holds their weights
    against each other class: row j - 1 for a later class j, row i for an earlier class i.
    """
    if not isinstance(rows, list):
        made = rows.sums(dual, starts, intercepts)
        if made is not None:
            return made
    weights = list(dual)
    count = len(starts) - 1
    pairs = []
    for i in range(count):
        for j in range(i + 1, count):
            first, second = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
            pairs.append((first, second, [*weights[j - 1][first], *weights[i][second]]))
    try:
        return _sum_pairs(rows, pairs, intercepts, lambda cells, weight: fsum(map(mul, cells, weight)))
    except (OverflowError, ValueError):
        from iris_model.engine.overflowing import sum_products

        return _sum_pairs(rows, pairs, intercepts, sum_products)


def _sum_pairs(
    rows: "Iterable[list[float]]",
    pairs: "list[tuple[slice, slice, list[float]]]",
    intercepts: "Sequence[float]",
    add: "Callable[[list[float], list[float]], float]",
) -> "list[list[float]]":
    return [
        [
            add(row[first] + row[second], weight) + intercept
            for (first, second, weight), intercept in zip(pairs, intercepts)
        ]
        for row in rows
    ]


def one_vs_one_label(rows: "list[list[float]]", *, classes: "list[Label]") -> "list[Label]":
    """Return the first class with the most votes; each decision is a vote."""
    labels = []
    for row in rows:
        votes = [0] * len(classes)
        for (first, second), decision in zip(_pairs(len(classes)), row):
            votes[first if decision > 0 else second] += 1
        labels.append(classes[votes.index(max(votes))])
    return labels


def one_vs_one_scores(rows: "list[list[float]]", *, count: int) -> "list[list[float]]":
    """Return for each class its votes plus the sum of its decisions, mapped into (-1/3, 1/3).

    Source: sklearn.utils.multiclass._ovr_decision_function, where a decision of zero is a vote for the pair's first
    class.
    """
    table = []
    for row in rows:
        votes, sums = [0] * count, [0.0] * count
        for (first, second), decision in zip(_pairs(count), row):
            sums[first] += decision
            sums[second] -= decision
            votes[second if decision < 0 else first] += 1
        table.append([vote + total / (3 * (abs(total) + 1)) for vote, total in zip(votes, sums)])
    return table


def coupled_probabilities(
    rows: "list[list[float]]", *, count: int, slopes: "Sequence[float]", shifts: "Sequence[float]"
) -> "list[list[float]]":
    """Return probabilities: a sigmoid of each decision, then the coupling of all pairs, iterated as libsvm does."""
    table = []
    for row in rows:
        pairwise = [[0.0] * count for _ in range(count)]
        for (first, second), decision, slope, shift in zip(_pairs(count), row, slopes, shifts):
            probability = _sigmoid(decision * slope + shift)
            # libsvm compares in this way. NaN becomes the minimum.
            if not probability > LEAST_PROBABILITY:
                probability = LEAST_PROBABILITY
            probability = min(probability, 1 - LEAST_PROBABILITY)
            pairwise[first][second] = probability
            pairwise[second][first] = 1 - probability
        table.append(_couple(pairwise))
    return table


def _pairs(count: int) -> "list[tuple[int, int]]":
    return [(first, second) for first in range(count) for second in range(first + 1, count)]


def _sigmoid(value: float) -> float:
    if value >= 0:
        power = elementary.exp(-value)
        return power / (1.0 + power)
    return 1.0 / (1 + elementary.exp(value))


def _couple(pairwise: "list[list[float]]") -> "list[float]":
    """Apply method 2 of Wu, Lin and Weng (2004). It stops early, so the order of its steps affects the answer."""
    count = len(pairwise)
    classes = range(count)
    matrix = [[-pairwise[j][i] * pairwise[i][j] for j in classes] for i in classes]
    for i in classes:
        diagonal = 0.0
        for j in classes:
            if j != i:
                diagonal += pairwise[j][i] * pairwise[j][i]
        matrix[i][i] = diagonal
    probabilities = [1.0 / count] * count
    tolerance = 0.005 / count
    for _ in range(max(100, count)):
        products = []
        total = 0.0
        for line, probability in zip(matrix, probabilities):
            product = 0.0
            for entry, other in zip(line, probabilities):
                product += entry * other
            products.append(product)
            total += probability * product
        if max(abs(product - total) for product in products) < tolerance:
            break
        for i in classes:
            diagonal = matrix[i][i]
            step = (-products[i] + total) / diagonal
            probabilities[i] += step
            total = (total + step * (step * diagonal + 2 * products[i])) / (1 + step) / (1 + step)
            for j in classes:
                products[j] = (products[j] + step * matrix[i][j]) / (1 + step)
                probabilities[j] /= 1 + step
    return probabilities
