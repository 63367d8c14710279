"""Elementary functions with the same bits on every machine: exp, exp2, expm1, log, log1p, tanh, erf, small whole powers.

C libraries differ in the last bit: glibc with and without fused multiply-add, musl, macOS. These functions use only
additions, multiplications and divisions of IEEE 754 doubles, and fuse none. `csrc/exponential.h` and
`csrc/functions/elementary.c` have the same steps, for the C kernels and the native runtime. The errors are below one unit
in the last place, for tanh below 2.5, for erf below 5. Errors are raised as in `math`.

When the kernels are loaded, those of csrc/scalars.c replace them. So operators call `elementary.exp(x)`, and do not import
`exp`.
"""

from math import frexp, ldexp
from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

INFINITY = float("inf")

# Above this, exp overflows. Below the second number it is 0.
LARGEST = 709.782712893384
LEAST = -746.0

# Adding 1.5 * 2^52 rounds a number to an integer.
TO_WHOLE = 6755399441055744.0
# ln(2) as the sum of two numbers. The first ends in zero bits, so its product with an exponent is exact.
LOG2_HIGH = 0.6931471803691238
LOG2_LOW = 1.9082149292705877e-10
# ln(2), and what its rounding lost.
LOG2 = 0.6931471805599453
LOG2_REST = 2.3190468138462996e-17
ROOT_OF_HALF = 0.7071067811865476


def exp(x: float) -> float:
    """Return e^x = 2^n e^r with |r| <= ln(2) / 2. e^r is its series up to r^13 / 13!."""
    if not LEAST <= x <= LARGEST:
        return _exp_outside(x)
    whole = x * 1.4426950408889634 + TO_WHOLE - TO_WHOLE
    high = x - whole * LOG2_HIGH
    low = whole * LOG2_LOW
    r = high - low
    lost = (high - r) - low
    # As _series; written twice, because a call costs as much as a third of this.
    series = r * 1.6059043836821613e-10 + 2.08767569878681e-09
    series = series * r + 2.505210838544172e-08
    series = series * r + 2.755731922398589e-07
    series = series * r + 2.7557319223985893e-06
    series = series * r + 2.48015873015873e-05
    series = series * r + 0.0001984126984126984
    series = series * r + 0.001388888888888889
    series = series * r + 0.008333333333333333
    series = series * r + 0.041666666666666664
    series = series * r + 0.16666666666666666
    square = r * r
    rest = series * r * square + (lost + lost * r)
    total = 1.0 + r
    return _scale(total + (0.5 * square + (rest + (r - (total - 1.0)))), int(whole))


def exp2(x: float) -> float:
    """Return 2^x."""
    if not -1080.0 <= x < 1024.0:
        return _exp_outside(x)
    whole = x + TO_WHOLE - TO_WHOLE
    part = x - whole
    total, tail = _series(part * LOG2, part * LOG2_REST)
    return _scale(total + tail, int(whole))


def expm1(x: float) -> float:
    """Return e^x - 1 without cancellation."""
    if not -40.0 <= x <= LARGEST:
        return _exp_outside(x) - 1.0
    whole = x * 1.4426950408889634 + TO_WHOLE - TO_WHOLE
    if whole == 0.0:
        if not x:
            return x  # The sum below would lose the sign of -0.0.
        square = x * x
        return x + (0.5 * square + _sum_of_powers(x) * x * square)
    high = x - whole * LOG2_HIGH
    low = whole * LOG2_LOW
    r = high - low
    total, tail = _series(r, (high - r) - low)
    value = total + tail
    power = int(whole)
    if power > 60:
        return _scale(value, power)
    return (ldexp(value, power) - 1.0) + ldexp(tail - (value - total), power)


def log(x: float) -> float:
    """Return the natural logarithm."""
    if not 0.0 < x < INFINITY:
        if x <= 0.0:
            raise ValueError("math domain error")
        return x
    part, power = frexp(x)
    if part < ROOT_OF_HALF:
        part += part
        power -= 1
    return _log_of(part - 1.0, power, 0.0)


def log1p(x: float) -> float:
    """Return log(1 + x) without cancellation."""
    if not -1.0 < x < INFINITY:
        if x <= -1.0:
            raise ValueError("math domain error")
        return x
    if -0.29 < x < 0.41:
        return _log_of(x, 0, 0.0) if x else x
    near = 1.0 + x
    # What the addition lost, exactly. Source: Knuth, TwoSum.
    other = near - 1.0
    lost = (1.0 - (near - other)) + (x - other)
    part, power = frexp(near)
    if part < ROOT_OF_HALF:
        part += part
        power -= 1
    return _log_of(part - 1.0, power, lost / near)


