"""The graph: what a reader makes of a fitted estimator, and what the compiler writes down.

A `Graph` is a list of nodes in evaluation order. Every value is a table (a list of rows) or a column (one label or
number per row); the input is the table `rows`. `GraphBuilder` is what readers hold: it names values, follows missing
values and float32 narrowing back to the input columns, and collects every reason for a refusal. It knows no library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Json = Any
# A fitted estimator. Libraries share no base class and ship no types: readers go by documented attributes.
Estimator = Any
Kind = Literal["number", "label"]
Tensors = Mapping[str, "np.ndarray[Any, Any]"]

INPUT = "rows"


@dataclass(frozen=True)
class Node:
    """One call of an operator: `output = op(*inputs, **attributes, **tensors)`."""

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Json] = field(default_factory=dict)
    tensors: Tensors = field(default_factory=dict)


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
    this column is, unchanged; None if anything was done to it.
    """

    missing_from: frozenset[int] = frozenset()
    copy_of: int | None = None


@dataclass(frozen=True)
class Value:
    """A table or column that a node makes. `widths` has one entry, or one per output of a multi-output model."""

    name: str
    traces: tuple[Trace, ...]
    kind: Kind = "number"
    widths: tuple[int, ...] | None = None

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
        self._names = list(names)
        self._named = named
        self._find_reader = find_reader
        self._nodes: list[Node] = []
        self._uses: dict[str, int] = {}
        self._missing = [True] * len(self._names)
        self._narrowed = [False] * len(self._names)
        self.reasons: list[str] = []
        self.rows = Value(INPUT, tuple(Trace(frozenset({i}), i) for i in range(len(self._names))))

    def read(self, estimator: Estimator, inputs: Value) -> Reading | None:
        """Read an estimator applied to `inputs`. None if it was refused: go on, and find the other reasons too."""
        reader = self._find_reader(self, estimator)
        return None if reader is None else reader(self, estimator, inputs)

    def refuse(self, reason: str) -> None:
        """Keep a reason why this model cannot be compiled."""
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
        attributes: Mapping[str, Json] | None = None,
        tensors: Tensors | None = None,
    ) -> Value:
        """Add a node and return its value. `keeps_missing`: a missing cell stays missing, in the same column."""
        traces = tuple(Trace() for _ in range(width))
        if keeps_missing:
            traces = tuple(Trace(trace.missing_from) for trace in inputs[0].traces)
        return self._append(Value(self._name(op), traces, kind, widths), op, inputs, attributes or {}, tensors or {})

    def select_columns(self, value: Value, indices: Sequence[int]) -> Value:
        """Take some columns of a table, in the order given."""
        traces = tuple(value.traces[index] for index in indices)
        made = Value(self._name("select_columns"), traces, value.kind)
        return self._append(made, "select_columns", (value,), {"indices": list(indices)}, {})

    def refuse_missing(self, value: Value) -> None:
        """Say that the original raises when a cell of `value` is missing."""
        for trace in value.traces:
            for column in trace.missing_from:
                self._missing[column] = False

    def narrow(self, value: Value) -> None:
        """Say that the original rounds `value` to float32 first, and raises on what does not fit."""
        for trace in value.traces:
            if trace.copy_of is not None:
                self._narrowed[trace.copy_of] = True

    def finish(self, reading: Reading) -> Graph:
        """Return the graph for `reading`, the outermost estimator's."""
        outputs = {
            method: {"kind": value.kind, "columns": list(value.widths) if value.widths else value.width}
            for method, value in reading.outputs.items()
        }
        columns = [
            {"name": name, "kind": "numeric", "dtype": "float32" if narrowed else "float64", "missing": missing}
            for name, narrowed, missing in zip(self._names, self._narrowed, self._missing, strict=True)
        ]
        signature = {
            "columns": columns,
            "named": self._named,
            "task": reading.task,
            "classes": reading.classes,
            "outputs": outputs,
        }
        return Graph(tuple(self._nodes), {m: value.name for m, value in reading.outputs.items()}, signature)

    def _append(
        self, value: Value, op: str, inputs: Sequence[Value], attributes: Mapping[str, Json], tensors: Tensors
    ) -> Value:
        names = tuple(item.name for item in inputs)
        self._nodes.append(Node(op, names, value.name, dict(attributes), dict(tensors)))
        return value

    def _name(self, op: str) -> str:
        """`linear`, then `linear_2`: names a person can follow, and the same for the same model."""
        count = self._uses[op] = self._uses.get(op, 0) + 1
        return op if count == 1 else f"{op}_{count}"
