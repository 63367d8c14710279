"""Columns of numbers, one cell at a time: functions, steps, bins, powers. Source: sklearn.preprocessing, numpy, scipy.stats."""

from math import ceil, cos, exp, expm1, floor, isinf, log, log1p, log2, log10, sin, sqrt, tan, tanh, trunc

from .errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Table = list[list[float]]

NAN = float("nan")
# What the library takes for zero: the distance from 1.0 to the next double.
EPSILON = 2.0**-52

# numpy's name -> the same function of one number.
FUNCTIONS: "dict[str, Callable[[float], float]]" = {
    "absolute": abs,
    "fabs": abs,
    "ceil": lambda value: float(ceil(value)),
    "cos": cos,
    "exp": exp,
    "exp2": lambda value: 2.0**value,
    "expm1": expm1,
    "floor": lambda value: float(floor(value)),
    "log": log,
    "log10": log10,
    "log1p": log1p,
    "log2": log2,
    "negative": lambda value: -value,
    "positive": lambda value: value,
    "reciprocal": lambda value: 1.0 / value,
    "rint": lambda value: float(round(value)),
    "sign": lambda value: (value > 0) - (value < 0.0) + 0.0,
    "sin": sin,
    "sqrt": sqrt,
    "square": lambda value: value * value,
    "tan": tan,
    "tanh": tanh,
    "trunc": lambda value: float(trunc(value)),
}
# Where the function goes to infinity and not to NaN: no estimator takes that.
POLES = {"log": 0.0, "log10": 0.0, "log2": 0.0, "log1p": -1.0, "reciprocal": 0.0}


def map_cells(rows: "Table", *, parameters: "dict[str, object]") -> "Table":
    """The function that numpy calls `parameters["name"]`, cell by cell.

    Outside its domain numpy says NaN; where nothing behind takes NaN (`strict`), the original raises, and so does this.
    """
    name = str(parameters["name"])
    function = FUNCTIONS[name]
    strict = parameters.get("strict")
    table = []
    for index, row in enumerate(rows):
        cells = []
        for value in row:
            if value == value:
                try:
                    value = function(value)
                    outside = isinf(value)
                except (ValueError, OverflowError, ZeroDivisionError):
                    outside = bool(strict) or value == POLES.get(name) or name in ("exp", "exp2", "expm1")
                    value = NAN
                if outside:
                    raise InvalidInput(f"row {index}: {name} of a value is no finite number", row=index)
            cells.append(value)
        table.append(cells)
    return table


def binarize(rows: "Table", *, threshold: float) -> "Table":
    """One where the cell is greater than the threshold, else zero. Source: Binarizer."""
    return [[1.0 if value > threshold else 0.0 for value in row] for row in rows]


def bin_columns(rows: "Table", *, edges: "Sequence[Sequence[float]]") -> "Table":
    """The number of inner edges of its column that a cell reaches. Source: KBinsDiscretizer."""
    return [[float(count_reached(inner, value)) for value, inner in zip(row, edges)] for row in rows]


def bin_columns_one_hot(
    rows: "Table", *, edges: "Sequence[Sequence[float]]", starts: "Sequence[int]"
) -> "list[dict[int, float]]":
    """A one at the place of each cell's bin."""
    return [
        {start + count_reached(inner, value): 1.0 for value, inner, start in zip(row, edges, starts)} for row in rows
    ]


def count_reached(edges: "Sequence[float]", value: float) -> int:
    """How many of the ascending edges are not greater than the value."""
    low, high = 0, len(edges)
    while low < high:
        middle = (low + high) // 2
        if value < edges[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def polynomial(rows: "Table", *, parents: "Sequence[int]", factors: "Sequence[int]", kept: "Sequence[int]") -> "Table":
    """Products of columns, each an earlier one times a column; the first is one. Source: PolynomialFeatures.

    `kept`: which of the products are asked for; the others are only on the way to them.
    """
    pairs = tuple(zip(parents, factors))
    all_kept = len(kept) == len(pairs) + 1
    table = []
    for row in rows:
        products = [1.0]
        for parent, factor in pairs:
            products.append(products[parent] * row[factor])
        table.append(products if all_kept else [products[index] for index in kept])
    return table


def power_transform(rows: "Table", *, lambdas: "Sequence[float]", rests: "Sequence[float]", method: str) -> "Table":
    """Yeo-Johnson or Box-Cox with the exponent of each column; what is missing stays so. Source: PowerTransformer.

    `rests`: two minus each exponent.
    """
    function = _yeo_johnson if method == "yeo-johnson" else _box_cox
    return [
        [
            function(value, exponent, rest) if value == value else value
            for value, exponent, rest in zip(row, lambdas, rests)
        ]
        for row in rows
    ]


def _yeo_johnson(value: float, exponent: float, rest: float) -> float:
    if value >= 0:
        return log1p(value) if abs(exponent) < EPSILON else expm1(exponent * log1p(value)) / exponent
    return -expm1(rest * log1p(-value)) / rest if abs(exponent - 2) > EPSILON else -log1p(-value)


def _box_cox(value: float, exponent: float, _rest: float) -> float:
    if value <= 0:
        raise InvalidInput(f"the Box-Cox transformation takes positive values only, not {value!r}")
    return log(value) if abs(exponent) < 1e-19 else expm1(exponent * log(value)) / exponent
