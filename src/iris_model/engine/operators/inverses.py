"""Inverses of target transformations. Sources: numpy, sklearn.preprocessing, scipy.special.inv_boxcox."""

from math import exp, log1p

from iris_model.engine.functions import FUNCTIONS, INFINITY, NAN, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = list[list[float]]

# The library treats smaller numbers as zero: the distance from 1.0 to the next double.
EPSILON = 2.0**-52


def numpy_function(rows: "Table", *, name: str) -> "Table":
    """Apply the function that numpy calls `name` to each cell, with numpy's values outside its domain."""
    function = FUNCTIONS[name]
    return [[call(function, name, value) for value in row] for row in rows]


def scale_back(rows: "Table", *, factor: "Sequence[float]", offset: "Sequence[float]") -> "Table":
    """Return x * factor + offset by column: the inverse of `scale`."""
    pairs = tuple(zip(factor, offset))
    return [[value * by + shift for value, (by, shift) in zip(row, pairs)] for row in rows]


def power_back(rows: "Table", *, lambdas: "Sequence[float]", method: str) -> "Table":
    """Return the inverse of a power transformation, "yeo-johnson" or "box-cox", by column."""
    function = _yeo_johnson_back if method == "yeo-johnson" else _box_cox_back
    return [[function(value, exponent) for value, exponent in zip(row, lambdas)] for row in rows]


def _yeo_johnson_back(value: float, exponent: float) -> float:
    if value >= 0:
        if abs(exponent) < EPSILON:
            return _exp(value) - 1
        return _power(value * exponent + 1, 1 / exponent) - 1
    if abs(exponent - 2) > EPSILON:
        return 1 - _power(-(2 - exponent) * value + 1, 1 / (2 - exponent))
    return 1 - _exp(-value)


def _box_cox_back(value: float, exponent: float) -> float:
    if exponent == 0:
        return _exp(value)
    return _exp(call(log1p, "log1p", exponent * value) / exponent)


def _exp(value: float) -> float:
    return call(exp, "exp", value)


def _power(base: float, exponent: float) -> float:
    """Return numpy's power: NaN for a fractional power of a negative number, infinite on overflow and at a pole."""
    if base < 0 and exponent != int(exponent):
        return NAN
    odd = base < 0 and exponent % 2 == 1
    if base == 0 and exponent < 0:
        return INFINITY
    try:
        return float(base**exponent)
    except OverflowError:
        return -INFINITY if odd else INFINITY
