"""Combine the answers of a meta-estimator's estimators: votes, means, pairs of classes."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.contract.signature import Label

    Table = list[list[float]]


def majority_label(*positions: "list[int]", weights: "Sequence[float]", classes: "list[Label]") -> "list[Label]":
    """Return the class with the largest weight of its voters; the first class wins a tie.

    Source: sklearn.ensemble.VotingClassifier.predict (weights are added in the order of the voters).
    """
    labels = []
    for named in zip(*positions):
        totals = [0.0] * len(classes)
        for position, weight in zip(named, weights):
            totals[position] += weight
        labels.append(classes[totals.index(max(totals))])
    return labels


def weighted_mean(*tables: "Table", weights: "Sequence[float]", total: float) -> "Table":
    """Multiply tables of one shape by their weights, add them in order, divide by `total`. Source: numpy.average."""
    result = []
    for rows in zip(*tables):
        line = []
        for cells in zip(*rows):
            value = 0.0
            for cell, weight in zip(cells, weights):
                value += cell * weight
            line.append(value / total)
        result.append(line)
    return result


def pair_scores(predictions: "Table", confidences: "Table", /, *, count: int) -> "Table":
    """Return for each class the votes of all pairs plus the confidences, mapped into (-1/3, 1/3).

    The pairs are (0, 1), (0, 2), ..., (1, 2), ... A prediction of 0 is a vote for the pair's first class, 1 for the
    second. Source: sklearn.utils.multiclass._ovr_decision_function.
    """
    pairs = [(first, second) for first in range(count) for second in range(first + 1, count)]
    table = []
    for named, sure in zip(predictions, confidences):
        votes, sums = [0] * count, [0.0] * count
        for (first, second), prediction, confidence in zip(pairs, named, sure):
            sums[first] -= confidence
            sums[second] += confidence
            if prediction == 0:
                votes[first] += 1
            elif prediction == 1:
                votes[second] += 1
        table.append([vote + total / (3 * (abs(total) + 1)) for vote, total in zip(votes, sums)])
    return table
