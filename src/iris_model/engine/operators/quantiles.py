"""The position of a number among the training quantiles. Source: QuantileTransformer, numpy.interp."""

from math import erfc, sqrt

from iris_model.engine import elementary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = list[list[float]]

# For the normal distribution, a share within this distance of 0 or 1 is clipped.
BOUNDS = 1e-7
HALF_ROOT = sqrt(0.5)

# Numerators and denominators of Wichura's algorithm AS 241 (PPND16), highest power first: the middle, the tail, the far
# tail. Applied Statistics 37 (1988), 477-484.
# fmt: off
MIDDLE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)
TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)
FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
)
# fmt: on


def quantile_transform(
    rows: "Table", *, quantiles: "Sequence[Sequence[float]]", references: "Sequence[float]", normal: bool
) -> "Table":
    """Interpolate the share of training values below each cell linearly between the quantiles.

    `normal`: return the normal quantile of the share. The share jumps at equal quantiles; the middle of the jump is
    returned.
    """
    columns = [quantiles[index] for index in range(len(rows[0]))]
    return [
        [_place(value, column, references, normal) if value == value else value for value, column in zip(row, columns)]
        for row in rows
    ]


def quantile_back(
    rows: "Table", *, quantiles: "Sequence[Sequence[float]]", references: "Sequence[float]", normal: bool
) -> "Table":
    """Return the inverse of `quantile_transform`: the number below which that share of the training values lies."""
    columns = [quantiles[index] for index in range(len(rows[0]))]
    return [
        [
            _number_at(value, column, references, normal) if value == value else value
            for value, column in zip(row, columns)
        ]
        for row in rows
    ]


def _number_at(value: float, quantiles: "Sequence[float]", references: "Sequence[float]", normal: bool) -> float:
    share = 0.5 * erfc(-value * HALF_ROOT) if normal else value
    if share - BOUNDS < 0.0 if normal else share == 0.0:
        return quantiles[0]
    if share + BOUNDS > 1.0 if normal else share == 1.0:
        return quantiles[-1]
    return _rising(share, references, quantiles)


def _place(value: float, quantiles: "Sequence[float]", references: "Sequence[float]", normal: bool) -> float:
    low, high = quantiles[0], quantiles[-1]
    if value - BOUNDS < low if normal else value == low:
        share = 0.0
    elif value + BOUNDS > high if normal else value == high:
        share = 1.0
    else:
        share = 0.5 * (_rising(value, quantiles, references) + _falling(value, quantiles, references))
    if not normal:
        return share
    if share <= 0.0:
        return LEAST
    if share >= 1.0:
        return GREATEST
    return min(max(normal_quantile(share), LEAST), GREATEST)


def _rising(value: float, xs: "Sequence[float]", ys: "Sequence[float]") -> float:
    """Return numpy.interp(value, xs, ys): the last of equal points."""
    last = len(xs) - 1
    low, high = 0, last + 1
    while low < high:
        middle = (low + high) // 2
        if value < xs[middle]:
            high = middle
        else:
            low = middle + 1
    if low == 0:
        return ys[0]
    if low > last or xs[low - 1] == value:
        return ys[low - 1]
    slope = (ys[low] - ys[low - 1]) / (xs[low] - xs[low - 1])
    return slope * (value - xs[low - 1]) + ys[low - 1]


def _falling(value: float, xs: "Sequence[float]", ys: "Sequence[float]") -> float:
    """Return -numpy.interp(-value, -xs reversed, -ys reversed): the first of equal points."""
    last = len(xs) - 1
    low, high = 0, last + 1
    while low < high:
        middle = (low + high) // 2
        if xs[middle] < value:
            low = middle + 1
        else:
            high = middle
    if low > last:
        return ys[last]
    if low == 0 or xs[low] == value:
        return ys[low]
    slope = (ys[low] - ys[low - 1]) / (xs[low] - xs[low - 1])
    return slope * (value - xs[low]) + ys[low]


def normal_quantile(share: float) -> float:
    """Return the number below which a standard normal variable lies with probability `share`."""
    from_half = share - 0.5
    if abs(from_half) <= 0.425:
        return from_half * _ratio(MIDDLE, 0.180625 - from_half * from_half)
    depth = sqrt(-elementary.log(share if from_half < 0.0 else 1.0 - share))
    size = _ratio(TAIL, depth - 1.6) if depth <= 5.0 else _ratio(FAR_TAIL, depth - 5.0)
    return -size if from_half < 0.0 else size


def _ratio(polynomials: "tuple[tuple[float, ...], tuple[float, ...]]", at: float) -> float:
    above = below = 0.0
    for upper, lower in zip(*polynomials):
        above = above * at + upper
        below = below * at + lower
    return above / below


# The library clips here, so that the inverse stays finite.
LEAST = normal_quantile(BOUNDS - 2.0**-52)
GREATEST = normal_quantile(1.0 - (BOUNDS - 2.0**-52))
