"""Passes: from a graph to a smaller one that computes the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from iris_model.readers import Graph


def drop_unused(graph: Graph) -> Graph:
    """Leave out nodes that no output needs."""
    wanted = set(graph.outputs.values())
    kept = []
    for node in reversed(graph.nodes):
        if node.output in wanted:
            wanted.update(node.inputs)
            kept.append(node)
    return replace(graph, nodes=tuple(reversed(kept)))


PASSES: tuple[Callable[[Graph], Graph], ...] = (drop_unused,)


def run_passes(graph: Graph) -> Graph:
    """Run every pass, in order."""
    for run in PASSES:
        graph = run(graph)
    return graph
