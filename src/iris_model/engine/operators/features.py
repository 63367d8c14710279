"""Convert named features to sparse rows. Sources: DictVectorizer, FeatureHasher (sklearn.feature_extraction).

The columns are the features. A missing cell is a feature that the row does not have.
"""

from iris_model.engine.errors import InvalidInput

from .documents import murmurhash3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    SparseRow = dict[int, float]


def vectorize_features(
    rows: "list[list[Any]]", *, columns: "Sequence[dict[str, Any]]", largest_whole: "int | None" = None
) -> "list[SparseRow]":
    """Put a number in the column of its feature, and a 1 in the column of `name=string`.

    Features without a column are dropped. `largest_whole`: the original stores integers up to this; fractions are
    truncated, and larger numbers are refused (InvalidInput).
    """
    table = []
    for index, row in enumerate(rows):
        found: SparseRow = {}
        for cell, column in zip(row, columns):
            if type(cell) is str:
                place, value = column["texts"].get(cell), 1.0
            else:
                place, value = column["number"], cell
            if place is not None and value is not None and value == value:
                if largest_whole is not None:
                    if not -largest_whole <= value <= largest_whole:
                        raise InvalidInput(
                            f"row {index}: the value {value!r} is beyond the integers that the model keeps; "
                            f"expected at most {largest_whole}",
                            row=index,
                        )
                    value = float(int(value))
                found[place] = value
        table.append(found)
    return table


def hash_features(
    rows: "list[list[Any]]", *, names: "Sequence[str]", width: int, alternate_sign: bool
) -> "list[SparseRow]":
    """Add a number to the column of its feature's hash, and a 1 to the column of the hash of `name=string`.

    Half of the hashes change the sign.
    """
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
