"""Convert X of any library to batches of columns in the model's order, matched by name if names are known.

Raises InvalidInput, which lists all absent columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import LARGEST, holds_numbers
from iris_model.runtime.payloads import is_one_text, list_names, order_features, takes_any

from .columns import NUMBERS, Batch, Cells, Columns, Rows, as_cells

# One record batch: its number of rows, and a function from a column's position to its cells.
NamedBatch = tuple[int, Callable[[int], Cells]]


@dataclass(frozen=True)
class Source:
    """The input: `library` selects the container of the answers, `index` labels the rows (pandas)."""

    library: str
    batches: Iterable[Batch]
    index: Any = None


class Layout:
    """The columns of a model, and their match with the columns of an input."""

    def __init__(self, signature: Mapping[str, Any]) -> None:
        self.columns: list[Any] = list(signature["columns"])
        self.names = [column["name"] for column in self.columns]
        self.named = bool(signature.get("named"))
        self.takes_dictionaries = bool(self.columns) and takes_any(self.columns)
        self.is_one_text = is_one_text(self.columns)
        self.has_numbers_only = bool(self.columns) and all(map(holds_numbers, self.columns))
        # For the packing kernels: the largest number of each column, and whether it may be missing.
        self.limits = [LARGEST.get(column.get("dtype"), LARGEST["float64"]) for column in self.columns]
        self.missing = bytes(bool(column.get("missing")) for column in self.columns)
        self.required = [column["name"] for column in self.columns if not column.get("optional")]

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.columns)

    def find_places(self, names: Sequence[Any]) -> list[int | None]:
        """Return the position of each model column in `names`: by name, or by position if the model has no names.

        None for a column that may be left out. Other columns are ignored.
        """
        places: dict[str, int] = {}
        twice = []
        for place, name in enumerate(map(str, names)):
            if name in places and name in self.names:
                twice.append(name)
            places.setdefault(name, place)
        if twice:
            raise InvalidInput(
                f"the input has {list_names(twice)} more than once; expected each column once",
                feature=twice[0],
                expected="each column once",
            )
        missing = [name for name in self.required if name not in places]
        if not missing:
            return [places.get(name) for name in self.names]
        if not self.named and len(names) == self.width:
            return list(range(self.width))
        have = f"it has {list_names([str(name) for name in names])}" if len(names) else "it has no columns"
        raise InvalidInput(
            f"the input lacks {'the column' if len(missing) == 1 else 'the columns'} {list_names(missing)}; {have}",
            feature=missing[0],
            expected=f"the columns {list_names(self.names)}",
        )

    def arrange(self, names: Sequence[Any], batches: Iterable[NamedBatch]) -> Iterator[Batch]:
        """Yield batches in the model's order. `names`: the input's columns."""
        if self.takes_dictionaries:
            yield from self._arrange_dictionaries(list(map(str, names)), batches)
            return
        places = self.find_places(names)
        for count, cells_at in batches:
            yield Columns(count, [[None] * count if place is None else cells_at(place) for place in places])

    def _arrange_dictionaries(self, names: list[str], batches: Iterable[NamedBatch]) -> Iterator[Batch]:
        first = 0
        for count, cells_at in batches:
            cells = [Columns(count, [cells_at(place)]).rows() for place in range(len(names))]
            rows = []
            for index in range(count):
                record = {name: None if _is_nan(row := column[index][0]) else row for name, column in zip(names, cells)}
                rows.append(order_features(record, self.columns, first + index, from_table=True))
            first += count
            yield Rows(rows)


def open_source(data: Any, layout: Layout) -> Source:
    """Return the batches of `data`, of any supported type. Raises InvalidInput."""
    library = type(data).__module__.partition(".")[0]
    if isinstance(data, np.ndarray):
        return Source("numpy", [read_array(data, layout)])
    if library == "pandas":
        from .frames import read_frame

        names, batch, index = read_frame(data)
        if names is None:
            return Source(library, [_one_column(batch[1](0), layout)], index)
        return Source(library, layout.arrange(names, [batch]), index)
    if isinstance(data, Mapping):
        return Source("numpy", _read_mapping(data, layout))
    if hasattr(data, "tocsr"):
        return Source("numpy", _read_sparse(data, layout))
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        from .arrow import read_arrow

        arrow_names, stream = read_arrow(data)
        if arrow_names is None:
            return Source(library, (_one_column(cells_at(0), layout) for _, cells_at in stream))
        return Source(library, layout.arrange(arrow_names, stream))
    if hasattr(data, "collect_schema"):
        raise InvalidInput(f"the input is a {type(data).__name__}, which has no data yet; call collect() on it first")
    if isinstance(data, (list, tuple)):
        return Source("numpy", [_read_list(data, layout)])
    if hasattr(data, "__array__"):
        return Source("numpy", [read_array(np.asarray(data), layout)])
    if hasattr(data, "__dataframe__"):
        from .interchange import read_interchange

        other_names, chunks = read_interchange(data)
        return Source("numpy", layout.arrange(other_names, chunks))
    raise InvalidInput(
        f"the input is a {type(data).__name__}; expected a list of rows, a dictionary of columns, an array, or a DataFrame",
        expected="rows",
    )


def read_array(array: np.ndarray[Any, Any], layout: Layout) -> Batch:
    """Read a two-dimensional array, a record array, or a one-dimensional array with one cell for each row."""
    if array.dtype.names:
        names = array.dtype.names
        places = layout.find_places(names)
        return Columns(len(array), [_absent(array, place, names) for place in places])
    if array.ndim == 1 and layout.width == 1:
        return _one_column(as_cells(array), layout)
    if array.ndim != 2:
        raise _wrong_dimensions(f"an array of {array.ndim} dimension{'' if array.ndim == 1 else 's'}")
    if array.shape[1] != layout.width:
        raise InvalidInput(
            f"the input has {array.shape[1]} columns; expected {layout.width}: {list_names(layout.names)}",
            expected=f"{layout.width} columns",
        )
    if isinstance(array, np.ma.MaskedArray):
        return Columns(len(array), [as_cells(array[:, place]) for place in range(layout.width)])
    if array.dtype.kind in NUMBERS:
        return Columns(len(array), array)
    return Rows(array.tolist())


def _absent(array: np.ndarray[Any, Any], place: int | None, names: Sequence[str]) -> Cells:
    return [None] * len(array) if place is None else as_cells(array[names[place]])


def _one_column(cells: Cells, layout: Layout) -> Columns:
    if layout.width != 1:
        raise _wrong_dimensions("one column")
    return Columns(len(cells), [cells])


def _read_mapping(data: Mapping[Any, Any], layout: Layout) -> Iterator[Batch]:
    """Read columns by name; if no value is a column, one row by name."""
    if layout.takes_dictionaries or not any(map(_is_column, data.values())):
        yield Rows([order_features(dict(data), layout.columns, 0, takes_more=not layout.takes_dictionaries)])
        return
    names = list(data)
    used = [(name, values) for name, values in data.items() if str(name) in layout.names or not layout.named]
    known = [values for _, values in used]
    if wrong := [(name, value) for name, value in used if not _is_column(value)]:
        name, value = wrong[0]
        raise InvalidInput(
            f"the column {name!r} of the input is {value!r}; expected a list or an array for each column"
        )
    lengths = {len(values) for values in known}
    if len(lengths) > 1:
        raise InvalidInput(f"the columns of the input have {_numbers(lengths)} cells; expected the same number in each")
    values = list(data.values())
    yield from layout.arrange(names, [(max(lengths, default=0), lambda place: as_cells(values[place]))])


def _read_sparse(data: Any, layout: Layout) -> Iterator[Batch]:
    """Read the rows of a sparse matrix, made dense part by part."""
    table = data.tocsr()
    part = max(1, (1 << 20) // max(1, layout.width))
    for start in range(0, table.shape[0], part):
        yield read_array(table[start : start + part].toarray(), layout)


def _read_list(data: Sequence[Any], layout: Layout) -> Batch:
    if not data:
        return Rows([])
    first = data[0]
    if isinstance(first, Mapping):
        more = not layout.takes_dictionaries
        return Rows([order_features(record, layout.columns, index, more) for index, record in enumerate(data)])
    if layout.is_one_text and not isinstance(first, (list, tuple, np.ndarray)):
        return _one_column(as_cells(data), layout)
    if not _is_column(first):
        raise _wrong_dimensions("one row")
    return Rows([_as_row(row, index, layout) for index, row in enumerate(data)])


def _as_row(row: Any, index: int, layout: Layout) -> list[Any]:
    """Return the cells of a row in the order of the model: by name if the row has names, else as they are."""
    if layout.named and type(row) not in (list, tuple) and (names := _names_of(row, layout)):
        try:
            places = layout.find_places(names)
        except InvalidInput as error:
            raise InvalidInput(f"row {index}: {error}", row=index, feature=error.feature) from None
        cells = list(row)
        return _as_row([None if place is None else cells[place] for place in places], index, layout)
    if hasattr(row, "tolist"):
        listed: list[Any] = row.tolist()
        return listed
    if not isinstance(row, (list, tuple)):
        raise InvalidInput(f"row {index} is a {type(row).__name__}; expected a list of values", row=index)
    return [cell.item() if isinstance(cell, np.generic) else cell for cell in row]


def _names_of(row: Any, layout: Layout) -> list[str]:
    """Return the names in a Series, a record of NumPy, a Row of Spark or a named tuple; none if its cells have no names."""
    if hasattr(row, "iloc"):
        names: list[Any] = list(row.index)
        return names if all(isinstance(name, str) for name in names) else []
    if given := getattr(getattr(row, "dtype", None), "names", None) or getattr(row, "__fields__", None):
        return list(given)
    # The fields of a named tuple are identifiers, so they may be other names than those of the columns.
    names = list(getattr(row, "_fields", ()))
    return names if set(layout.required) <= set(names) else []


def _is_column(values: Any) -> bool:
    return hasattr(values, "__len__") and not isinstance(values, (str, bytes, Mapping))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value


def _wrong_dimensions(found: str) -> InvalidInput:
    return InvalidInput(
        f"the input is {found}; expected rows and columns: for one row, pass [[...]]", expected="rows and columns"
    )


def _numbers(values: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(values)))
