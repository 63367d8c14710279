"""Convert encoders that replace each category of a column by numbers.

Source: category_encoders. Each version stores its numbers in other tables, and has its own rules for missing and unknown
cells. So the encoder itself is asked: for each category of training, for a missing cell, and for an unknown one.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iris_model.readers.frames import make_frame
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value
from iris_model.readers.sklearn.encoders import Table, add_table

Array = np.ndarray[Any, Any]
Label = Any

# The cells of all tables of an encoder. A contrast encoder of 1,000 categories has a million.
MOST_CELLS = 2_000_000

NEVER_MET = "\x00 no category"


@dataclass(frozen=True)
class _Answers:
    """The output rows for the categories of one column, and for missing and unknown cells; None: the encoder raises."""

    categories: Sequence[Label]
    rows: Array
    missing: Array | None
    unknown: Array | None

    @property
    def every_row(self) -> Array:
        """The output rows of all cells that the encoder takes."""
        return np.vstack([self.rows, *(row[None] for row in (self.missing, self.unknown) if row is not None)])

    def depend(self, other: Array) -> Array:
        """Return for each output column whether it differs from the row `other` for some cell."""
        rows = self.every_row
        differs: Array = np.any((rows != other) & ~(np.isnan(rows) & np.isnan(other)), axis=0)
        return differs


def read_encoder(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert an encoder. Columns that it does not encode are handed on."""
    name = type(estimator).__name__
    names = list(estimator.feature_names_in_)
    if inputs.width != len(names):
        builder.refuse(f"{name}: trained on {len(names)} columns; the step before it returns {inputs.width}")
        return Reading("", {})
    if problem := _find_problem(estimator):
        builder.refuse(f"{name}: {problem}")
        return Reading("", {})
    encoded = [names.index(column) for column in estimator.cols]
    known = {index: _find_categories(estimator, names[index]) for index in encoded}
    for index, dtype in enumerate(getattr(estimator, "feature_dtypes_in_", ())):
        if index in known and str(dtype) == "bool":
            # Some tables have the floats 0.0 and 1.0 for them.
            known[index] = [bool(label) for label in known[index] if label in (0, 1)]
    asking = _Asking(estimator, names, known)
    answers = {index: asking.ask_column(index) for index in encoded}
    owners = _find_owners(builder, name, asking, answers)
    if owners is None:
        return Reading("", {})
    cells = sum(len(answers[index].categories) for index in owners if index in answers)
    if cells > MOST_CELLS:
        builder.refuse(f"{name}: its tables have {cells} cells; expected at most {MOST_CELLS}")
        return Reading("", {})
    return Reading("transformer", {"transform": _add(builder, inputs, owners, answers)})


def _find_problem(estimator: Estimator) -> str | None:
    for option in ("handle_unknown", "handle_missing"):
        chosen = getattr(estimator, option, None)
        chosen = list(chosen.values()) if isinstance(chosen, dict) else [chosen]
        if any(callable(one) for one in chosen):
            return f"its {option} is a function, which may answer anything; choose one of the strings"
    if getattr(estimator, "composite_cols", None):
        return "its composite_cols join columns; join them before the encoder"
    return None


