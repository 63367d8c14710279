"""Naive Bayes for categorical and binary features."""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def category_log_likelihoods(
    rows: "list[list[float]]",
    *,
    values: "Sequence[Sequence[float]]",
    starts: "Sequence[int]",
    priors: "Sequence[float]",
) -> "list[list[float]]":
    """Add for each class the log likelihood of each feature's category in order, then the prior: n x k.

    A cell is truncated to an integer, as numpy does. Category c of feature f is row `starts[f] + c` of `values`.
    Source: sklearn.naive_bayes.CategoricalNB.
    """
    table = []
    for number, row in enumerate(rows):
        totals = [0.0] * len(priors)
        for feature, value in enumerate(row):
            count = starts[feature + 1] - starts[feature]
            if not -1.0 < value < count:
                raise InvalidInput(
                    f"row {number}, column {feature}: {value!r} is not a category seen in training; expected 0 to {count - 1}",
                    row=number,
                    expected=f"a whole number from 0 to {count - 1}",
                )
            for place, likelihood in enumerate(values[starts[feature] + int(value)]):
                totals[place] += likelihood
        table.append([total + prior for total, prior in zip(totals, priors)])
    return table


def above_threshold(rows: "list[list[float]]", *, threshold: float) -> "list[list[float]]":
    """Return 1 for cells greater than the threshold, else 0."""
    return [[1.0 if value > threshold else 0.0 for value in row] for row in rows]
