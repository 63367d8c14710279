"""Trace columns back through scalers, to compute the input value that meets a threshold behind them.

A view of a table gives for each of its columns the affine map `slope * x + shift` of one input column, or None if
unknown. It is used only for probes, never for answers: after rounding, a row may miss the threshold and test another
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from iris_model.readers import Graph, Node
from iris_model.readers.graph import INPUT


@dataclass(frozen=True)
class Affine:
    """`slope * x + shift` of the input column `source`."""

    source: int
    slope: float = 1.0
    shift: float = 0.0

    @property
    def is_copy(self) -> bool:
        """Whether the column equals the input column bit by bit."""
        return self.slope == 1.0 and self.shift == 0.0

    def invert(self, value: float) -> float:
        """Return the input that gives about `value`."""
        return value if self.is_copy else (value - self.shift) / self.slope

    def then(self, slope: float, shift: float) -> Affine | None:
        """Return the composition with `slope * y + shift`; None if the input has no effect."""
        combined = self.slope * slope
        return Affine(self.source, combined, self.shift * slope + shift) if combined else None


View = tuple[Affine | None, ...]


def trace_views(graph: Graph) -> dict[str, View]:
    """Return the view of every table that is an affine map of the input."""
    views: dict[str, View] = {INPUT: tuple(Affine(index) for index in range(len(graph.signature["columns"])))}
    for node in graph.nodes:
        follow = FOLLOW.get(node.op)
        if follow is not None and all(name in views for name in node.inputs):
            views[node.output] = follow(node, [views[name] for name in node.inputs])
        elif node.op in WIDTHS:
            views[node.output] = (None,) * WIDTHS[node.op](node)
    return views


def _scale(node: Node, inputs: Sequence[View]) -> View:
    offsets, divisors = node.tensors["offset"].tolist(), node.tensors["divisor"].tolist()
    return tuple(
        column and column.then(1.0 / divisor, -offset / divisor)
        for column, offset, divisor in zip(inputs[0], offsets, divisors, strict=True)
    )


def _divide_columns(node: Node, inputs: Sequence[View]) -> View:
    divisors = node.tensors["divisor"].tolist()
    return tuple(column and column.then(1.0 / by, 0.0) for column, by in zip(inputs[0], divisors, strict=True))


def _min_max_scale(node: Node, inputs: Sequence[View]) -> View:
    scales, offsets = node.tensors["scale"].tolist(), node.tensors["offset"].tolist()
    return tuple(
        column and column.then(scale, offset) for column, scale, offset in zip(inputs[0], scales, offsets, strict=True)
    )


def _select_columns(node: Node, inputs: Sequence[View]) -> View:
    return tuple(inputs[0][index] for index in node.attributes["indices"])


def _concat(node: Node, inputs: Sequence[View]) -> View:
    return tuple(column for view in inputs for column in view)


FOLLOW: Mapping[str, Callable[[Node, Sequence[View]], View]] = {
    "scale": _scale,
    "min_max_scale": _min_max_scale,
    "divide_columns": _divide_columns,
    "select_columns": _select_columns,
    "concat": _concat,
    "narrow_to_float32": lambda _, inputs: inputs[0],
    "zeros_to_missing": lambda _, inputs: inputs[0],
    "mark_missing": lambda _, inputs: inputs[0],
}

# Operators whose columns are unknown, with their number: `concat` puts them next to known columns.
WIDTHS: Mapping[str, Callable[[Node], int]] = {
    "hash_categories": lambda node: len(node.attributes["names"]),
    "category_positions": lambda node: len(node.tensors["columns"]),
    "category_statistics": lambda node: len(node.tensors["absent"]),
}
