"""Functions, steps, bins and powers of numeric cells. Source: sklearn.preprocessing, numpy, scipy.stats."""

from iris_model.engine import elementary
from iris_model.engine.errors import InvalidInput
from iris_model.engine.functions import FUNCTIONS, INFINITY, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = list[list[float]]

# The library treats smaller numbers as zero: the distance from 1.0 to the next double.
EPSILON = 2.0**-52


def map_cells(rows: "Table", *, parameters: "dict[str, object]") -> "Table":
    """Apply the function that numpy calls `parameters["name"]` to each cell, with numpy's values outside its domain.

    Refuses infinities (`finite`), or also NaN (`strict`), if a later operator of the original refuses them.
    """
    name = str(parameters["name"])
    function = FUNCTIONS[name]
    strict = bool(parameters.get("strict"))
    finite = strict or bool(parameters.get("finite"))
    table = []
    for index, row in enumerate(rows):
        cells = [call(function, name, value) for value in row]
        if (finite and (INFINITY in cells or -INFINITY in cells)) or (strict and any(cell != cell for cell in cells)):
            raise InvalidInput(f"row {index}: {name} of a value is not a finite number", row=index)
        table.append(cells)
    return table


def binarize(rows: "Table", *, threshold: float) -> "Table":
    """Return 1 for cells greater than the threshold, else 0. Source: Binarizer."""
    return [[1.0 if value > threshold else 0.0 for value in row] for row in rows]


def bin_columns(rows: "Table", *, edges: "Sequence[Sequence[float]]") -> "Table":
    """Return each cell's bin: the number of its column's inner edges that it reaches. Source: KBinsDiscretizer."""
    return [[float(count_reached(inner, value)) for value, inner in zip(row, edges)] for row in rows]


def bin_columns_one_hot(
    rows: "Table", *, edges: "Sequence[Sequence[float]]", starts: "Sequence[int]"
) -> "list[dict[int, float]]":
    """Put a 1 at the position of each cell's bin."""
    return [
        {start + count_reached(inner, value): 1.0 for value, inner, start in zip(row, edges, starts)} for row in rows
    ]


def count_reached(edges: "Sequence[float]", value: float) -> int:
    """Count the ascending edges that are not greater than the value."""
    low, high = 0, len(edges)
    while low < high:
        middle = (low + high) // 2
        if value < edges[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def polynomial(rows: "Table", *, parents: "Sequence[int]", factors: "Sequence[int]", kept: "Sequence[int]") -> "Table":
    """Return products of columns: 1, then an earlier product times a column each. Source: PolynomialFeatures.

    `kept`: the products that are returned; the others are intermediate.
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
    """Apply Yeo-Johnson or Box-Cox with the exponent of each column. Source: PowerTransformer.

    Missing cells stay missing. `rests`: two minus each exponent.
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
        grown = elementary.log1p(value)
        return grown if abs(exponent) < EPSILON else elementary.expm1(exponent * grown) / exponent
    grown = elementary.log1p(-value)
    return -elementary.expm1(rest * grown) / rest if abs(exponent - 2) > EPSILON else -grown


def _box_cox(value: float, exponent: float, _rest: float) -> float:
    if value <= 0:
        raise InvalidInput(f"the Box-Cox transformation takes positive values only, not {value!r}")
    grown = elementary.log(value)
    return grown if abs(exponent) < 1e-19 else elementary.expm1(exponent * grown) / exponent


def snap_to_known(rows: "Table", *, known: "Sequence[Sequence[float]]", within: "Sequence[float]") -> "Table":
    """Replace each cell by the nearest `known` value of its column (ascending), if that is at most `within` away.

    A step that compares for equality (a numeric category, a quantile that occurs several times) needs this, because the
    last bits of a logarithm or a sum differ between processors.
    """
    columns = tuple(zip(known, within))
    return [[_snap(cell, values, reach) for cell, (values, reach) in zip(row, columns)] for row in rows]


def _snap(cell: float, values: "Sequence[float]", reach: float) -> float:
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < cell:
            low = middle + 1
        else:
            high = middle
    for place in (low, low - 1):
        if 0 <= place < len(values) and abs(values[place] - cell) <= reach:
            return values[place]
    return cell
