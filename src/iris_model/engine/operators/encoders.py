"""Convert categories to numbers: look up each cell in the table of its column.

A table has `texts` and `numbers` (keys are the `repr` of the float), the values for `missing` and `unknown` cells, and
the `name` of the column. An unknown cell is refused, as in the original, if there is no value for it, or if the value
is NaN and a later step accepts no NaN (`strict`).
"""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from iris_model.contract.signature import Cell

NAN = float("nan")
ABSENT = object()


def one_hot(rows: "list[list[Cell]]", *, columns: "Sequence[dict[str, object]]") -> "list[dict[int, float]]":
    """Put a 1 at the position of each cell's category; nothing if it is null. Source: OneHotEncoder.transform."""
    table = []
    for index, row in enumerate(rows):
        places = {}
        for cell, column in zip(row, columns):
            place = _look_up(cell, column, index)
            if place is not None:
                places[place] = 1.0
        table.append(places)
    return table


def look_up(rows: "list[list[Cell]]", *, columns: "Sequence[dict[str, object]]") -> "list[list[float]]":
    """Return the number of each cell's category; null stands for NaN. Sources: OrdinalEncoder, TargetEncoder."""
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
        # Adding 0.0 turns -0.0 into 0.0: both are the category zero.
        found = column["numbers"].get(repr(cell + 0.0), ABSENT)
    if found is not ABSENT:
        return found
    if "unknown" not in column or (column.get("strict") and column["unknown"] is None):
        name = column["name"]
        raise InvalidInput(
            f"row {row}, feature {name!r}: the category {cell!r} was not seen in training; expected one of its categories",
            row=row,
            feature=name,
            expected="one of its categories",
        )
    return column["unknown"]
