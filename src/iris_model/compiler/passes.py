"""Passes: transform a graph into a smaller one that computes the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from iris_model.engine.operators import ACCEPTS_SPARSE
from iris_model.errors import UnsupportedModel
from iris_model.readers import Graph, Node


def drop_unused(graph: Graph) -> Graph:
    """Drop nodes that no output needs."""
    return replace(graph, nodes=tuple(graph.nodes_behind(graph.outputs.values())))


# A dense row of this width takes half a megabyte.
WIDEST_DENSE = 65_536


def write_out_zeros(graph: Graph) -> Graph:
    """Put `to_dense` between a sparse table and every operator or output that needs a dense one."""
    nodes: list[Node] = []
    widths: dict[str, int] = {}
    dense: dict[str, str] = {}

    def check_width(value: str) -> None:
        if widths.get(value, 0) > WIDEST_DENSE:
            raise UnsupportedModel(
                [
                    f"a sparse table of {widths[value]:,} columns ({value}) is too wide for the next step, or for the answer"
                ],
                remedy=f"Use fewer columns (up to {WIDEST_DENSE:,}; n_features, max_features), or a linear model as "
                f"the next step.",
            )

    def densify(value: str) -> str:
        check_width(value)
        if value in widths and value not in dense:
            dense[value] = f"{value}_dense"
            nodes.append(Node("to_dense", (value,), dense[value], {"width": widths[value]}))
        return dense.get(value, value)

    for node in graph.nodes:
        if node.op == "to_dense":
            check_width(node.inputs[0])
        inputs = node.inputs if node.op in ACCEPTS_SPARSE else tuple(densify(value) for value in node.inputs)
        nodes.append(replace(node, inputs=inputs))
        if node.sparse_width is not None:
            widths[node.output] = node.sparse_width
    outputs = {method: densify(value) for method, value in graph.outputs.items()}
    return replace(graph, nodes=tuple(nodes), outputs=outputs)


# Operators that compute kernel values, and those that Gaussian processes apply to them.
COMBINED = frozenset(("power", "sum_of", "product_of"))
KERNEL_VALUES = COMBINED | {
    "chi_squared_kernel",
    "laplacian_kernel",
    "matern_kernel",
    "periodic_kernel",
    "polynomial_kernel",
    "rational_quadratic_kernel",
    "rbf_kernel",
}
# Operators that the same estimator applies to the sums, up to its answers.
AFTER_SUMS = frozenset(
    (
        "argmax_label",
        "column",
        "concat",
        "last_argmax_label",
        "latent_probabilities",
        "min_max_scale",
        "normalize_rows",
        "scale",
        "select_columns",
        "threshold_label",
    )
)


def let_overflow(graph: Graph) -> Graph:
    """Mark sums of kernel values that end in an answer: the original does not check them, so they may overflow.

    If another estimator reads them, the original refuses numbers that are not finite, and so does an unmarked `linear`.
    """
    if graph.signature["task"] == "transformer":
        # KernelPCA checks them.
        return graph
    direct: dict[str, set[str]] = {}
    later: dict[str, set[str]] = {}
    for node in reversed(graph.nodes):
        for name in node.inputs:
            direct.setdefault(name, set()).add(node.op)
            later.setdefault(name, set()).update({node.op}, later.get(node.output, ()))
    made_by = {node.output: node.op for node in graph.nodes}

    def may_overflow(node: Node) -> bool:
        if made_by.get(node.inputs[0]) in KERNEL_VALUES:
            return later.get(node.output, set()) <= AFTER_SUMS
        # The products of rows and training rows in a Gaussian process.
        return bool(direct.get(node.output, set()) & COMBINED)

    nodes = [
        replace(node, attributes={**node.attributes, "overflow": True})
        if node.op == "linear" and may_overflow(node)
        else node
        for node in graph.nodes
    ]
    return replace(graph, nodes=tuple(nodes))


PASSES: tuple[Callable[[Graph], Graph], ...] = (drop_unused, write_out_zeros, let_overflow)


def run_passes(graph: Graph) -> Graph:
    """Run every pass, in order."""
    for run in PASSES:
        graph = run(graph)
    return graph
