"""Arithmetic, comparisons and types by cell, with ONNX's broadcasting.

Each result is computed in float64 and rounded once to its type. For +, -, *, / and square roots this is the result of
float32 arithmetic.
"""

import math
from _operator import add, and_, eq, ge, gt, le, lt, mul, or_, sub, xor

from .activations import INFINITY, NAN, UNARY, divide
from .arrays import BITS, FLOATS, KINDS, Array, broadcast, expand, make, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arrays import Attributes, Inputs, Numbers, Shape, StepFunction


def _power(one: float, other: float) -> float:
    try:
        made = one**other
    except ZeroDivisionError:
        return INFINITY
    except OverflowError:
        return INFINITY if one > 0 or other % 2 == 0 else -INFINITY
    return NAN if isinstance(made, complex) else made


def _whole_power(one: int, other: float, kind: str) -> int:
    """Return the power of an integer in its type, computed in float64 as by onnxruntime: an exponent may be any number.

    What does not fit is the least integer.
    """
    made = _power(float(one), float(other))
    half = 1 << (BITS[kind] - 1)
    return int(made) if -half <= made < half else -half


def _truncated_quotient(one: int, other: int) -> int:
    made = abs(one) // abs(other)
    return made if (one < 0) == (other < 0) else -made


def _pairs(inputs: "Inputs") -> "tuple[Numbers, Numbers, Shape]":
    shape = broadcast([value.shape for value in inputs])
    return expand(inputs[0], shape), expand(inputs[1], shape), shape


def _whole_pairs(inputs: "Inputs") -> "tuple[Sequence[int], Sequence[int], Shape]":
    """Return the cells of tensors of an integer type."""
    return _pairs(inputs)  # type: ignore[return-value]


def _arithmetic(function: "Callable[[float, float], float]", whole: "Callable[[int, int], int]") -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        kind = inputs[0].kind
        if kind in FLOATS:
            one, other, shape = _pairs(inputs)
            return [make(map(function, one, other), shape, kind)]
        a, b, shape = _whole_pairs(inputs)
        return [make([wrap(made, kind) for made in map(whole, a, b)], shape, kind)]

    return step


def _comparison(function: "Callable[[float, float], bool]") -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        one, other, shape = _pairs(inputs)
        return [make(map(function, one, other), shape, "?")]

    return step


def _power_step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    kind = inputs[0].kind
    exponent = inputs[1]
    if len(exponent.cells) == 1 and kind in FLOATS and len(exponent.shape) <= len(inputs[0].shape):
        by = exponent.cells[0]
        if by == 2:
            return [make([cell * cell for cell in inputs[0].cells], inputs[0].shape, kind)]
        if by == 0.5:
            return [make(map(UNARY["Sqrt"], inputs[0].cells), inputs[0].shape, kind)]
    one, other, shape = _pairs(inputs)
    if kind in FLOATS:
        return [make(map(_power, one, other), shape, kind)]
    return [make([_whole_power(int(a), b, kind) for a, b in zip(one, other)], shape, kind)]