class _Asking:
    """Asks the encoder for rows that differ from a usual one in one column."""

    def __init__(self, estimator: Estimator, names: Sequence[Any], known: Mapping[int, Sequence[Label]]) -> None:
        self._estimator = estimator
        self._names = names
        self._known = known
        self._usual = [known[index][0] if known.get(index) else 0.0 for index in range(len(names))]
        self.columns: list[Any] = []
        self.usual_row = self._ask(0, [self._usual[0]])[0]

    def ask_column(self, index: int) -> _Answers:
        """Return the answers for one column."""
        known = list(self._known[index])
        missing, unknown = self._try(index, np.nan), self._try(index, _never_met(known))
        try:
            rows = self._ask(index, known)
        except Exception:
            # One of the labels is not a category: the tables of some encoders have numbers of categories, too.
            answered = [(label, row) for label in known if (row := self._try(index, label)) is not None]
            known, rows = [label for label, _ in answered], np.array([row for _, row in answered])
        if unknown is not None:
            differs = [not np.array_equal(row, unknown, equal_nan=True) for row in rows]
            known, rows = [label for label, keep in zip(known, differs, strict=True) if keep], rows[differs]
        return _Answers(known, rows.reshape(len(known), len(self.columns)), missing, unknown)

    def _try(self, index: int, label: Label) -> Array | None:
        try:
            row: Array = self._ask(index, [label])[0]
        except Exception:
            # An encoder raises what its code happens to raise.
            return None
        return row

    def _ask(self, index: int, labels: Sequence[Label]) -> Array:
        cells = {}
        for place, name in enumerate(self._names):
            column = np.empty(len(labels), object)
            column[:] = labels if place == index else [self._usual[place]] * len(labels)
            cells[name] = column if place in self._known else np.zeros(len(labels))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = self._estimator.transform(make_frame(cells), override_return_df=True)
        self.columns = list(table.columns)
        return np.asarray(table.to_numpy(), np.float64)

    def find_handed_on(self, column: Any) -> int | None:
        """Return the input column that this output column is, or None if it is encoded."""
        index = self._names.index(column) if column in self._names else None
        return None if index in self._known else index


def _never_met(known: Sequence[Label]) -> Label:
    """Return a cell that is no category: a number if the categories are numbers, as a request would have."""
    numbers = [label for label in known if isinstance(label, (int, float))]
    if len(numbers) < len(known) or not known:
        return NEVER_MET
    most = max(max(numbers), 0) + 1001
    return int(most) if all(isinstance(label, int) for label in known) else float(most)


def _find_categories(estimator: Estimator, column: Any) -> list[Label]:
    """Return every label of a column that the encoder stores, categories of training first.

    Others may be numbers of categories; asking shows it.
    """
    owners = [estimator]
    for owner in owners:
        owners += [part for part in vars(owner).values() if _is_encoder(part)]
        owners += getattr(owner, "encoder_list", None) or []
    # By value: the number of a category may be 1, which is the category True.
    found: dict[Label, Label] = {}
    # The innermost encoder numbers the categories. The tables of the others have these numbers.
    for owner in reversed(owners):
        for stored in ("mapping", "min_group_lumping_", "_min_group_categories"):
            tables = getattr(owner, stored, None) or ()
            if isinstance(tables, dict):
                chosen = [tables[column]] if column in tables else []
            else:
                chosen = [one["mapping"] for one in tables if isinstance(one, dict) and one.get("col") == column]
            for table in chosen:
                labels = table.index.tolist() if hasattr(table, "index") else list(table)
                for one in labels:
                    if one is not None and one == one:
                        found.setdefault(one, one)
    return list(found.values())


def _is_encoder(part: Any) -> bool:
    return type(part).__module__.startswith("category_encoders.") and hasattr(part, "cols")


def _find_owners(
    builder: GraphBuilder, name: str, asking: _Asking, answers: Mapping[int, _Answers]
) -> list[int] | None:
    """Return for each output column the input column that it depends on. Refuses one that depends on several."""
    depends = {index: found.depend(asking.usual_row) for index, found in answers.items()}
    owners = []
    for place, column in enumerate(asking.columns):
        handed_on = asking.find_handed_on(column)
        possible = [index for index, differs in depends.items() if differs[place]]
        if handed_on is not None:
            owners.append(handed_on)
        elif len(possible) > 1:
            builder.refuse(f"{name}: its output {column!r} depends on several columns")
            return None
        else:
            owners.append(possible[0] if possible else next(iter(answers)))
    return owners


def _add(builder: GraphBuilder, inputs: Value, owners: Sequence[int], answers: Mapping[int, _Answers]) -> Value:
    """Add the tables of the encoded columns, and put the columns that are handed on between them."""
    places = [place for place, owner in enumerate(owners) if owner in answers]
    if not places:
        return builder.select_columns(inputs, owners)
    if _is_one_hot(places, owners, answers):
        encoded = _add_one_hot(builder, inputs, places, owners, answers)
    else:
        encoded = _add_tables(builder, inputs, places, owners, answers)
    others = [place for place, owner in enumerate(owners) if owner not in answers]
    if not others:
        return encoded
    joined = builder.concat(
        [encoded, builder.select_columns(inputs, [owners[place] for place in others], ignores_others=True)]
    )
    return builder.select_columns(joined, np.argsort([*places, *others]).tolist())


