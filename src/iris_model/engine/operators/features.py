"""Convert named features to sparse rows. Sources: DictVectorizer, FeatureHasher (sklearn.feature_extraction).

The columns are the features. A missing cell is a feature that the row does not have.
"""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.json_text import make_decoder
from iris_model.engine.rows import LARGEST as LARGEST_OF
from iris_model.engine.rows import describe

from .documents import murmurhash3
from .float32 import make_rounder

LARGEST = LARGEST_OF["float64"]

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
    rows: "list[list[Any]]",
    *,
    names: "Sequence[str]",
    width: int,
    alternate_sign: bool,
    form: "str | None" = None,
    float32: bool = False,
) -> "list[SparseRow]":
    """Add a number to the column of its feature's hash, and a 1 to the column of the hash of `name=string`.

    Half of the hashes change the sign. With `form`, a row is the JSON text of its features: an object ("dict"), a list
    of [name, value] pairs ("pair") or of names ("string"). Raises InvalidInput for other texts. With `float32`, numbers
    and sums are rounded to float32, as the original adds them.
    """
    rounded = make_rounder() if float32 else float
    table = []
    for index, row in enumerate(rows):
        sums: SparseRow = {}
        for name, cell in zip(names, row) if form is None else _read_features(row[0], form, index):
            if type(cell) is str:
                name, value = f"{name}={cell}", 1.0
            else:
                value = cell
            if not value or value != value:
                continue
            number = murmurhash3(name.encode())
            negative = number >= 0x80000000
            column = (0x100000000 - number if negative else number) % width
            value = rounded(-value if negative and alternate_sign else value)
            sums[column] = rounded(sums[column] + value) if column in sums else value
        table.append(sums)
    return table


FORMS = {
    "dict": "an object of names and numbers or strings",
    "pair": "a list of [name, number or string] pairs",
    "string": "a list of strings",
}


def _read_features(text: str, form: str, row: int) -> "list[tuple[str, Any]]":
    """Return the features of a row as pairs. Raises InvalidInput."""
    try:
        found = _decode(text)
    except (ValueError, RecursionError):
        raise _refuse(text, form, row) from None
    if form == "dict":
        found = list(found.items()) if type(found) is dict else None
    elif type(found) is not list:
        found = None
    elif form == "string":
        found = [(one, 1.0) for one in found] if {str}.issuperset(map(type, found)) else None
    else:
        found = list(map(tuple, found)) if {list}.issuperset(map(type, found)) else None
    if found is None:
        raise _refuse(text, form, row)
    pairs = []
    for pair in found:
        if len(pair) != 2 or type(pair[0]) is not str or type(pair[1]) not in (str, int, float, bool):
            raise _refuse(text, form, row)
        name, value = pair
        if type(value) is not str:
            if not -LARGEST <= value <= LARGEST:
                raise _refuse(text, form, row)
            value = float(value)
        pairs.append((name, value))
    return pairs


def _unique(pairs: "list[tuple[str, Any]]") -> "dict[str, Any]":
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


_decode = make_decoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _refuse(text: str, form: str, row: int) -> InvalidInput:
    return InvalidInput(
        f"row {row}: the features are {describe(text)}; expected {FORMS[form]}, in JSON", row=row, expected=FORMS[form]
    )
