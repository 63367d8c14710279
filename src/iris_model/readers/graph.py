"""The graph: the result of converters and the input of the compiler.

A `Graph` is a list of nodes in evaluation order. Every value is a table (a list of rows) or a column (one label or
number for each row); the input is the table `rows`. Converters use a `GraphBuilder`: it names values, traces missing
values and float32 narrowing back to the input columns, and collects every reason for a refusal. It depends on no
library.

A table may be sparse: its rows are dicts {column index: value}. A pass of the compiler puts `to_dense` before operators
that do not accept such rows, so converters can ignore this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, Literal, cast

import numpy as np

from iris_model.contract.signature import InputSignature, Output, Signature, Task

from .category_orders import NO_ORDERS, CategoryOrders
from .input_columns import InputColumn
from .operator_traits import having
from .step_record import recorded

Json = Any
# A fitted estimator. Libraries share no base class and ship no types: converters use documented attributes.
Estimator = Any
Kind = Literal["number", "label"]
Side = Literal["", "left", "left, if ever", "right"]
Tensors = Mapping[str, "np.ndarray[Any, Any]"]

INPUT = "rows"
HANDS_ON = having("keeps-infinite")
KEEPS_ABSENT = having("keeps-absent")


@dataclass(frozen=True)
class Node:
    """One call of an operator: `output = op(*inputs, **attributes, **tensors)`.

    `sparse_width`: the number of columns of a sparse output. `equal_goes` is for trees whose thresholds may be training
    values. It is the side of a value equal to its threshold: "left", "right", or "left, if ever" (few thresholds are
    training values). Only the compiler uses it.
    """

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Json] = field(default_factory=dict)
    tensors: Tensors = field(default_factory=dict)
    sparse_width: int | None = None
    equal_goes: Side = ""


@dataclass(frozen=True)
class Graph:
    """Nodes in evaluation order, the value of each method of the original, and the signature.

    `made_by`: for a table that an estimator's `transform` returns, that estimator and its input. The compiler computes
    the original's table with it. There may be several: a pipeline, and its last step.
    """

    nodes: tuple[Node, ...]
    outputs: Mapping[str, str]
    signature: Signature
    made_by: Mapping[str, Sequence[tuple[Estimator, str]]] = field(default_factory=dict, compare=False, repr=False)

    def nodes_behind(self, names: Iterable[str]) -> list[Node]:
        """Return the nodes that the values called `names` are computed from, in order."""
        wanted = set(names)
        chain = []
        for node in reversed(self.nodes):
            if node.output in wanted:
                wanted.update(node.inputs)
                chain.append(node)
        return chain[::-1]


@dataclass(frozen=True)
class Trace:
    """The origin of one column of a value.

    `missing_from`: input columns whose missing value is still missing here. `copy_of`: the input column that this
    column equals, or None. `filled_from`: the input column that this column equals except for filled missing cells, so
    that its cells have the same type. `makes_missing`: the parameters of an operator that turns some cells into NaN
    here, and raises instead once they are `strict`. `makes_infinite`: the same for infinities, once they are `finite`.
    """

    missing_from: frozenset[int] = frozenset()
    copy_of: int | None = None
    filled_from: int | None = None
    makes_missing: dict[str, Json] | None = None
    makes_infinite: dict[str, Json] | None = None

    @property
    def origin(self) -> int | None:
        """The input column whose cells these are, except for missing ones, or None."""
        return self.filled_from if self.copy_of is None else self.copy_of


@dataclass(frozen=True)
class Value:
    """A table or column that a node computes. `widths` has one entry, or one for each output of a multi-output model.

    `sparse`: the rows are dicts {column index: value}. `zeros_absent`: the original passes on a scipy sparse matrix
    that does not store zeros; XGBoost treats cells that are not stored as missing.
    """

    name: str
    traces: tuple[Trace, ...]
    kind: Kind = "number"
    widths: tuple[int, ...] | None = None
    sparse: bool = False
    zeros_absent: bool = False

    @property
    def width(self) -> int:
        """The number of columns; a flat column has one."""
        return len(self.traces)


@dataclass(frozen=True)
class Reading:
    """The result of a converter: the task, the value of each method that the original offers, and the classes."""

    task: Task | Literal[""]
    """Empty if the model was refused."""
    outputs: Mapping[str, Value]
    classes: list[Json] | None = None


Reader = Callable[["GraphBuilder", Estimator, Value], Reading]
FindReader = Callable[["GraphBuilder", Estimator], Reader | None]


def partial_signature(inputs: InputSignature) -> Signature:
    """Return the signature of a graph without outputs. It has only the keys of the input."""
    return cast(Signature, inputs)


class GraphBuilder:
    """Builds one graph. Converters call `read` for inner estimators, so that no converter depends on another."""

    def __init__(
        self, names: Sequence[str], *, named: bool, find_reader: FindReader, orders: CategoryOrders = NO_ORDERS
    ) -> None:
        self.orders = orders
        self._columns = [InputColumn(name) for name in names]
        self._named = named
        self._find_reader = find_reader
        self._nodes: list[Node] = []
        self._made_by: dict[str, list[tuple[Estimator, str]]] = {}
        self._uses: dict[str, int] = {}
        self._refusals = 0
        self._puzzled = 0
        self.reasons: list[str] = []
        self.rows = Value(INPUT, tuple(Trace(frozenset({i}), i) for i in range(len(self._columns))))

    @recorded
    def read(self, estimator: Estimator, inputs: Value) -> Reading | None:
        """Convert an estimator applied to `inputs`. None if it, or an inner one, was refused.

        The caller continues after a refusal, to find other reasons.
        """
        refusals, puzzled = self._refusals, self._puzzled
        reader = self._find_reader(self, estimator)
        reading = None if reader is None else reader(self, estimator, inputs)
        if self._refusals == refusals and reader is not None:
            made = reading.outputs.get("transform") if reading is not None else None
            if made is not None and made.name != inputs.name:
                self._made_by.setdefault(made.name, []).append((estimator, inputs.name))
            return reading
        if self._puzzled == puzzled:
            # This estimator itself was refused, not an inner one, so its use of the columns is unknown.
            self._puzzled += 1
            cls = type(estimator)
            for trace in inputs.traces:
                if trace.origin is not None:
                    self._columns[trace.origin].puzzled_by[f"{cls.__module__}.{cls.__qualname__}"] = None
        return None

    def refuse(self, reason: str) -> None:
        """Record a reason why this model cannot be compiled."""
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
        zeros_absent: bool | None = None,
        takes_infinite: bool = False,
        equal_goes: Side = "",
        traces: Sequence[Trace] | None = None,
        attributes: Mapping[str, Json] | None = None,
        tensors: Tensors | None = None,
    ) -> Value:
        """Add a node and return its value.

        `keeps_missing`: a missing cell stays missing, in the same column. `takes_infinite`: the original accepts
        infinities that an earlier step computed. `equal_goes`: see `Node`. `traces`: the origin of each column, for
        operators that return their input columns; otherwise every column is new. `zeros_absent`: see `Value`; None: as
        the inputs, if the original keeps a sparse matrix sparse.
        """
        if zeros_absent is None:
            zeros_absent = op in KEEPS_ABSENT and any(value.zeros_absent for value in inputs)
        if traces is None:
            # One shared object: a hashing vectorizer has a million columns.
            traces = (Trace(),) * width
            if keeps_missing:
                keeps_infinite = takes_infinite or op in HANDS_ON
                traces = tuple(
                    Trace(
                        one.missing_from,
                        makes_missing=one.makes_missing,
                        makes_infinite=one.makes_infinite if keeps_infinite else None,
                    )
                    for one in inputs[0].traces
                )
        for value in inputs:
            self._use(value)
            if not takes_infinite and op not in HANDS_ON:
                _refuse_infinite(value)
        made = Value(self._name(op), tuple(traces), kind, widths, sparse, zeros_absent)
        self._append(made, op, inputs, attributes or {}, tensors or {})
        if equal_goes:
            self._nodes[-1] = replace(self._nodes[-1], equal_goes=equal_goes)
        return made

    def select_columns(self, value: Value, indices: Sequence[int], *, ignores_others: bool = False) -> Value:
        """Select columns of a table, in the given order. `ignores_others`: the original never reads the others."""
        traces = tuple(value.traces[index] for index in indices)
        if not ignores_others:
            self._use(value)
        if value.sparse and len(set(indices)) == len(indices):
            positions = np.full(value.width, -1, np.int32)
            positions[list(indices)] = np.arange(len(indices))
            made = Value(
                self._name("select_columns_sparse"), traces, value.kind, sparse=True, zeros_absent=value.zeros_absent
            )
            return self._append(made, "select_columns_sparse", (value,), {}, {"positions": positions})
        made = Value(self._name("select_columns"), traces, value.kind, zeros_absent=value.zeros_absent)
        return self._append(made, "select_columns", (value,), {"indices": list(indices)}, {})

    def concat(self, values: Sequence[Value], *, reads: bool = True) -> Value:
        """Join tables side by side; sparse if one of them is. `reads`: the original reads the cells as numbers."""
        if len(values) == 1:
            return values[0]
        traces = tuple(trace for value in values for trace in value.traces)
        if not reads and not any(value.sparse or value.zeros_absent for value in values):
            return self._append(Value(self._name("concat"), traces), "concat", values, {}, {})
        if not any(value.sparse for value in values):
            return self.add("concat", *values, width=len(traces), traces=traces)
        starts: dict[str, Json] = {"offsets": [0, *accumulate(value.width for value in values)][:-1]}
        return self.add("concat_sparse", *values, width=len(traces), traces=traces, sparse=True, attributes=starts)

    def refuse_missing(self, value: Value) -> None:
        """Record that the original raises if a cell of `value` is missing."""
        for trace in value.traces:
            for column in trace.missing_from:
                self._columns[column].missing = False
            if trace.makes_missing is not None:
                trace.makes_missing["strict"] = True

    def narrow(self, value: Value) -> None:
        """Record that the original rounds `value` to float32 first, and raises on overflow."""
        for trace in value.traces:
            if trace.copy_of is not None:
                self._columns[trace.copy_of].narrowed = True

    def expect_categories(self, value: Value, index: int, categories: Sequence[Json], *, dtype: str = "object") -> None:
        """Record that the original compares column `index` of `value` with these categories (None: a missing cell).

        `dtype`: "category" for a pandas Categorical, "mixed" if numbers are accepted too.
        """
        origin = value.traces[index].origin
        if origin is not None:
            self._columns[origin].expect_categories(categories, dtype)

    def expect_text(
        self, value: Value, json: Literal["dict", "pair", "string"] | None = None, *, dated: bool = False
    ) -> None:
        """Record that the columns of `value` contain strings; `dated`: of dates. `json`: see `Column`."""
        for place in [trace.origin for trace in value.traces if trace.origin is not None]:
            self._columns[place].kind, self._columns[place].json, self._columns[place].dated = "text", json, dated

    def expect_bytes(self, value: Value, index: int) -> None:
        """Record that column `index` of `value` contained bytes in training, and that a row has their UTF-8 text."""
        origin = value.traces[index].origin
        if origin is not None:
            self._columns[origin].encoded = True

    def expect_whole_name(self, value: Value, index: int) -> None:
        """Record that the name of column `index` of `value`, a feature of a dictionary, was an integer in training."""
        origin = value.traces[index].origin
        if origin is not None:
            self._columns[origin].whole_name = True

    def expect_optional(self, value: Value, *, hashed: bool = False) -> None:
        """Record that the columns of `value` are features of a dictionary, which may leave them out.

        `hashed`: a feature of any other name would count too, so a row must not have one.
        """
        for trace in value.traces:
            if trace.origin is not None:
                column = self._columns[trace.origin]
                column.optional, column.hashed = True, column.hashed or hashed

    def expect_missing_as(self, value: Value, index: int, marker: Literal["nan", "none"]) -> None:
        """Record whether the original was trained with NaN or with None for missing cells of an object column."""
        origin = value.traces[index].origin
        if origin is not None and not self._columns[origin].expect_missing_as(marker):
            self.refuse(
                f"in the column {self._columns[origin].name!r} the model treats None and NaN differently, but JSON "
                "has only null; train it with one of them"
            )

    def column_name(self, value: Value, index: int) -> str:
        """Return the name of column `index` of `value` for messages: its input column, or else its number."""
        origin = value.traces[index].origin
        return f"column {index}" if origin is None else self._columns[origin].name

    def finish(self, reading: Reading) -> Graph:
        """Return the graph for `reading`, the result of the outermost estimator."""
        for value in reading.outputs.values():
            self._use(value)
        self._refuse_texts(reading)
        outputs: dict[str, Output] = {
            method: {"kind": value.kind, "columns": list(value.widths) if value.widths else value.width}
            for method, value in reading.outputs.items()
        }
        assert reading.task != ""  # a refused model is never finished
        signature: Signature = {
            "columns": [column.describe() for column in self._columns],
            "named": self._named,
            "task": reading.task,
            "classes": reading.classes,
            "outputs": outputs,
        }
        outputs_by_method = {method: value.name for method, value in reading.outputs.items()}
        return Graph(tuple(self._nodes), outputs_by_method, signature, self._made_by)

    def _refuse_texts(self, reading: Reading) -> None:
        for method, value in reading.outputs.items():
            texts = [
                column.name
                for trace in value.traces
                if value.kind == "number" and trace.origin is not None
                for column in [self._columns[trace.origin]]
                if column.holds_texts
            ]
            if texts:
                self.refuse(
                    f"{method} returns the strings of column {texts[0]!r}; expected numbers or labels; encode the column"
                )

    def finish_partly(self) -> Graph:
        """Return what was learned before a refusal: a graph without outputs, whose columns may be unknown."""
        columns = [column.describe() for column in self._columns]
        for entry, column in zip(columns, self._columns, strict=True):
            if column.puzzled_by:
                entry["puzzled_by"] = list(column.puzzled_by)
            if column.puzzled_by and not column.used:
                entry["kind"] = "unknown"
                entry.pop("optional", None)
                entry.pop("dropped", None)
        return Graph(tuple(self._nodes), {}, partial_signature({"columns": columns, "named": self._named}))

    def _use(self, value: Value) -> None:
        """Record that the input columns of `value` are read."""
        for place in [trace.copy_of for trace in value.traces if trace.copy_of is not None]:
            self._columns[place].used = True

    def _append(
        self, value: Value, op: str, inputs: Sequence[Value], attributes: Mapping[str, Json], tensors: Tensors
    ) -> Value:
        names = tuple(item.name for item in inputs)
        sparse_width = value.width if value.sparse else None
        self._nodes.append(Node(op, names, value.name, dict(attributes), dict(tensors), sparse_width))
        return value

    def _name(self, op: str) -> str:
        """Return `linear`, then `linear_2`: readable names, and the same for the same model."""
        count = self._uses[op] = self._uses.get(op, 0) + 1
        return op if count == 1 else f"{op}_{count}"


def _refuse_infinite(value: Value) -> None:
    for trace in value.traces:
        if trace.makes_infinite is not None:
            trace.makes_infinite["finite"] = True
