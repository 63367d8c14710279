"""Functions of single cells: activations, inverse link functions, logarithms of probabilities."""

from iris_model.engine import elementary

from .links import add_in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.engine.packed import Table

    Rows = Table | list[list[float]]

# The exponential of a larger number overflows.
OVERFLOW = 709.782712893384
INFINITY = float("inf")


def exponential(rows: "Rows") -> "Rows":
    """Return exp(x) by cell, the inverse of the logarithmic link; infinite beyond the largest double."""
    if not isinstance(rows, list) and (made := rows.map("exponential")) is not None:
        return made
    return [[elementary.exp(value) if value <= OVERFLOW else value + INFINITY for value in row] for row in rows]


def normalize_log(rows: "list[list[float]]") -> "list[list[float]]":
    """Return exp(x - logsumexp(x)) by row: probabilities of joint log likelihoods. Source: scipy.special.logsumexp."""
    table = []
    for row in rows:
        largest = max(row)
        total = largest + elementary.log(add_in_order([elementary.exp(value - largest) for value in row]))
        table.append([elementary.exp(value - total) for value in row])
    return table


def logistic(rows: "Rows", *, slope: float) -> "Rows":
    """Return 1 / (1 + exp(-slope * x)). Far below zero this form gives 0, so that ties equal those of LightGBM."""
    if not isinstance(rows, list) and (made := rows.map("logistic", slope)) is not None:
        return made
    return [
        [1.0 / (1.0 + elementary.exp(-slope * value)) if slope * value > -OVERFLOW else 0.0 for value in row]
        for row in rows
    ]


def complement_pair(rows: "Rows") -> "Rows":
    """Return [1 - p, p] for each row's one probability p."""
    if not isinstance(rows, list) and (made := rows.map("complement_pair")) is not None:
        return made
    return [[1.0 - row[0], row[0]] for row in rows]


def softplus(rows: "list[list[float]]") -> "list[list[float]]":
    """Return log(1 + exp(x)) by cell; infinite where exp(x) is, as in LightGBM."""
    return [
        [elementary.log1p(elementary.exp(value)) if value <= OVERFLOW else value + INFINITY for value in row]
        for row in rows
    ]


def signed_squares(rows: "list[list[float]]") -> "list[list[float]]":
    """Return x * |x| by cell: the inverse of a square root that keeps the sign."""
    return [[value * abs(value) for value in row] for row in rows]


def tanh(rows: "list[list[float]]") -> "list[list[float]]":
    """Return the hyperbolic tangent by cell."""
    return [[elementary.tanh(value) for value in row] for row in rows]


def relu(rows: "list[list[float]]") -> "list[list[float]]":
    """Replace cells below zero by zero."""
    return [[value if value > 0.0 else 0.0 for value in row] for row in rows]


def clipped_logit(rows: "list[list[float]]", *, index: int, scale: float, epsilon: float) -> "list[list[float]]":
    """Return `scale` times the log odds of one column of probabilities. Source: sklearn.ensemble._gb.

    Probabilities are clipped to [epsilon, 1 - epsilon].
    """
    table = []
    for row in rows:
        probability = min(max(row[index], epsilon), 1.0 - epsilon)
        table.append([scale * elementary.log(probability / (1.0 - probability))])
    return table


def clipped_centered_log(rows: "list[list[float]]", *, epsilon: float) -> "list[list[float]]":
    """Return logarithms of probabilities minus their mean, by row. Source: sklearn._loss.link.

    Probabilities are clipped to [epsilon, 1 - epsilon].
    """
    table = []
    for row in rows:
        logs = [elementary.log(min(max(value, epsilon), 1.0 - epsilon)) for value in row]
        mean = add_in_order(logs) / len(logs)
        table.append([value - mean for value in logs])
    return table
