"""Categories become numbers: each cell is looked up in its column's table.

A table holds `texts` and `numbers` (keys are what `repr` says of the float), what `missing` and `unknown` cells become, and
the column's `name`. Without an entry for `unknown`, and where it is NaN and `strict` says that nothing takes NaN, an
unknown cell is refused, as the original does.
"""

from .errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

NAN = float("nan")
ABSENT = object()


def one_hot(rows: "list[list[Any]]", *, columns: "Sequence[dict[str, Any]]") -> "list[dict[int, float]]":
    """A one at the place of each cell's category; none where its place is null. Source: OneHotEncoder.transform."""
    table = []
    for index, row in enumerate(rows):
        places = {}
        for cell, column in zip(row, columns):
            place = _look_up(cell, column, index)
            if place is not None:
                places[place] = 1.0
        table.append(places)
    return table


def look_up(rows: "list[list[Any]]", *, columns: "Sequence[dict[str, Any]]") -> "list[list[float]]":
    """The number of each cell's category; null stands for NaN. Sources: OrdinalEncoder, TargetEncoder."""
    table = []
    for index, row in enumerate(rows):
        numbers = []
        for cell, column in zip(row, columns):
            number = _look_up(cell, column, index)
            numbers.append(NAN if number is None else number)
        table.append(numbers)
    return table


def _look_up(cell: "Any", column: "dict[str, Any]", row: int) -> "Any":
    if type(cell) is str:
        found = column["texts"].get(cell, ABSENT)
    elif cell is None or cell != cell:
        found = column.get("missing", ABSENT)
    else:
        # Minus zero is zero.
        found = column["numbers"].get(repr(cell + 0.0), ABSENT)
    if found is not ABSENT:
        return found
    if "unknown" not in column or (column.get("strict") and column["unknown"] is None):
        name = column["name"]
        raise InvalidInput(
            f"row {row}, feature {name!r}: the category {cell!r} was not met in training; expected one of its categories",
            row=row,
            feature=name,
            expected="one of its categories",
        )
    return column["unknown"]
