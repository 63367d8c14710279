"""Compute intermediate tables of a graph, with the steps of the original and with the engine.

The trees of a pipeline see the output of its other steps. If these can be called alone (`Graph.made_by`), their output
is the value that the original compares with a threshold. Otherwise only the engine's values are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.compiler.emit import emit
from iris_model.compiler.original import Original
from iris_model.compiler.passes import drop_unused
from iris_model.engine import CompiledModel, InvalidInput
from iris_model.readers import Graph, Node
from iris_model.readers.graph import INPUT
from iris_model.readers.operator_traits import having

Array = np.ndarray[Any, Any]

HANDED_ON = having("dense")
# The exceptions of an original for rows that it refuses.
REFUSALS = (ValueError, IndexError, InvalidInput)
# The largest dense table, in cells.
MOST_CELLS = 8_000_000


class InnerValues:
    """The values of intermediate tables of one graph."""

    def __init__(self, graph: Graph, original: Original) -> None:
        self._graph = graph
        self._original = original
        self._nodes = {node.output: node for node in graph.nodes}
        self._engines: dict[tuple[str, ...], CompiledModel] = {}

    def knows(self, name: str) -> bool:
        """Whether the original can compute this table."""
        if name == INPUT or any(self.knows(source) for _, source in self._graph.made_by.get(name, ())):
            return True
        node = self._nodes.get(name)
        return node is not None and _is_followed(node) and all(map(self.knows, node.inputs))

    def original(self, name: str, rows: Sequence[Row]) -> Array:
        """Return the table of the original. Raises what the original raises."""
        return self._original.hand_to(lambda table: _dense(self._made(name, table)), rows)  # type: ignore[no-any-return]

    def engine(self, names: Iterable[str], rows: Sequence[Row]) -> dict[str, Array]:
        """Return tables of the engine, without those of strings and labels. Raises InvalidInput."""
        wanted = tuple(dict.fromkeys(names))
        if wanted not in self._engines:
            tapped = drop_unused(Graph(self._graph.nodes, {name: name for name in wanted}, self._graph.signature))
            self._engines[wanted] = CompiledModel("(a part of the model)", emit(tapped), own_code=True)
        tables = self._engines[wanted].evaluate(list(rows), wanted)
        found = {name: self._numbers(name, table) for name, table in zip(wanted, tables, strict=True)}
        return {name: table for name, table in found.items() if table is not None}

    def _made(self, name: str, table: Any) -> Any:
        if name == INPUT:
            return table
        for estimator, source in self._graph.made_by.get(name, ()):
            if self.knows(source):
                return estimator.transform(self._made(source, table))
        node = self._nodes[name]
        parts = [self._made(source, table) for source in node.inputs]
        if node.op == "select_columns":
            return _cells(parts[0])[:, list(node.attributes["indices"])]
        return parts[0] if len(parts) == 1 else np.hstack([_cells(part) for part in parts])

    def _numbers(self, name: str, table: Sequence[Any]) -> Array | None:
        if name == INPUT:
            # Strings have no numeric value.
            return np.array([[cell if isinstance(cell, (int, float)) else np.nan for cell in row] for row in table])
        first = table[0] if len(table) else []
        if isinstance(first, dict):
            width = self._nodes[name].sparse_width or 0
            if not width or width * len(table) > MOST_CELLS:
                return None
            found = np.zeros((len(table), width))
            for index, row in enumerate(table):
                found[index, list(row.keys())] = list(row.values())
            return found
        try:
            return np.array(table, np.float64).reshape(len(table), -1)
        except (TypeError, ValueError):
            return None


def answered(evaluate: Callable[[Sequence[Row]], Array], rows: Sequence[Row]) -> tuple[list[int], Array]:
    """Return the positions of the rows that `evaluate` accepts, and its result. Finds refused rows by bisection."""
    if not rows:
        return [], np.empty((0, 0))
    try:
        return list(range(len(rows))), evaluate(rows)
    except REFUSALS:
        if len(rows) == 1:
            return [], np.empty((0, 0))
    middle = len(rows) // 2
    first, upper = answered(evaluate, rows[:middle])
    second, lower = answered(evaluate, rows[middle:])
    parts = [part for part in (upper, lower) if len(part)]
    places = [*first, *(middle + place for place in second)]
    return places, np.concatenate(parts) if parts else np.empty((0, 0))


def _is_followed(node: Node) -> bool:
    return node.op in HANDED_ON or node.op in ("select_columns", "concat")


def _cells(table: Any) -> Array:
    if hasattr(table, "toarray"):
        table = table.toarray()
    if hasattr(table, "to_numpy"):
        table = table.to_numpy()
    return np.asarray(table)


def _dense(table: Any) -> Array:
    if hasattr(table, "shape") and np.prod(table.shape) > MOST_CELLS:
        raise ValueError("a table too wide to be written out")
    cells = _cells(table)
    return cells.astype(np.float64).reshape(len(cells), -1)
