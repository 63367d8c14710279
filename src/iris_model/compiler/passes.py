"""Passes: from a graph to a smaller one that computes the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from iris_model.engine.operators import ACCEPTS_SPARSE
from iris_model.errors import UnsupportedModel
from iris_model.readers import Graph, Node


def drop_unused(graph: Graph) -> Graph:
    """Leave out nodes that no output needs."""
    wanted = set(graph.outputs.values())
    kept = []
    for node in reversed(graph.nodes):
        if node.output in wanted:
            wanted.update(node.inputs)
            kept.append(node)
    return replace(graph, nodes=tuple(reversed(kept)))


# A row this wide takes half a megabyte once its zeros are written out.
WIDEST_DENSE = 65_536


def write_out_zeros(graph: Graph) -> Graph:
    """Put `to_dense` between a sparse table and every operator, or output, that does not take one."""
    nodes: list[Node] = []
    widths: dict[str, int] = {}
    dense: dict[str, str] = {}

    def densify(value: str) -> str:
        if widths.get(value, 0) > WIDEST_DENSE:
            raise UnsupportedModel(
                [f"a sparse table of {widths[value]:,} columns ({value}) goes where none is taken, or into the answer"],
                remedy=f"Use fewer columns (up to {WIDEST_DENSE:,}; n_features, max_features), or a linear model behind it.",
            )
        if value in widths and value not in dense:
            dense[value] = f"{value}_dense"
            nodes.append(Node("to_dense", (value,), dense[value], {"width": widths[value]}))
        return dense.get(value, value)

    for node in graph.nodes:
        inputs = node.inputs if node.op in ACCEPTS_SPARSE else tuple(densify(value) for value in node.inputs)
        nodes.append(replace(node, inputs=inputs))
        if node.sparse_width is not None:
            widths[node.output] = node.sparse_width
    outputs = {method: densify(value) for method, value in graph.outputs.items()}
    return replace(graph, nodes=tuple(nodes), outputs=outputs)


PASSES: tuple[Callable[[Graph], Graph], ...] = (drop_unused, write_out_zeros)


def run_passes(graph: Graph) -> Graph:
    """Run every pass, in order."""
    for run in PASSES:
        graph = run(graph)
    return graph
