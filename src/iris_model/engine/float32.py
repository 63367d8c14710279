"""What XGBoost computes after the sum of its trees, rounded to float32 at every step as it does.

Exponentials are of the double, then rounded: libraries round nearly all of theirs so; `compile` allows 1e-6 for values that
come from here.
"""

from math import exp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .packed import Table

    Rows = Table | list[list[float]]

# The largest number of which XGBoost takes the exponential in its sigmoid.
LARGEST_EXPONENT = 88.69999694824219
# Beyond, a float32 exponential is infinite.
OVERFLOW = 88.72283935546875


def _rounder() -> "Callable[[float], float]":
    cell = memoryview(bytearray(4)).cast("f")

    def rounded(value: float) -> float:
        cell[0] = value
        return cell[0]

    return rounded


def expit_float32(rows: "Rows") -> "Rows":
    """1 / (exp(-x) + 1), cell by cell."""
    if not isinstance(rows, list) and (made := rows.map("expit_float32")) is not None:
        return made
    rounded = _rounder()
    return [
        [rounded(1.0 / rounded(rounded(exp(min(-value, LARGEST_EXPONENT))) + 1.0)) for value in row] for row in rows
    ]


def exponential_float32(rows: "Rows") -> "Rows":
    """exp(x), cell by cell."""
    if not isinstance(rows, list) and (made := rows.map("exponential_float32")) is not None:
        return made
    rounded = _rounder()
    return [[rounded(exp(value)) if value < OVERFLOW else float("inf") for value in row] for row in rows]


def softmax_float32(rows: "Rows") -> "Rows":
    """exp(x - max) over their sum, which is added in float64."""
    if not isinstance(rows, list) and (made := rows.map("softmax_float32")) is not None:
        return made
    rounded = _rounder()
    table = []
    for row in rows:
        largest = max(row)
        powers = [rounded(exp(rounded(value - largest))) for value in row]
        total = 0.0
        for power in powers:
            total += power
        total = rounded(total)
        table.append([rounded(power / total) for power in powers])
    return table


def step_float32(rows: "list[list[float]]") -> "list[list[float]]":
    """1 above zero, else 0: the answer of a hinge loss."""
    return [[1.0 if value > 0.0 else 0.0 for value in row] for row in rows]


def pair_float32(rows: "Rows") -> "Rows":
    """One probability per row becomes [1 - p, p]."""
    if not isinstance(rows, list) and (made := rows.map("pair_float32")) is not None:
        return made
    rounded = _rounder()
    return [[rounded(1.0 - row[0]), row[0]] for row in rows]


def linear_float32(
    rows: "list[list[float]]", *, weights: "Sequence[Sequence[float]]", bias: "Sequence[float]"
) -> "list[list[float]]":
    """bias + x . w for each output, added cell by cell in float32; a missing cell adds nothing."""
    cell = memoryview(bytearray(4)).cast("f")
    # One list of weights per output.
    by_output = [list(line) for line in weights]
    table = []
    for row in rows:
        present: list[Any] = [(index, value) for index, value in enumerate(row) if value == value]
        totals = []
        for total, line in zip(bias, by_output):
            for index, value in present:
                cell[0] = value * line[index]
                cell[0] = total + cell[0]
                total = cell[0]
            totals.append(total)
        table.append(totals)
    return table
