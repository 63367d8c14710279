"""Functions of single cells: exponentials, logarithms, activations.

Each is computed in float64 and rounded once to the type of the input: the nearest float32.
"""

import math

from .arrays import Array, make

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .arrays import Attributes, Inputs, StepFunction

NAN, INFINITY = math.nan, math.inf
# The exponential of a larger number overflows.
OVERFLOW = 709.782712893384
LARGEST_FLOAT32 = 3.4028235677973362e38


def exponential(value: float) -> float:
    """Return exp(x), infinite beyond the largest double."""
    return math.exp(value) if value <= OVERFLOW else value + INFINITY


def logarithm(value: float) -> float:
    """Return log(x): NaN below zero, minus infinity at zero."""
    return math.log(value) if value > 0.0 else (-INFINITY if value == 0.0 else NAN)


def sigmoid(value: float) -> float:
    """Return 1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + math.exp(-value)) if value > -OVERFLOW else (0.0 if value == value else NAN)


def softplus(value: float) -> float:
    """Return log(1 + exp(x))."""
    return (value if value > 0.0 else 0.0) + math.log1p(math.exp(-abs(value)))


def divide(one: float, other: float) -> float:
    """Return one / other as IEEE 754 does."""
    if other:
        return one / other
    if one != one or one == 0.0 or other != other:
        return NAN
    return math.copysign(INFINITY, one) * math.copysign(1.0, other)


def _guarded(function: "Callable[[float], float]") -> "Callable[[float], float]":
    """Return NaN outside the domain, instead of an error."""

    def guarded(value: float) -> float:
        try:
            return function(value)
        except (ValueError, OverflowError):
            return NAN

    return guarded


def _sinh(value: float) -> float:
    return math.sinh(value) if abs(value) < 710.0 else value * INFINITY


def _cosh(value: float) -> float:
    return math.cosh(value) if abs(value) < 710.0 else INFINITY


def _atanh(value: float) -> float:
    return math.copysign(INFINITY, value) if abs(value) == 1.0 else _guarded(math.atanh)(value)


def _round_even(value: float) -> float:
    return float(round(value)) if math.isfinite(value) else value


def _gelu(value: float) -> float:
    return 0.5 * value * (1.0 + math.erf(value * 0.7071067811865476))


def _gelu_tanh(value: float) -> float:
    return 0.5 * value * (1.0 + math.tanh(0.7978845608028654 * (value + 0.044715 * value * value * value)))


# By cell, without attributes. The result has the type of the input.
UNARY: "dict[str, Callable[[float], float]]" = {
    "Abs": abs,
    "Acos": _guarded(math.acos),
    "Acosh": _guarded(math.acosh),
    "Asin": _guarded(math.asin),
    "Asinh": math.asinh,
    "Atan": math.atan,
    "Atanh": _atanh,
    "Ceil": lambda x: float(math.ceil(x)) if math.isfinite(x) else x,
    "Cos": _guarded(math.cos),
    "Cosh": _cosh,
    "Erf": math.erf,
    "Exp": exponential,
    "Floor": lambda x: float(math.floor(x)) if math.isfinite(x) else x,
    "HardSwish": lambda x: x * max(0.0, min(1.0, x / 6.0 + 0.5)),
    "Log": logarithm,
    "Mish": lambda x: x * math.tanh(softplus(x)),
    "Neg": lambda x: -x,
    "Reciprocal": lambda x: divide(1.0, x),
    "Relu": lambda x: x if x > 0 or x != x else type(x)(0),
    "Round": _round_even,
    "Sigmoid": sigmoid,
    "Sign": lambda x: (x > 0) - (x < 0),
    "Sin": _guarded(math.sin),
    "Sinh": _sinh,
    "Softplus": softplus,
    "Softsign": lambda x: x / (1.0 + abs(x)),
    "Sqrt": _guarded(math.sqrt),
    "Tan": _guarded(math.tan),
    "Tanh": math.tanh,
}


def _elu(a: "Attributes") -> "Callable[[float], float]":
    alpha = a.get("alpha", 1.0)
    return lambda x: x if x >= 0.0 else alpha * math.expm1(x)


def _celu(a: "Attributes") -> "Callable[[float], float]":
    alpha = a.get("alpha", 1.0)
    return lambda x: max(0.0, x) + min(0.0, alpha * math.expm1(x / alpha)) if x < 0.0 else x


def _gelu_of(a: "Attributes") -> "Callable[[float], float]":
    return _gelu_tanh if a.get("approximate", "none") == "tanh" else _gelu


def _hard_sigmoid(a: "Attributes") -> "Callable[[float], float]":
    alpha, beta = a.get("alpha", 0.20000000298023224), a.get("beta", 0.5)
    return lambda x: max(0.0, min(1.0, alpha * x + beta))


def _leaky(a: "Attributes") -> "Callable[[float], float]":
    alpha = a.get("alpha", 0.009999999776482582)
    return lambda x: x if x >= 0.0 else alpha * x


def _selu(a: "Attributes") -> "Callable[[float], float]":
    alpha, gamma = a.get("alpha", 1.6732631921768188), a.get("gamma", 1.0507010221481323)
    return lambda x: gamma * x if x > 0.0 else gamma * alpha * math.expm1(x)


def _shrink(a: "Attributes") -> "Callable[[float], float]":
    bias, lambd = a.get("bias", 0.0), a.get("lambd", 0.5)
    return lambda x: x + bias if x < -lambd else x - bias if x > lambd else type(x)(0)


def _swish(a: "Attributes") -> "Callable[[float], float]":
    alpha = a.get("alpha", 1.0)
    return lambda x: x * sigmoid(alpha * x)


def _thresholded(a: "Attributes") -> "Callable[[float], float]":
    alpha = a.get("alpha", 1.0)
    return lambda x: x if x > alpha else 0.0


# By cell, with attributes: a function of them.
CONFIGURED: "dict[str, Callable[[Attributes], Callable[[float], float]]]" = {
    "Celu": _celu,
    "Elu": _elu,
    "Gelu": _gelu_of,
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": _leaky,
    "Selu": _selu,
    "Shrink": _shrink,
    "Swish": _swish,
    "ThresholdedRelu": _thresholded,
}


def _unary(function: "Callable[[float], float]") -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        value = inputs[0]
        return [make(map(function, value.cells), value.shape, value.kind)]

    return step


def _configured(
    function: "Callable[[Attributes], Callable[[float], float]]",
) -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        value = inputs[0]
        return [make(map(function(attributes), value.cells), value.shape, value.kind)]

    return step


FUNCTIONS: "dict[str, StepFunction]" = {
    **{name: _unary(function) for name, function in UNARY.items()},
    **{name: _configured(function) for name, function in CONFIGURED.items()},
}
