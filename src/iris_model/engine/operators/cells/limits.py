"""Limit numbers: clip them, mark what is outside, refuse what the original refuses. Arc functions. Source: feature_engine."""

from math import asin, asinh

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = list[list[float]]


def clip_columns(rows: "Table", *, low: "Sequence[float]", high: "Sequence[float]") -> "Table":
    """Return each cell between the ends of its column; a missing cell stays missing."""
    ends = tuple(zip(low, high))
    # First the upper end, then the lower one, as in the original: with crossed ends the lower one wins.
    return [
        [
            bottom if (cell := top if value > top else value) < bottom else cell
            for value, (bottom, top) in zip(row, ends)
        ]
        for row in rows
    ]


def mark_outside(rows: "Table", *, low: "Sequence[float]", high: "Sequence[float]") -> "Table":
    """Return 1 for a cell below `low` or above `high` of its column, else 0, also for a missing cell."""
    ends = tuple(zip(low, high))
    return [[1.0 if value < bottom or value > top else 0.0 for value, (bottom, top) in zip(row, ends)] for row in rows]


def expect_within(rows: "Table", *, columns: "Sequence[dict[str, object]]") -> "Table":
    """Return the rows, or raise InvalidInput for a cell that the original refuses.

    Each column has a `name` and some of: `above`, `least`, `most` (numbers), `no_zero` (True).
    """
    for index, row in enumerate(rows):
        for value, column in zip(row, columns):
            expected = _find_refusal(value, column)
            if expected:
                name = column["name"]
                raise InvalidInput(
                    f"row {index}, feature {name!r}: the value is {value!r}; expected {expected}",
                    row=index,
                    feature=str(name),
                    expected=expected,
                )
    return rows


def arc_cells(rows: "Table", *, name: str) -> "Table":
    """Apply numpy's arcsin or arcsinh to each cell; the cells of arcsin are from -1 to 1."""
    function = {"arcsin": asin, "arcsinh": asinh}[name]
    return [[function(value) for value in row] for row in rows]


def _find_refusal(value: float, column: "dict[str, object]") -> str:
    if value == 0.0 and column.get("no_zero"):
        return "a number other than zero"
    above, least, most = column.get("above"), column.get("least"), column.get("most")
    if type(above) is float and value <= above:
        return f"a number greater than {above!r}"
    if (type(least) is float and value < least) or (type(most) is float and value > most):
        return f"a number from {least!r} to {most!r}"
    return ""
