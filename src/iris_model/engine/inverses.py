"""Ways back from a transformed target. Sources: numpy, sklearn.preprocessing, scipy.special.inv_boxcox."""

from math import exp, expm1, log, log1p, log2, log10, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Table = list[list[float]]

# numpy's name -> the same function of one number.
FUNCTIONS: "dict[str, Callable[[float], float]]" = {
    "absolute": abs,
    "exp": exp,
    "exp2": lambda value: 2.0**value,
    "expm1": expm1,
    "log": log,
    "log10": log10,
    "log1p": log1p,
    "log2": log2,
    "negative": lambda value: -value,
    "reciprocal": lambda value: 1.0 / value,
    "sqrt": sqrt,
    "square": lambda value: value * value,
}

# What the library takes for zero: the distance from 1.0 to the next double.
EPSILON = 2.0**-52


def numpy_function(rows: "Table", *, name: str) -> "Table":
    """The function that numpy calls `name`, cell by cell."""
    function = FUNCTIONS[name]
    try:
        return [[function(value) for value in row] for row in rows]
    except ZeroDivisionError as error:
        raise ValueError("a division by zero") from error


def scale_back(rows: "Table", *, factor: "Sequence[float]", offset: "Sequence[float]") -> "Table":
    """x * factor + offset, column by column: the way back of `scale`."""
    pairs = tuple(zip(factor, offset))
    return [[value * by + shift for value, (by, shift) in zip(row, pairs)] for row in rows]


def power_back(rows: "Table", *, lambdas: "Sequence[float]", method: str) -> "Table":
    """The way back of a power transformation, "yeo-johnson" or "box-cox", column by column."""
    function = _yeo_johnson_back if method == "yeo-johnson" else _box_cox_back
    return [[function(value, exponent) for value, exponent in zip(row, lambdas)] for row in rows]


def _yeo_johnson_back(value: float, exponent: float) -> float:
    if value >= 0:
        if abs(exponent) < EPSILON:
            return exp(value) - 1
        return _power(value * exponent + 1, 1 / exponent) - 1
    if abs(exponent - 2) > EPSILON:
        return 1 - _power(-(2 - exponent) * value + 1, 1 / (2 - exponent))
    return 1 - exp(-value)


def _box_cox_back(value: float, exponent: float) -> float:
    if exponent == 0:
        return exp(value)
    return exp(log1p(exponent * value) / exponent)


def _power(base: float, exponent: float) -> float:
    if base < 0 and exponent != int(exponent):
        raise ValueError("a fractional power of a negative number")
    if base == 0 and exponent < 0:
        raise ValueError("a negative power of zero")
    return float(base**exponent)