def _modulo(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    one, other, shape = _pairs(inputs)
    kind = inputs[0].kind
    if attributes.get("fmod", 0):
        made = [math.fmod(a, b) if b else NAN for a, b in zip(one, other)]
        return [make(made if kind in FLOATS else map(int, made), shape, kind)]
    return [make([a % b for a, b in zip(one, other)], shape, kind)]


def _shift(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    one, other, shape = _whole_pairs(inputs)
    kind = inputs[0].kind
    if attributes["direction"] == "LEFT":
        most = BITS[kind]  # a longer shift leaves nothing, and its integer could fill the memory
        return [make([wrap(a << min(b, most), kind) for a, b in zip(one, other)], shape, kind)]
    return [make([a >> b for a, b in zip(one, other)], shape, kind)]


def _least(one: float, other: float) -> float:
    return one if one < other or one != one else other


def _greatest(one: float, other: float) -> float:
    return one if one > other or one != one else other


def _fold(function: "Callable[[float, float], float]", *, mean: bool = False) -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        shape = broadcast([value.shape for value in inputs])
        kind = inputs[0].kind
        made: Numbers = expand(inputs[0], shape)
        for value in inputs[1:]:
            made = make(map(function, made, expand(value, shape)), shape, kind).cells
        if mean:
            made = [cell / len(inputs) for cell in made]
        return [make(made, shape, kind)]

    return step


def _clip(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    low = inputs[1].cells[0] if len(inputs) > 1 and inputs[1] is not None else attributes.get("min")
    high = inputs[2].cells[0] if len(inputs) > 2 and inputs[2] is not None else attributes.get("max")
    cells: Numbers = value.cells
    if low is not None:
        cells = [low if cell < low else cell for cell in cells]
    if high is not None:
        cells = [high if cell > high else cell for cell in cells]
    return [make(cells, value.shape, value.kind)]


def _where(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    shape = broadcast([value.shape for value in inputs])
    choices = zip(*[expand(value, shape) for value in inputs])
    return [make([one if yes else other for yes, one, other in choices], shape, inputs[1].kind)]


def _prelu(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, slope = inputs[0], expand(inputs[1], inputs[0].shape)
    cells = [cell if cell >= 0 else cell * by for cell, by in zip(value.cells, slope)]
    return [make(cells, value.shape, value.kind)]


def cast(value: Array, kind: str) -> Array:
    """Return the array with another type of cells. Numbers are truncated towards zero and wrapped."""
    cells: Numbers = value.cells
    if kind == value.kind:
        return value
    if kind == "s":
        return make([_as_text(cell, value.kind) for cell in cells], value.shape, "s")
    if value.kind == "s":
        cells = [_as_number(text, kind) for text in value.texts()]
    if kind == "?":
        return make([cell != 0 for cell in cells], value.shape, kind)
    if kind in FLOATS:
        return make(cells, value.shape, kind)
    if value.kind in FLOATS or value.kind == "s":
        cells = [int(cell) if type(cell) is int or math.isfinite(cell) else -(1 << (BITS[kind] - 1)) for cell in cells]
    return make([wrap(int(cell), kind) for cell in cells], value.shape, kind)


def _as_number(text: str, kind: str) -> "int | float":
    """Return the number in a text. An integer stays exact, beyond what float64 holds."""
    if kind in FLOATS or not text.removeprefix("-").isdecimal():
        return float(text)
    return int(text)


def _as_text(cell: float, kind: str) -> str:
    if kind in FLOATS:
        made = f"{cell:.8g}"  # as onnxruntime, also for float64
        return {"nan": "NaN", "inf": "INF", "-inf": "-INF"}.get(made, made)
    return str(int(cell))


def _cast(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    return [cast(inputs[0], KINDS[attributes["to"]])]


def _cast_like(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    return [cast(inputs[0], inputs[1].kind)]


def _is_infinite(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    found = []
    if attributes.get("detect_positive", 1):
        found.append(INFINITY)
    if attributes.get("detect_negative", 1):
        found.append(-INFINITY)
    return [make([cell in found for cell in inputs[0].cells], inputs[0].shape, "?")]


def _to_truth(function: "Callable[[float], bool]") -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        return [make(map(function, inputs[0].cells), inputs[0].shape, "?")]

    return step


FUNCTIONS: "dict[str, StepFunction]" = {
    "Add": _arithmetic(add, add),
    "And": _comparison(and_),
    "BitShift": _shift,
    "Cast": _cast,
    "CastLike": _cast_like,
    "Clip": _clip,
    "Div": _arithmetic(divide, _truncated_quotient),
    "Equal": _comparison(eq),
    "Greater": _comparison(gt),
    "GreaterOrEqual": _comparison(ge),
    "IsInf": _is_infinite,
    "IsNaN": _to_truth(lambda x: x != x),
    "Less": _comparison(lt),
    "LessOrEqual": _comparison(le),
    "Max": _fold(_greatest),
    "Mean": _fold(add, mean=True),
    "Min": _fold(_least),
    "Mod": _modulo,
    "Mul": _arithmetic(mul, mul),
    "Not": _to_truth(lambda x: not x),
    "Or": _comparison(or_),
    "PRelu": _prelu,
    "Pow": _power_step,
    "Sub": _arithmetic(sub, sub),
    "Sum": _fold(add),
    "Where": _where,
    "Xor": _comparison(xor),
}