def tanh(x: float) -> float:
    """Return the hyperbolic tangent, from e^2x - 1."""
    size = abs(x)
    if not 1e-9 < size < 22.0:
        return x if size <= 1e-9 or x != x else (1.0 if x > 0.0 else -1.0)
    if size >= 1.0:
        value = 1.0 - 2.0 / (expm1(2.0 * size) + 2.0)
    else:
        less = expm1(-2.0 * size)
        value = -less / (less + 2.0)
    return value if x > 0.0 else -value


def erf(x: float) -> float:
    """Return the error function: its series below 2, and above it a continued fraction. All terms are positive.

    Source: Abramowitz and Stegun, 7.1.6 and 7.1.14.
    """
    size = abs(x)
    if not size < 6.0:
        return x if x != x else (1.0 if x > 0.0 else -1.0)
    square = size * size
    total = 1.0
    if size < 2.0:
        for number in range(81, 1, -2):
            total = 1.0 + total * (2.0 * square / number)
        value = total * size * exp(-square) * 1.1283791670955126
    else:
        total = size
        for number in range(80, 0, -1):
            total = size + 0.5 * number / total
        value = 1.0 - exp(-square) * 0.5641895835477563 / total
    return -value if x < 0.0 else value


def whole_power(x: float, degree: int) -> float:
    """Return the product of `degree` factors x, from left to right; infinite on overflow."""
    value = 1.0
    for _ in range(degree):
        value *= x
    return value


def _exp_outside(x: float) -> float:
    if x < 0.0:
        return 0.0
    if x < INFINITY:
        raise OverflowError("math range error")
    return x


def _sum_of_powers(r: float) -> float:
    """Return 1/3! + r/4! + ... + r^10/13!."""
    series = r * 1.6059043836821613e-10 + 2.08767569878681e-09
    series = series * r + 2.505210838544172e-08
    series = series * r + 2.755731922398589e-07
    series = series * r + 2.7557319223985893e-06
    series = series * r + 2.48015873015873e-05
    series = series * r + 0.0001984126984126984
    series = series * r + 0.001388888888888889
    series = series * r + 0.008333333333333333
    series = series * r + 0.041666666666666664
    return series * r + 0.16666666666666666


def _series(r: float, lost: float) -> "tuple[float, float]":
    """Return e^(r + lost) as the sum of a number and a much smaller one."""
    square = r * r
    rest = _sum_of_powers(r) * r * square + (lost + lost * r)
    total = 1.0 + r
    return total, 0.5 * square + (rest + (r - (total - 1.0)))


def _scale(value: float, power: int) -> float:
    """Return value * 2^power. A subnormal result is rounded once, also where `ldexp` rounds twice."""
    return ldexp(value, power) if power > -1000 else ldexp(value, power + 512) * 2.0**-512


def _log_of(f: float, power: int, correction: float) -> float:
    """Return power * ln(2) + log(1 + f) + correction, for 1 + f between the roots of 1/2 and 2.

    log(1 + f) = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with s = f / (2 + f). Because 2 s = f - s f, the sum is
    f - f^2/2 + s (f^2/2 + 2 s^2/3 + 2 s^4/5 + ...), whose first terms are exact or much smaller than f.
    """
    s = f / (2.0 + f)
    square = s * s
    series = square * 0.08 + 0.08695652173913043
    series = series * square + 0.09523809523809523
    series = series * square + 0.10526315789473684
    series = series * square + 0.11764705882352941
    series = series * square + 0.13333333333333333
    series = series * square + 0.15384615384615385
    series = series * square + 0.18181818181818182
    series = series * square + 0.2222222222222222
    series = series * square + 0.2857142857142857
    series = series * square + 0.4
    series = (series * square + 0.6666666666666666) * square
    half = 0.5 * f * f
    return power * LOG2_HIGH - ((half - (s * (half + series) + (power * LOG2_LOW + correction))) - f)


def use_kernels(kernels: "ModuleType") -> None:
    """Replace the functions that operators call by those in C."""
    for name in ("exp", "exp2", "log", "log1p", "tanh"):
        globals()[name] = getattr(kernels, name)


# The kernels of an earlier model are loaded already. Else native.py calls the function when it loads them.
_native = modules.get("iris_model.engine.native")
if _native is not None and _native._found and _native._found[0] is not None:
    use_kernels(_native._found[0])
