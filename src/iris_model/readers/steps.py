"""What is inside an opened model: its steps and whether each compiles, its columns, classes and trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iris_model.errors import UnsupportedModel

from .estimators import read_estimator, read_partly
from .graph import Graph, Node
from .opening.open import OpenedModel
from .step_record import Step, recorded_steps


@dataclass(frozen=True)
class Inside:
    """The content of a model. `reasons`: why it does not compile; empty if it does."""

    steps: tuple[Step, ...]
    reasons: tuple[str, ...]
    signature: Mapping[str, Any] | None
    """The columns, classes and outputs; of a refused model only what is known, or None."""
    trees: int
    nodes: int
    """The number of nodes of all trees, leaves included."""
    compiled_bytes: int
    """The size of the parameters in a compiled model."""


def look_inside(opened: OpenedModel) -> Inside:
    """Convert the model as `compile` does, and collect its steps. Nothing is verified."""
    reasons: tuple[str, ...] = ()
    graph: Graph | None
    with recorded_steps() as steps:
        try:
            graph = read_estimator(opened.estimator, opened.names)
        except UnsupportedModel as error:
            reasons, graph = tuple(error.reasons), None
    found = tuple(steps)  # without those of the second try
    if graph is None:
        graph = read_partly(opened.estimator, opened.names)
    nodes = graph.nodes if graph else []
    tensors = [tensor for node in nodes for tensor in node.tensors.values()]
    return Inside(
        found,
        reasons,
        graph.signature if graph else None,
        trees=sum(_count(node, "roots") for node in nodes),
        nodes=sum(_count(node, "feature") for node in nodes if "roots" in node.tensors),
        compiled_bytes=sum(int(tensor.nbytes) for tensor in tensors),
    )


def _count(node: Node, tensor: str) -> int:
    return len(node.tensors[tensor]) if tensor in node.tensors else 0
