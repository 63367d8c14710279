"""Values computed in float32 and rounded at every step, as in XGBoost after the sum of its trees and in float32 tables.

Exponentials are computed in float64 and rounded, which gives the libraries' own values nearly always. `compile` allows
1e-6 for values that come from here.
"""

from iris_model.engine import elementary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from iris_model.engine.packed import Table

    Rows = Table | list[list[float]]

# XGBoost's sigmoid clips the exponent to this.
LARGEST_EXPONENT = 88.69999694824219
# The float32 exponential of a larger number overflows.
OVERFLOW = 88.72283935546875


def make_rounder() -> "Callable[[float], float]":
    """Return a function that rounds a float to float32."""
    cell = memoryview(bytearray(4)).cast("f")

    def rounded(value: float) -> float:
        cell[0] = value
        return cell[0]

    return rounded


def expit_float32(rows: "Rows") -> "Rows":
    """Return 1 / (exp(-x) + 1) of each cell."""
    if not isinstance(rows, list) and (made := rows.map("expit_float32")) is not None:
        return made
    rounded = make_rounder()
    return [
        [rounded(1.0 / rounded(rounded(elementary.exp(min(-value, LARGEST_EXPONENT))) + 1.0)) for value in row]
        for row in rows
    ]


def exponential_float32(rows: "Rows") -> "Rows":
    """Return exp(x) by cell."""
    if not isinstance(rows, list) and (made := rows.map("exponential_float32")) is not None:
        return made
    rounded = make_rounder()
    return [[rounded(elementary.exp(value)) if value < OVERFLOW else float("inf") for value in row] for row in rows]


def softmax_float32(rows: "Rows") -> "Rows":
    """Return exp(x - max) divided by their sum, which is added in float64."""
    if not isinstance(rows, list) and (made := rows.map("softmax_float32")) is not None:
        return made
    rounded = make_rounder()
    table = []
    for row in rows:
        largest = max(row)
        powers = [rounded(elementary.exp(rounded(value - largest))) for value in row]
        total = 0.0
        for power in powers:
            total += power
        total = rounded(total)
        table.append([rounded(power / total) for power in powers])
    return table


def round_float32(rows: "Any") -> object:
    """Round each cell to float32, where the original uses float32 tables. A sparse table stays sparse."""
    rounded = make_rounder()
    if hasattr(rows, "starts"):
        return rows.replace([rounded(value) for value in rows.cells()])
    if type(rows[0]) is dict:
        return [{index: rounded(value) for index, value in row.items()} for row in rows]
    return [[rounded(value) for value in row] for row in rows]


def neighbor_means_float32(
    found: "Sequence[Sequence[tuple[float, int]]]", *, targets: "Sequence[Sequence[float]]"
) -> "list[list[float]]":
    """Return `neighbor_means` (votes.py) without weights, for float32 targets: numpy adds and divides in float32.

    Several targets are added row by row, one target in numpy's lanes.
    """
    rounded = make_rounder()
    add = _sum_float32 if len(targets[0]) == 1 else _add_float32
    table = []
    for pairs in found:
        values = [targets[position] for _, position in pairs]
        if values:
            table.append([rounded(add(list(column), rounded) / len(values)) for column in zip(*values)])
        else:
            table.append([float("nan")] * len(targets[0]))
    return table


def _sum_float32(values: "list[float]", rounded: "Callable[[float], float]") -> float:
    """Add as `numpy_sum` (densities.py), and round each addition."""
    count = len(values)
    if count > 128:
        half = count // 2
        half -= half % 8
        return rounded(_sum_float32(values[:half], rounded) + _sum_float32(values[half:], rounded))
    if count >= 8:
        lanes = values[:8]
        whole = count - count % 8
        for start in range(8, whole, 8):
            lanes = [rounded(lane + value) for lane, value in zip(lanes, values[start : start + 8])]
        while len(lanes) > 1:
            lanes = [rounded(one + other) for one, other in zip(lanes[::2], lanes[1::2])]
        values = lanes + values[whole:]
    return _add_float32(values, rounded)


def _add_float32(values: "list[float]", rounded: "Callable[[float], float]") -> float:
    total = 0.0
    for value in values:
        total = rounded(total + value)
    return total


def step_float32(rows: "list[list[float]]") -> "list[list[float]]":
    """Return 1 for cells above zero, else 0: the answer for a hinge loss."""
    return [[1.0 if value > 0.0 else 0.0 for value in row] for row in rows]


def pair_float32(rows: "Rows") -> "Rows":
    """Return [1 - p, p] for each row's one probability p."""
    if not isinstance(rows, list) and (made := rows.map("pair_float32")) is not None:
        return made
    rounded = make_rounder()
    return [[rounded(1.0 - row[0]), row[0]] for row in rows]


def linear_float32(
    rows: "list[list[float]]", *, weights: "Sequence[Sequence[float]]", bias: "Sequence[float]"
) -> "list[list[float]]":
    """Return bias + x . w for each output, added cell by cell in float32. A missing cell adds nothing."""
    cell = memoryview(bytearray(4)).cast("f")
    # One list of weights per output.
    by_output = [list(line) for line in weights]
    table = []
    for row in rows:
        present: list[tuple[int, float]] = [(index, value) for index, value in enumerate(row) if value == value]
        totals = []
        for total, line in zip(bias, by_output):
            for index, value in present:
                cell[0] = value * line[index]
                cell[0] = total + cell[0]
                total = cell[0]
            totals.append(total)
        table.append(totals)
    return table
