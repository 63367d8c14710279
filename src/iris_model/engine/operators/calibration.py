"""Calibrated probabilities from scores. Source: sklearn.calibration."""

from iris_model.engine import elementary

from .densities import numpy_sum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = list[list[float]]

# Rounding may make a probability a little larger than 1. The library clips it to 1 up to this value.
HIGHEST = 1.0 + 1e-5

NAN = float("nan")


def sigmoid_calibration(rows: "Table", *, slopes: "Sequence[float]", intercepts: "Sequence[float]") -> "Table":
    """Return 1 / (1 + exp(slope * x + intercept)), by column."""
    pairs = tuple(zip(slopes, intercepts))
    table = []
    for row in rows:
        line = []
        for value, (slope, intercept) in zip(row, pairs):
            value = -(slope * value + intercept)
            if value >= 0:
                line.append(1.0 / (1.0 + elementary.exp(-value)))
            else:
                power = elementary.exp(value)
                line.append(power / (1.0 + power))
        table.append(line)
    return table


def calibrated_probabilities(rows: "Table", *, positions: "Sequence[int]", count: int) -> "Table":
    """Put each calibrated column at the position of its class, and divide each row by its sum: n x count.

    With two classes, the second is calibrated and the first is its complement. A row of zeros becomes uniform.
    """
    table = []
    for row in rows:
        if count == 2:
            line = [1.0 - row[0], row[0]]
        else:
            line = [0.0] * count
            for position, value in zip(positions, row):
                line[position] = value
            total = numpy_sum(line)
            line = [value / total for value in line] if total else [1 / count] * count
        table.append([1.0 if 1.0 < value <= HIGHEST else value for value in line])
    return table


def scaled_temperature(rows: "Table", *, beta: float, of_probabilities: bool) -> "Table":
    """Return softmax(beta * logits). The logits of probabilities are their logarithms."""
    table = []
    for row in rows:
        logits = [elementary.log(value + 1e-12) for value in row] if of_probabilities else row
        scaled = [beta * value for value in logits]
        largest = max(scaled)
        powers = [elementary.exp(value - largest) for value in scaled]
        total = numpy_sum(powers)
        line = [power / total for power in powers]
        table.append([1.0 if 1.0 < value <= HIGHEST else value for value in line])
    return table


def normalize_unless_zero(rows: "Table", *, keeps_zeros: bool) -> "Table":
    """Divide each row by its sum. Source: sklearn.multiclass.OneVsRestClassifier.predict_proba.

    A row of zeros stays zeros if `keeps_zeros`, else it becomes NaN, as in scikit-learn up to 1.6.
    """
    table = []
    for row in rows:
        total = numpy_sum(row)
        if total:
            table.append([value / total for value in row])
        else:
            table.append(row if keeps_zeros else [NAN] * len(row))
    return table
