"""Combine the answers of an ensemble's members, except sums over trees."""

from iris_model.engine import elementary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.contract.signature import Label


def label_votes(
    *labels: "list[object]", classes: "list[Label]", right: "Sequence[float]", wrong: "Sequence[float]"
) -> "list[list[float]]":
    """Add `right` to the class that a member predicts and `wrong` to the others, in the order of the members.

    Source: sklearn.ensemble.AdaBoostClassifier.decision_function.
    """
    table = []
    for named in zip(*labels):
        totals = [0.0] * len(classes)
        for label, gain, loss in zip(named, right, wrong):
            for position, one in enumerate(classes):
                totals[position] += gain if one == label else loss
        table.append(totals)
    return table


def centered_logs(rows: "list[list[float]]", *, factor: float) -> "list[list[float]]":
    """Return logarithms of probabilities minus their mean, times `factor`. Source: AdaBoost's _samme_proba.

    Probabilities are clipped above zero.
    """
    table = []
    for row in rows:
        logs = [elementary.log(max(value, 2.0**-52)) for value in row]
        mean = 1.0 / len(logs) * _sum(tuple(logs))
        table.append([factor * (value - mean) for value in logs])
    return table


def adaboost_decisions(rows: "list[list[float]]", *, weight: float) -> "list[list[float]]":
    """Divide the votes by the weight of all members. Two classes give one number, the second minus the first."""
    table = [[value / weight for value in row] for row in rows]
    return [[row[1] - row[0]] for row in table] if rows and len(rows[0]) == 2 else table


def halve_pair(rows: "list[list[float]]") -> "list[list[float]]":
    """Return [-d / 2, d / 2] for each row's one decision d."""
    return [[-row[0] / 2, row[0] / 2] for row in rows]


def weighted_median(rows: "list[list[float]]", *, weights: "Sequence[float]") -> "list[float]":
    """Return for each row the smallest number with at least half of the weight at or below it.

    Source: sklearn.ensemble.AdaBoostRegressor._get_median_predict.
    """
    weights = list(weights)
    column = []
    for row in rows:
        order = sorted(range(len(row)), key=row.__getitem__)
        total = 0.0
        sums = []
        for index in order:
            total += weights[index]
            sums.append(total)
        half = 0.5 * total
        column.append(next(row[index] for index, reached in zip(order, sums) if reached >= half))
    return column


def mean_of(*values: "list[object]", count: int) -> "list[object]":
    """Add tables, or flat columns, in order, and divide by `count`."""
    if values[0] and isinstance(values[0][0], list):
        return [[_sum(cells) / count for cells in zip(*parts)] for parts in zip(*values)]
    return [_sum(cells) / count for cells in zip(*values)]


def _sum(cells: "tuple[float, ...]") -> float:
    # Not `sum`: since Python 3.12 it compensates rounding errors, and the originals do not.
    total = 0.0
    for cell in cells:
        total += cell
    return total


def mean_votes(*members: "list[object]", classes: "list[list[int]]", width: int) -> "list[list[float]]":
    """Return the mean of the members' probabilities. Source: sklearn.ensemble._bagging._parallel_predict_proba.

    A member without probabilities gives 1 to the class that it predicts. `classes`: each member's class numbers.
    """
    table = []
    for answers in zip(*members):
        totals = [0.0] * width
        for answer, known in zip(answers, classes):
            if isinstance(answer, list):
                for place, probability in zip(known, answer):
                    totals[place] += probability
            else:
                totals[answer] += 1
        table.append([total / len(members) for total in totals])
    return table


def isolation_scores(rows: "list[list[float]]", *, longest: float) -> "list[float]":
    """Return -2 ** (-depth / longest) of the summed path lengths: the negated anomaly score.

    Source: sklearn.ensemble.IsolationForest._compute_score_samples.
    """
    return [-elementary.exp2(-(row[0] / longest)) if longest else -0.5 for row in rows]


def subtract(values: "list[float]", *, offset: float) -> "list[float]":
    """Subtract `offset` from each number of a flat column."""
    return [value - offset for value in values]


def depth_label(rows: "list[list[float]]", *, least: float) -> "list[int]":
    """Return 1 (inlier) if the summed path length is at least `least`, else -1 (outlier)."""
    return [1 if row[0] >= least else -1 for row in rows]
