"""Linear interpolation."""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

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
