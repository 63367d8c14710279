"""Convert the results of the original's methods to plain lists with one entry for each row."""

from iris_model.engine.errors import UnusableAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from iris_model.contract.signature import Output

PLAIN = (bool, int, float, str, type(None))


def plain_answers(value: object, count: int, promised: "Output | None") -> "list[object]":
    """Return one label, number or list of these for each of `count` rows. Raises UnusableAnswer.

    `promised`: the output in the signature. A method may return an array, a sparse matrix, a Series, a DataFrame, a
    list of labels, or, for several targets, a list of tables.
    """
    values: list[object] = _to_lists(value)
    if isinstance(value, list) and values and all(getattr(part, "ndim", 0) == 2 for part in value):
        # One table of probabilities for each target: transpose, so that there is one entry for each row.
        values = [list(row) for row in zip(*values)]
    if not isinstance(values, list):
        raise UnusableAnswer(f"a {type(values).__name__}")
    if len(values) != count:
        raise UnusableAnswer(f"{len(values)} answers for {count} rows")
    if promised is not None and promised.get("columns") == 1:
        # CatBoost returns labels as a table with one column. The signature promises one label for each row.
        flat = promised.get("kind") == "label"
        values = [row[0] if flat and type(row) is list and len(row) == 1 else row for row in values]
    _check(values, 0)
    return values


def _to_lists(value: object) -> "Any":
    if isinstance(value, (list, tuple)):
        return [_to_lists(item) for item in value]
    if hasattr(value, "toarray"):
        value = value.toarray()
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if not hasattr(value, "tolist"):
        return value
    dtype = getattr(value, "dtype", None)
    if getattr(dtype, "kind", "O") not in "biufUO":
        # `tolist` would convert dates to numbers without a unit.
        raise UnusableAnswer(f"values of the type {dtype}")
    found = value.tolist()
    # Arrays of objects contain numpy scalars.
    return _to_lists(found) if isinstance(found, list) and getattr(dtype, "kind", "O") == "O" else found


def _check(values: object, depth: int) -> None:
    if type(values) is list:
        if depth > 2:
            raise UnusableAnswer("tables inside tables")
        for item in values:
            _check(item, depth + 1)
    elif not isinstance(values, PLAIN) or not depth:
        raise UnusableAnswer(f"a {type(values).__name__}")
