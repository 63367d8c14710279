"""Categories as CatBoost reads them: a category is the hash of its string, an integer is the string of its digits.

Source: CalcCatFeatureHash (catboost/libs/cat_feature): the lowest 32 bits of CityHash64 of the UTF-8 text. Two strings
with the same hash are the same category.
"""

from iris_model.engine.errors import InvalidInput

from .cityhash import city_hash_64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.contract.signature import Cell

# From this number on, neighboring integers are the same float64.
FIRST_UNSAFE = 2.0**53
# The number of cells whose hashes are kept between calls, and the length of the longest of them.
MOST_KEPT, LONGEST_KEPT = 4096, 64


def hash_categories(
    rows: "list[list[Cell]]", *, names: "Sequence[str]", memo: "dict[Cell, float] | None" = None
) -> "list[list[float]]":
    """Return the hash of each cell, a whole number below 2**32: n x columns.

    `names`: the names of the columns, for messages. `memo` keeps hashes between calls. Raises InvalidInput for a number
    that is not an integer, because CatBoost refuses it.
    """
    kept = {} if memo is None else memo
    table = []
    for index, row in enumerate(rows):
        hashes = []
        for cell, name in zip(row, names):
            found = kept.get(cell)
            if found is None:
                text = cell if type(cell) is str else _digits(cell, index, name)
                try:
                    found = float(city_hash_64(text.encode()) & 0xFFFFFFFF)
                except UnicodeEncodeError:
                    raise _wrong_cell(index, name, "the string has half of a surrogate pair", "valid Unicode") from None
                if len(text) <= LONGEST_KEPT:
                    if len(kept) >= MOST_KEPT:
                        kept.clear()
                    kept[cell] = found
            hashes.append(found)
        table.append(hashes)
    return table


def category_positions(
    hashes: "list[list[float]]", *, columns: "Sequence[int]", known: "Sequence[int]", starts: "Sequence[int]"
) -> "list[list[float]]":
    """Return the position of each hash among the known ones of its feature, or -1: n x features.

    `columns`: the column of `hashes` of each feature. `known`: the hashes of all features, one after the other;
    `starts` has one entry more than features.
    """
    tables = [
        (column, {float(known[place]): float(place - start) for place in range(start, end)})
        for column, start, end in zip(columns, starts, starts[1:])
    ]
    return [[places.get(row[column], -1.0) for column, places in tables] for row in hashes]


def _digits(cell: object, row: int, name: str) -> str:
    if type(cell) is not float or cell != cell:
        raise _wrong_cell(row, name, "the value is missing", "a string or an integer")
    if not -FIRST_UNSAFE < cell < FIRST_UNSAFE:
        raise _wrong_cell(row, name, f"the value is {cell!r}, and a large integer is not exact", "a string of digits")
    if cell != int(cell):
        raise _wrong_cell(row, name, f"the value is {cell!r}", "a string or an integer")
    return str(int(cell))


def _wrong_cell(row: int, name: str, what: str, expected: str) -> InvalidInput:
    return InvalidInput(
        f"row {row}, feature {name!r}: {what}; expected {expected}", row=row, feature=name, expected=expected
    )
