"""Combine cells of a row, with pandas' treatment of missing ones. Sources: feature_engine.creation, pandas.core.nanops."""

from math import fmod, fsum, inf, nan, prod, sqrt

from iris_model.engine.errors import InvalidInput
from iris_model.engine.operators.kernels import power_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Table = list[list[float]]


def aggregate_cells(rows: "Table", *, functions: "Sequence[str]", parameters: "dict[str, object]") -> "Table":
    """Return one number for each function: sum, prod, mean, min, max, median, std or var of the cells of a row.

    Missing cells are left out. Refuses infinities (`finite`), or also NaN (`strict`), if a later operator does.
    """
    chosen = [AGGREGATES[name] for name in functions]
    table = []
    for row in rows:
        met = [value for value in row if value == value]
        table.append([function(met) for function in chosen])
    return _check(table, parameters)


def raise_cells(rows: "Table", *, exponent: float, parameters: "dict[str, object]") -> "Table":
    """Raise each cell to a power, as numpy does. `parameters`: as of `aggregate_cells`."""
    return _check([[_power(value, exponent) for value in row] for row in rows], parameters)


def relate_cells(
    rows: "Table", *, pairs: "Sequence[Sequence[int]]", functions: "Sequence[str]", parameters: "dict[str, object]"
) -> "Table":
    """Return one number for each pair (place, place of the reference), by its function: add, sub, mul, div, mod, ...

    `parameters["fill"]` is the result of a division by zero; such a row is refused if it is None.
    """
    fill = parameters.get("fill")
    chosen = [(place, other, RELATIONS[name], name in DIVIDES) for (place, other), name in zip(pairs, functions)]
    table = []
    for index, row in enumerate(rows):
        cells = []
        for place, other, function, divides in chosen:
            if divides and row[other] == 0.0:
                if type(fill) is not float:
                    raise InvalidInput(f"row {index}: a division by zero; expected another number", row=index)
                cells.append(fill)
            else:
                cells.append(function(row[place], row[other]))
        table.append(cells)
    return _check(table, parameters)


def _check(table: "Table", parameters: "dict[str, object]") -> "Table":
    strict = bool(parameters.get("strict"))
    if strict or parameters.get("finite"):
        for index, row in enumerate(table):
            if any(abs(value) == inf or (strict and value != value) for value in row):
                raise InvalidInput(f"row {index}: a computed value is not a finite number", row=index)
    return table


def _sum(cells: "list[float]") -> float:
    try:
        return fsum(cells)
    except (OverflowError, ValueError):
        return sum(cells)


def _mean(cells: "list[float]") -> float:
    return _sum(cells) / len(cells) if cells else nan


def _median(cells: "list[float]") -> float:
    if not cells:
        return nan
    ordered, middle = sorted(cells), len(cells) // 2
    return ordered[middle] if len(cells) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _variance(cells: "list[float]") -> float:
    if len(cells) < 2:
        return nan
    mean = _mean(cells)
    return _sum([(cell - mean) * (cell - mean) for cell in cells]) / (len(cells) - 1)


def _deviation(cells: "list[float]") -> float:
    found = _variance(cells)
    return sqrt(found) if found == found else found


AGGREGATES: "dict[str, Callable[[list[float]], float]]" = {
    "sum": _sum,
    "prod": prod,
    "mean": _mean,
    "median": _median,
    "min": lambda cells: min(cells, default=nan),
    "max": lambda cells: max(cells, default=nan),
    "var": _variance,
    "std": _deviation,
}


def _remainder(value: float, by: float) -> float:
    """Return the remainder with the sign of the divisor."""
    if value != value or by != by or abs(value) == inf:
        return nan
    rest = fmod(value, by)
    return rest + by if rest and (rest < 0) != (by < 0) else rest


def _power(value: float, by: float) -> float:
    if by == 0.0 or value == 1.0:
        return 1.0
    return nan if value != value or by != by else power_of(value, by)


RELATIONS: "dict[str, Callable[[float, float], float]]" = {
    "add": lambda value, by: value + by,
    "sub": lambda value, by: value - by,
    "mul": lambda value, by: value * by,
    "div": lambda value, by: value / by,
    "truediv": lambda value, by: value / by,
    "floordiv": lambda value, by: value // by,
    "mod": _remainder,
    "pow": _power,
}
DIVIDES = frozenset(("div", "truediv", "floordiv", "mod"))
