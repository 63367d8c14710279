"""Functions in pieces: linear interpolation, and B-splines (the value of every basis function at a point).

Sources: numpy.interp, sklearn.preprocessing.SplineTransformer, scipy.interpolate.BSpline.
"""

from iris_model.engine.errors import InvalidInput

from .preprocessing import count_reached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = list[list[float]]

NAN = float("nan")


def interpolate(
    rows: "list[list[float]]", *, xs: "Sequence[float]", ys: "Sequence[float]", outside: str
) -> "list[list[float]]":
    """Interpolate the only column linearly between the points (`xs` ascending, `ys`): n x 1. Source: numpy.interp.

    `outside` the points: "clip" returns the value at the nearest end, "nan" NaN; "raise" raises InvalidInput.
    """
    first, last = xs[0], xs[-1]
    table = []
    for number, (value,) in enumerate(rows):
        if not first <= value <= last:
            if outside == "raise":
                raise InvalidInput(
                    f"row {number}: {value!r} is outside what the model was trained on; expected {first!r} to {last!r}",
                    row=number,
                    expected=f"a number from {first!r} to {last!r}",
                )
            if outside == "nan":
                table.append([NAN])
                continue
            value = first if value < first else last
        low, high = 0, len(xs)
        while high - low > 1:
            middle = (low + high) // 2
            if xs[middle] <= value:
                low = middle
            else:
                high = middle
        if high == len(xs) or xs[low] == value:
            table.append([ys[low]])
            continue
        slope = (ys[high] - ys[low]) / (xs[high] - xs[low])
        table.append([slope * (value - xs[low]) + ys[low]])
    return table


def spline_basis(
    rows: "Table",
    *,
    knots: "Sequence[Sequence[float]]",
    degree: int,
    count: int,
    kept: int,
    extrapolation: str,
    bounds: "Sequence[Sequence[float]]",
    edges: "Sequence[Sequence[float]]",
    missing_as_zeros: bool,
) -> "Table":
    """Evaluate `count` basis functions of each column, and return the first `kept`.

    `bounds`: the smallest and largest point of each column. `edges`: four rows for each column, with values and slopes
    of the functions, for extrapolation below and above these points.
    """
    table = []
    for index, row in enumerate(rows):
        cells: list[float] = []
        for column, value in enumerate(row):
            low, high = bounds[column]
            if value != value and missing_as_zeros:
                basis = [0.0] * count
            elif extrapolation in ("constant", "linear") and not low <= value <= high:
                edge = 4 * column + (0 if value < low else 2)
                distance = value - (low if value < low else high)
                basis = [height + distance * slope for height, slope in zip(edges[edge], edges[edge + 1])]
            else:
                if extrapolation == "periodic":
                    value = low + (value - low) % (high - low) if high > low else 0.0
                elif extrapolation == "error" and not low <= value <= high:
                    raise InvalidInput(f"row {index}: the value {value!r} is beyond the knots", row=index)
                basis = _evaluate(value, knots[column], degree, count)
            cells += basis[:kept]
        table.append(cells)
    return table


def _evaluate(value: float, knots: "Sequence[float]", degree: int, count: int) -> "list[float]":
    """Evaluate the de Boor-Cox recursion. A periodic spline has more functions than columns: they wrap around."""
    last = len(knots) - degree - 2
    interval = min(max(count_reached(knots, value) - 1, degree), last)
    weights = [1.0] + [0.0] * degree
    for order in range(1, degree + 1):
        before = weights[:order]
        weights[0] = 0.0
        for step in range(1, order + 1):
            right, left = knots[interval + step], knots[interval + step - order]
            if right == left:
                weights[step] = 0.0
                continue
            share = before[step - 1] / (right - left)
            weights[step - 1] += share * (right - value)
            weights[step] = share * (value - left)
    basis = [0.0] * count
    for offset, weight in enumerate(weights):
        basis[(interval - degree + offset) % count] += weight
    return basis
