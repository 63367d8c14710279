"""The graph: what a reader makes of a fitted estimator, and what the compiler writes down.

A `Graph` is a list of nodes in evaluation order. Every value is a table (a list of rows) or a column (one label or
number per row); the input is the table `rows`. `GraphBuilder` is what readers hold: it names values, follows missing
values and float32 narrowing back to the input columns, and collects every reason for a refusal. It knows no library.

A table may be sparse: its rows are then dicts {column index: value}. Operators that do not take such rows get a dense
table: a pass of the compiler puts `to_dense` before them, so that readers need not think of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal

import numpy as np

from .input_columns import InputColumn

Json = Any
# A fitted estimator. Libraries share no base class and ship no types: readers go by documented attributes.
Estimator = Any
Kind = Literal["number", "label"]
Tensors = Mapping[str, "np.ndarray[Any, Any]"]

INPUT = "rows"


@dataclass(frozen=True)
class Node:
    """One call of an operator: `output = op(*inputs, **attributes, **tensors)`.

    `sparse_width`: how many columns the output has, if its rows are sparse.
    """

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Json] = field(default_factory=dict)
    tensors: Tensors = field(default_factory=dict)
    sparse_width: int | None = None


@dataclass(frozen=True)
class Graph:
    """Nodes in evaluation order, the value behind each method of the original, and the signature."""

    nodes: tuple[Node, ...]
    outputs: Mapping[str, str]
    signature: Mapping[str, Json]


@dataclass(frozen=True)
class Trace:
    """Where one column of a value comes from.

    `missing_from`: input columns whose missing value would arrive here still missing. `copy_of`: the input column that
    this column is, unchanged; None if anything was done to it. `filled_from`: the input column that this column is but
    for its missing cells, which something filled; so its cells are numbers or texts as those are. `makes_missing`: the
    parameters of an operator that makes NaN here of cells that are not missing, and raises instead once they are `strict`.
    """

    missing_from: frozenset[int] = frozenset()
    copy_of: int | None = None
    filled_from: int | None = None
    makes_missing: dict[str, Json] | None = None

    @property
    def origin(self) -> int | None:
        """The input column whose cells these are, missing ones apart."""
        return self.filled_from if self.copy_of is None else self.copy_of


@dataclass(frozen=True)
class Value:
    """A table or column that a node makes. `widths` has one entry, or one per output of a multi-output model.

    `sparse`: the rows are dicts {column index: value}.
    """

    name: str
    traces: tuple[Trace, ...]
    kind: Kind = "number"
    widths: tuple[int, ...] | None = None
    sparse: bool = False

    @property
    def width(self) -> int:
        """How many columns the value has; a flat column has one."""
        return len(self.traces)


@dataclass(frozen=True)
class Reading:
    """What a reader gives back: the task, the value behind each method the original offers, and the classes."""

    task: str
    outputs: Mapping[str, Value]
    classes: list[Json] | None = None


Reader = Callable[["GraphBuilder", Estimator, Value], Reading]
FindReader = Callable[["GraphBuilder", Estimator], Reader | None]


class GraphBuilder:
    """Grows one graph. Readers call `read` for the estimators inside theirs, so that they need not know each other."""

    def __init__(self, names: Sequence[str], *, named: bool, find_reader: FindReader) -> None:
        self._columns = [InputColumn(name) for name in names]
        self._named = named
        self._find_reader = find_reader
        self._nodes: list[Node] = []
        self._uses: dict[str, int] = {}
        self._refusals = 0
        self._puzzled = 0
        self.reasons: list[str] = []
        self.rows = Value(INPUT, tuple(Trace(frozenset({i}), i) for i in range(len(self._columns))))

    def read(self, estimator: Estimator, inputs: Value) -> Reading | None:
        """Read an estimator applied to `inputs`. None if it, or one inside it, was refused: go on, find other reasons."""
        refusals, puzzled = self._refusals, self._puzzled
        reader = self._find_reader(self, estimator)
        reading = None if reader is None else reader(self, estimator, inputs)
        if self._refusals == refusals and reader is not None:
            return reading
        if self._puzzled == puzzled:
            # This very estimator, and none inside it: what it makes of its columns is not known.
            self._puzzled += 1
            for trace in inputs.traces:
                if trace.origin is not None:
                    self._columns[trace.origin].puzzling = True
        return None

    def refuse(self, reason: str) -> None:
        """Keep a reason why this model cannot be compiled."""
        self._refusals += 1
        if reason not in self.reasons:
            self.reasons.append(reason)

    def add(
        self,
        op: str,
        *inputs: Value,
        width: int,
        kind: Kind = "number",
        keeps_missing: bool = False,
        widths: tuple[int, ...] | None = None,
        sparse: bool = False,
        traces: Sequence[Trace] | None = None,
        attributes: Mapping[str, Json] | None = None,
        tensors: Tensors | None = None,
    ) -> Value:
        """Add a node and return its value.

        `keeps_missing`: a missing cell stays missing, in the same column. `traces`: where each column comes from, for
        operators that hand columns on; otherwise every column is new.
        """
        if traces is None:
            # One object for all: a hashing vectorizer has a million columns.
            traces = (Trace(),) * width
            if keeps_missing:
                traces = tuple(Trace(one.missing_from, makes_missing=one.makes_missing) for one in inputs[0].traces)
        for value in inputs:
            self._use(value)
        made = Value(self._name(op), tuple(traces), kind, widths, sparse)
        return self._append(made, op, inputs, attributes or {}, tensors or {})

    def select_columns(self, value: Value, indices: Sequence[int], *, ignores_others: bool = False) -> Value:
        """Take some columns of a table, in the order given. `ignores_others`: the original never looks at the rest."""
        traces = tuple(value.traces[index] for index in indices)
        if not ignores_others:
            self._use(value)
        if value.sparse and len(set(indices)) == len(indices):
            positions = np.full(value.width, -1, np.int32)
            positions[list(indices)] = np.arange(len(indices))
            made = Value(self._name("select_columns_sparse"), traces, value.kind, sparse=True)
            return self._append(made, "select_columns_sparse", (value,), {}, {"positions": positions})
        made = Value(self._name("select_columns"), traces, value.kind)
        return self._append(made, "select_columns", (value,), {"indices": list(indices)}, {})

    def concat(self, values: Sequence[Value]) -> Value:
        """Put tables side by side; sparse if one of them is."""
        if len(values) == 1:
            return values[0]
        traces = tuple(trace for value in values for trace in value.traces)
        if not any(value.sparse for value in values):
            return self.add("concat", *values, width=len(traces), traces=traces)
        offsets = [0, *accumulate(value.width for value in values)][:-1]
        return self.add(
            "concat_sparse", *values, width=len(traces), traces=traces, sparse=True, attributes={"offsets": offsets}
        )

    def refuse_missing(self, value: Value) -> None:
        """Say that the original raises when a cell of `value` is missing."""
        for trace in value.traces:
            for column in trace.missing_from:
                self._columns[column].missing = False
            if trace.makes_missing is not None:
                trace.makes_missing["strict"] = True

    def narrow(self, value: Value) -> None:
        """Say that the original rounds `value` to float32 first, and raises on what does not fit."""
        for trace in value.traces:
            if trace.copy_of is not None:
                self._columns[trace.copy_of].narrowed = True

    def expect_categories(self, value: Value, index: int, categories: Sequence[Json], *, dtype: str = "object") -> None:
        """Say that the original compares column `index` of `value` with these categories (None: missing is one).

        `dtype`: "category" for a pandas Categorical, "mixed" where numbers are taken besides.
        """
        origin = value.traces[index].origin
        if origin is not None:
            self._columns[origin].expect_categories(categories, dtype)

    def expect_text(self, value: Value) -> None:
        """Say that the columns of `value` hold texts."""
        for trace in value.traces:
            if trace.origin is not None:
                self._columns[trace.origin].kind = "text"

    def expect_optional(self, value: Value) -> None:
        """Say that the columns of `value` are features of a dictionary, which may leave them out."""
        for trace in value.traces:
            if trace.origin is not None:
                self._columns[trace.origin].optional = True

    def expect_missing_as(self, value: Value, index: int, marker: Literal["nan", "none"]) -> None:
        """Say whether the original was trained with NaN or with None for what is missing in a column of objects."""
        origin = value.traces[index].origin
        if origin is not None and not self._columns[origin].expect_missing_as(marker):
            self.refuse(
                f"in the column {self._columns[origin].name!r} the model tells None from NaN, and a request has only null"
            )

    def column_name(self, value: Value, index: int) -> str:
        """What to call column `index` of `value` in a message: the input column it comes from, else its number."""
        origin = value.traces[index].origin
        return f"column {index}" if origin is None else self._columns[origin].name

    def finish(self, reading: Reading) -> Graph:
        """Return the graph for `reading`, the outermost estimator's."""
        for value in reading.outputs.values():
            self._use(value)
        outputs = {
            method: {"kind": value.kind, "columns": list(value.widths) if value.widths else value.width}
            for method, value in reading.outputs.items()
        }
        signature = {
            "columns": [column.describe() for column in self._columns],
            "named": self._named,
            "task": reading.task,
            "classes": reading.classes,
            "outputs": outputs,
        }
        return Graph(tuple(self._nodes), {m: value.name for m, value in reading.outputs.items()}, signature)

    def finish_partly(self) -> Graph:
        """Return what was learned before a refusal: a graph without outputs, whose columns may be unknown."""
        columns = [column.describe() for column in self._columns]
        for entry, column in zip(columns, self._columns, strict=True):
            if column.puzzling and not column.used:
                entry["kind"] = "unknown"
        return Graph(tuple(self._nodes), {}, {"columns": columns, "named": self._named})

    def _use(self, value: Value) -> None:
        """Remember which input columns something looks at."""
        for trace in value.traces:
            if trace.copy_of is not None:
                self._columns[trace.copy_of].used = True

    def _append(
        self, value: Value, op: str, inputs: Sequence[Value], attributes: Mapping[str, Json], tensors: Tensors
    ) -> Value:
        names = tuple(item.name for item in inputs)
        sparse_width = value.width if value.sparse else None
        self._nodes.append(Node(op, names, value.name, dict(attributes), dict(tensors), sparse_width))
        return value

    def _name(self, op: str) -> str:
        """`linear`, then `linear_2`: names a person can follow, and the same for the same model."""
        count = self._uses[op] = self._uses.get(op, 0) + 1
        return op if count == 1 else f"{op}_{count}"
