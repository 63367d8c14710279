"""Functions of one number that return numpy's value where Python raises. Source: numpy.ufunc, C99 Annex F."""

from math import ceil, copysign, cos, floor, log2, log10, sin, sqrt, tan, trunc

from . import elementary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

NAN = float("nan")
INFINITY = float("inf")

# numpy's name -> the same function of one number.
FUNCTIONS: "dict[str, Callable[[float], float]]" = {
    "absolute": abs,
    "fabs": abs,
    "ceil": lambda value: copysign(ceil(value), value),
    "cos": cos,
    "exp": lambda value: elementary.exp(value),
    "exp2": lambda value: elementary.exp2(value),
    "expm1": elementary.expm1,
    "floor": lambda value: copysign(floor(value), value),
    "log": lambda value: elementary.log(value),
    "log10": log10,
    "log1p": lambda value: elementary.log1p(value),
    "log2": log2,
    "negative": lambda value: -value,
    "positive": lambda value: value,
    "reciprocal": lambda value: 1.0 / value,
    "rint": lambda value: copysign(round(value), value),
    "sign": lambda value: (value > 0) - (value < 0.0) + 0.0,
    "sin": sin,
    "sqrt": sqrt,
    "square": lambda value: value * value,
    "tan": tan,
    "tanh": lambda value: elementary.tanh(value),
    "trunc": lambda value: copysign(trunc(value), value),
}
# The argument at which a function is minus infinity.
POLES = {"log": 0.0, "log10": 0.0, "log2": 0.0, "log1p": -1.0}
# Functions that overflow, and functions that return an infinity unchanged.
GROWING = ("exp", "exp2", "expm1")
STEPS = ("ceil", "floor", "rint", "trunc")


def call(function: "Callable[[float], float]", name: str, value: float) -> float:
    """Return `function(value)`: infinite at a pole and on overflow, NaN outside the domain and for NaN."""
    if value != value:
        return value
    try:
        return function(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        if name in GROWING:
            return INFINITY
        if name in STEPS:
            return value
        if name == "reciprocal":
            return copysign(INFINITY, value)
        return -INFINITY if value == POLES.get(name) else NAN