def _is_one_hot(places: Sequence[int], owners: Sequence[int], answers: Mapping[int, _Answers]) -> bool:
    """Whether each cell gives at most one 1, and each column of input several of output."""
    if len(places) < 2 * len({owners[place] for place in places}):
        return False
    for index, found in answers.items():
        own = [place for place in places if owners[place] == index]
        rows = found.every_row[:, own]
        if not (np.isin(rows, (0.0, 1.0)).all() and (rows.sum(axis=1) <= 1).all()):
            return False
    return True


def _add_one_hot(
    builder: GraphBuilder,
    inputs: Value,
    places: Sequence[int],
    owners: Sequence[int],
    answers: Mapping[int, _Answers],
) -> Value:
    chosen = list(answers)
    value = builder.select_columns(inputs, chosen, ignores_others=True)
    tables = []
    for position, index in enumerate(chosen):
        found = answers[index]
        own = {number: place for number, place in enumerate(places) if owners[place] == index}

        def find_place(row: Array, own: Mapping[int, int] = own) -> int | None:
            return next((number for number, place in own.items() if row[place]), None)

        tables.append(_make_table(builder, value, position, found, [find_place(row) for row in found.rows], find_place))
    return builder.add("one_hot", value, width=len(places), sparse=True, attributes={"columns": tables})


def _add_tables(
    builder: GraphBuilder,
    inputs: Value,
    places: Sequence[int],
    owners: Sequence[int],
    answers: Mapping[int, _Answers],
) -> Value:
    value = builder.select_columns(inputs, [owners[place] for place in places], ignores_others=True)
    tables = []
    traces = []
    for position, place in enumerate(places):
        found = answers[owners[place]]
        numbers = found.rows[:, place].tolist()
        if any(number != number for number in numbers):
            name = builder.column_name(value, position)
            builder.refuse(f"a category of {name!r} becomes NaN; train the encoder with more rows of each category")

        def find_number(row: Array, place: int = place) -> float | None:
            return None if np.isnan(row[place]) else float(row[place])

        table = _make_table(builder, value, position, found, numbers, find_number)
        stays = table.get("missing", table.get("unknown", 0.0)) is None
        missing_from = value.traces[position].missing_from if stays else frozenset()
        traces.append(Trace(missing_from, makes_missing=table))
        tables.append(table)
    return builder.add("look_up", value, width=len(tables), traces=traces, attributes={"columns": tables})


def _make_table(
    builder: GraphBuilder, value: Value, position: int, found: _Answers, values: Sequence[Json], read: Any
) -> Table:
    """Return the table of a column (engine/operators/encoders.py). `read`: gives the value of an output row."""
    table = add_table(builder, value, position, np.array([*found.categories, None], object)[:-1], values)
    if found.missing is not None:
        table["missing"] = read(found.missing)
    else:
        builder.refuse_missing(Value(value.name, (value.traces[position],)))
    if found.unknown is not None:
        table["unknown"] = read(found.unknown)
    return table


# Not HashingEncoder: its numbers are hashes of any text, not of the categories of training.
READERS: dict[str, Reader] = {
    f"category_encoders.{name}": read_encoder
    for name in (
        *("BackwardDifferenceEncoder", "BaseNEncoder", "BinaryEncoder", "CatBoostEncoder", "CountEncoder"),
        *("GLMMEncoder", "GrayEncoder", "HelmertEncoder", "JamesSteinEncoder", "LeaveOneOutEncoder"),
        *("MEstimateEncoder", "OneHotEncoder", "OrdinalEncoder", "PolynomialEncoder", "QuantileEncoder"),
        *("RankHotEncoder", "SumEncoder", "SummaryEncoder", "TargetEncoder", "WOEEncoder"),
    )
}
