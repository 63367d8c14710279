"""Inverse link functions: probabilities from decisions."""

from iris_model.engine import elementary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.engine.packed import Table

    Rows = Table | list[list[float]]


def add_in_order(values: "list[float]") -> float:
    """Return the sum, added from left to right. Since Python 3.12, `sum` compensates rounding errors."""
    total = 0.0
    for value in values:
        total += value
    return total


def _expit(value: float) -> float:
    if value >= 0:
        return 1.0 / (1.0 + elementary.exp(-value))
    power = elementary.exp(value)
    return power / (1.0 + power)


def expit(rows: "Rows") -> "Rows":
    """Return 1 / (1 + exp(-x)) by cell. Source: scipy.special.expit."""
    if not isinstance(rows, list) and (made := rows.map("expit")) is not None:
        return made
    return [[_expit(value) for value in row] for row in rows]


def expit_pair(rows: "Rows") -> "Rows":
    """Return the probabilities of both classes, [1 - p, p], for each row's one decision."""
    if not isinstance(rows, list) and (made := rows.map("expit_pair")) is not None:
        return made
    pairs = []
    for row in rows:
        probability = _expit(row[0])
        pairs.append([1.0 - probability, probability])
    return pairs


def softmax(rows: "Rows") -> "Rows":
    """Return exp(x - max) divided by their sum, by row. Source: sklearn.utils.extmath.softmax."""
    if not isinstance(rows, list) and (made := rows.map("softmax")) is not None:
        return made
    table = []
    for row in rows:
        largest = max(row)
        powers = [elementary.exp(value - largest) for value in row]
        total = add_in_order(powers)
        table.append([power / total for power in powers])
    return table


def softmax_pair(rows: "Rows") -> "Rows":
    """Return softmax([-d, d]) for each row's one decision d: binary LogisticRegression with multinomial loss."""
    if not isinstance(rows, list) and (made := rows.map("softmax_pair")) is not None:
        return made
    return softmax([[-row[0], row[0]] for row in rows])


def normalize_rows(rows: "list[list[float]]") -> "list[list[float]]":
    """Divide each row by its sum; a row of zeros becomes uniform. Source: LinearClassifierMixin._predict_proba_lr."""
    table = []
    for row in rows:
        total = add_in_order(row)
        table.append([value / total for value in row] if total else [1.0 / len(row)] * len(row))
    return table
