"""Rows of features by name become sparse rows. Sources: DictVectorizer, FeatureHasher (sklearn.feature_extraction).

The columns are the features; a missing cell is a feature that the row does not have.
"""

from .documents import murmurhash3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    SparseRow = dict[int, float]


def vectorize_features(rows: "list[list[Any]]", *, columns: "Sequence[dict[str, Any]]") -> "list[SparseRow]":
    """A number goes to the place of its feature, a text is a 1 at the place of its own; what has no place is left out."""
    table = []
    for row in rows:
        found: SparseRow = {}
        for cell, column in zip(row, columns):
            if type(cell) is str:
                place, value = column["texts"].get(cell), 1.0
            else:
                place, value = column["number"], cell
            if place is not None and value is not None and value == value:
                found[place] = value
        table.append(found)
    return table


def hash_features(
    rows: "list[list[Any]]", *, names: "Sequence[str]", width: int, alternate_sign: bool
) -> "list[SparseRow]":
    """A number is added to the column of its feature's hash, a text is a 1 in that of `name=text`; half of them downwards."""
    table = []
    for row in rows:
        sums: SparseRow = {}
        for cell, name in zip(row, names):
            if type(cell) is str:
                name, value = f"{name}={cell}", 1.0
            else:
                value = cell
            if not value or value != value:
                continue
            number = murmurhash3(name.encode())
            negative = number >= 0x80000000
            column = (0x100000000 - number if negative else number) % width
            sums[column] = sums.get(column, 0.0) + (-value if negative and alternate_sign else value)
        table.append(sums)
    return table
