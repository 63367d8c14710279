"""Convert encoded rows to the input type of training: documents, dictionaries, a DataFrame, a Series or an array."""

from iris_model.engine.errors import ModelFormatError
from iris_model.engine.rows import holds_numbers
from iris_model.engine.typed_rows import DATE_TYPES, INTEGER_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from iris_model.contract.signature import Column, Signature


def make_table(rows: "list[Any]", signature: "Signature") -> object:
    """Return the argument for the original's methods.

    Raises ModelFormatError if it is a DataFrame and pandas is not installed.
    """
    columns = signature["columns"]
    shape = signature.get("input")
    if shape == "documents":
        return [row[0] for row in rows]
    if shape == "dictionaries":
        names = [int(column["name"]) if column.get("whole_name") else column["name"] for column in columns]
        return [{name: cell for name, cell in zip(names, row) if cell is not None and cell == cell} for row in rows]
    parts = [_make_part([row[position] for row in rows], column) for position, column in enumerate(columns)]
    if shape == "series":
        return _make_frame(parts, columns)[columns[0]["name"]]
    if shape == "frame" or (shape is None and signature.get("named")):
        try:
            return _make_frame(parts, columns)
        except ImportError as error:
            if not all(map(holds_numbers, columns)):
                raise ModelFormatError(
                    f"the model was trained on a DataFrame, and {error}; name pandas in requirements.txt "
                    "and package with --install-requirements"
                ) from None
    return _make_array(parts, columns)


def _make_frame(parts: "list[Any]", columns: "list[Column]") -> "Any":
    from pandas import DataFrame, Series

    # The type that pandas gives strings: `str` since version 3, object before.
    texts = Series(["text"]).dtype
    made = {}
    for part, column in zip(parts, columns):
        dtype = column.get("dtype")
        if dtype == "category":
            made[column["name"]] = _make_categorical(part, column)
        elif dtype in DATE_TYPES:
            made[column["name"]] = _make_dates(part, dtype)
        elif dtype == "str" and column.get("missing_as") != "none" and not column.get("encoded"):
            made[column["name"]] = Series(part, dtype=texts)
        else:
            # By default pandas replaces None by NaN in a column of objects.
            made[column["name"]] = Series(part, dtype=part.dtype)
    return DataFrame(made)


def _make_categorical(part: "Any", column: "Column") -> object:
    """Return a Categorical with the categories of training first. Whole numbers are integers, as XGBoost requires."""
    from pandas import Categorical, Series

    known = column.get("categories", [])
    cells = [None if cell is None or cell != cell else cell for cell in part.tolist()]
    every = known + [cell for cell in dict.fromkeys(cells) if cell is not None and cell not in known]
    if all(type(cell) is not str and cell == int(cell) for cell in every):
        every = [int(cell) for cell in every]
        cells = [None if cell is None else int(cell) for cell in cells]
    return Series(Categorical(cells, categories=every))


def _make_dates(part: "Collection[object]", dtype: str) -> object:
    from pandas import Series, to_datetime

    # Dates with an offset keep it: all rows have the same one.
    has_offset = any(getattr(cell, "tzinfo", None) is not None for cell in part)
    return to_datetime(Series(part, dtype=object), utc=dtype != DATE_TYPES[0] and not has_offset)


def _make_array(parts: "list[Any]", columns: "list[Column]") -> object:
    """Return one array with all columns, of a type that holds each of them."""
    from numpy import column_stack, empty

    if all(map(holds_numbers, columns)):
        return column_stack(parts)
    table = empty((len(parts[0]), len(parts)), dtype=object)
    for position, part in enumerate(parts):
        table[:, position] = part
    return table


def _make_part(cells: "list[object]", column: "Column") -> object:
    """Return one column as an array. A missing cell becomes the missing value of training."""
    from numpy import array, empty, nan

    dtype = column.get("dtype")
    if holds_numbers(column):
        if dtype in INTEGER_TYPES and all(type(cell) is int for cell in cells):
            return array(cells, dtype=dtype)
        is_truth = dtype == "bool" and all(cell in (0.0, 1.0) for cell in cells)
        return array(cells, dtype=bool if is_truth else "float32" if dtype == "float32" else float)
    part = empty(len(cells), dtype=object)
    if column.get("encoded"):
        cells = [cell.encode() if isinstance(cell, str) else cell for cell in cells]
    marker = None if column.get("missing_as") == "none" or dtype in DATE_TYPES else nan
    part[:] = [marker if cell is None else cell for cell in cells]
    return part
