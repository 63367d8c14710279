"""Convert an ONNX graph to a program of the engine (engine/operators/networks).

Functions and decided branches are written out, constants are computed once, products with a constant matrix become one
step with their bias, and steps that no result needs are dropped. Every operator that the engine does not
have is a reason for a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .fusing import fuse, needed, without_identities
from .messages import BadMessage, GraphMessage, ModelMessage, NodeMessage, Reference, TensorMessage
from .steps import Program, Step
from .tensors import Tensor, to_array

# What each operator of the engine computes for constants. The compiler passes it, because readers do not import the
# engine: (op, inputs, attributes) -> outputs, or None if it cannot.
Fold = Callable[[str, Sequence[Tensor | None], Mapping[str, Any]], Sequence[Tensor] | None]

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
OLDEST, NEWEST = 7, 99
MOST_STEPS, MOST_INLINED = 20_000, 16
# Longer lists in attributes become constants, so that they are tensors in the file.
MOST_LISTED = 16
# Constants are not computed beyond this many cells.
MOST_FOLDED = 1 << 24
# Steps whose result may become the input of no computation: computing them once would only make the file larger.
GROWING = ("ConstantOfShape", "Expand", "Tile", "Range", "OneHot", "EyeLike")
MOST_GROWN = 1 << 16
# All constants that are computed have at most this many cells, and one product at most this many multiplications.
MOST_COMPUTED = 1 << 26
MOST_PRODUCTS = 1 << 28
HEAVY = ("Conv", "GRU", "LSTM", "RNN")


def read_program(
    model: ModelMessage, outputs: Sequence[str], directory: Path | None, known: Sequence[str], fold: Fold
) -> Program:
    """Return the program that computes `outputs`. `known`: the operators of the engine. Raises BadMessage."""
    builder = _Builder(model, directory, frozenset(known), fold)
    try:
        builder.add_graph(model.graph, {})
        return builder.finish(outputs)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        # A node lacks an input, an output or an attribute, or has one of another kind.
        raise BadMessage(f"the graph is damaged ({type(error).__name__}: {error})") from None


class _Builder:
    def __init__(self, model: ModelMessage, directory: Path | None, known: frozenset[str], fold: Fold) -> None:
        self._opset = model.opsets.get("", model.opsets.get("ai.onnx", 1))
        self._functions = {(graph.domain, graph.name): graph for graph in model.functions}
        self._directory = directory
        self._known = known
        self._fold = fold
        self._steps: list[Step] = []
        self._constants: dict[str, Tensor] = {}
        self._reasons: dict[str, None] = {}
        self._inlined = 0
        self._nodes = 0
        self._computed_cells = 0

    def add_graph(self, graph: GraphMessage, names: dict[str, str], depth: int = 0) -> None:
        """Add the nodes of a graph. `names`: the value behind each name that is not its own."""
        if graph.has_sparse:
            self._reasons["sparse tensors"] = None
        for tensor in graph.tensors:
            names.setdefault(tensor.name, self._own(tensor.name, depth))
            self._constants[names[tensor.name]] = self._read(tensor)
        for node in graph.nodes:
            self._add(node, names, depth)

    def _own(self, name: str, depth: int) -> str:
        return name if depth == 0 else f"{name}#{self._inlined}"

    def _read(self, tensor: TensorMessage) -> Tensor:
        try:
            return to_array(tensor, self._directory)
        except BadMessage as error:
            self._reasons[str(error)] = None
            return np.zeros(0, np.float32)

    def _add(self, node: NodeMessage, names: dict[str, str], depth: int) -> None:
        self._nodes += 1
        if self._nodes > MOST_STEPS:
            raise BadMessage(f"the graph has more than {MOST_STEPS} nodes")
        inputs = [names.get(name, name) if name else "" for name in node.inputs]
        function = self._functions.get((node.domain, node.op))
        if function is not None:
            self._inline(function, node, inputs, names, depth)
            return
        if node.op == "If" and node.domain in DOMAINS:
            self._branch(node, inputs, names, depth)
            return
        outputs = []
        for name in node.outputs:
            names[name] = self._own(name, depth) if name else ""
            outputs.append(names[name])
        if node.domain not in DOMAINS or node.op not in self._known:
            domain = f"{node.domain}." if node.domain not in DOMAINS else ""
            self._reasons[f"the operator {domain}{node.op}"] = None
            return
        if node.op == "Constant":
            self._constant(node, outputs[0])
            return
        step = Step(node.op, inputs, outputs, self._attributes(node, outputs[0]))
        problem = _adapt(step, self._opset, self._constants)
        if problem:
            self._reasons[problem] = None
        if not self._computed(step):
            self._steps.append(step)

    def _constant(self, node: NodeMessage, output: str) -> None:
        name, value = next(iter(node.attributes.items()), ("", None))
        if isinstance(value, TensorMessage):
            self._constants[output] = self._read(value)
        elif name in ("value_string", "value_strings"):
            texts: list[Any] = [value] if isinstance(value, bytes) else value or []
            made: Any = np.array([text.decode("utf-8", "replace") for text in texts], dtype=object)
            self._constants[output] = made.reshape(()) if name == "value_string" else made
        elif name in ("value_float", "value_floats", "value_int", "value_ints"):
            self._constants[output] = np.array(value, np.float32 if "float" in name else np.int64)
        else:
            self._reasons[f"the operator Constant with the attribute {name!r}"] = None

    def _attributes(self, node: NodeMessage, output: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in node.attributes.items():
            made = _plain(value)
            if isinstance(value, TensorMessage):
                made = self._read(value)
            elif isinstance(made, list) and (
                len(made) > MOST_LISTED or any(isinstance(one, (float, str)) for one in made)
            ):
                numbers = np.float32 if made and isinstance(made[0], float) else np.int64
                made = np.array(made, object if made and isinstance(made[0], str) else numbers)
            elif isinstance(made, (GraphMessage, Reference)):
                self._reasons[f"the operator {node.op} with a graph in {name!r}"] = None
                continue
            elif isinstance(made, float) and not np.isfinite(made):
                made = np.array([made], np.float32)
            if isinstance(made, np.ndarray):
                place = f"{output}.{name}"
                self._constants[place] = made
                made = {"array": place}
            found[name] = made
        return found

    def _inline(
        self, function: GraphMessage, node: NodeMessage, inputs: list[str], names: dict[str, str], depth: int
    ) -> None:
        if depth >= MOST_INLINED:
            raise BadMessage(f"functions are nested more than {MOST_INLINED} deep")
        self._inlined += 1
        inner = dict(zip([value.name for value in function.inputs], inputs, strict=False))
        for value in function.inputs[len(inputs) :]:
            inner[value.name] = ""
        values = {**function.defaults, **node.attributes}
        for each in function.nodes:
            attributes = {}
            for name, value in each.attributes.items():
                if not isinstance(value, Reference):
                    attributes[name] = value
                elif value.name in values:
                    attributes[name] = values[value.name]
            self._add(replace(each, attributes=attributes), inner, depth + 1)
        for value, output in zip(function.outputs, node.outputs, strict=False):
            names[output] = inner.get(value.name, value.name)
            if depth == 0 and output:
                self._alias(names[output], output)
                names[output] = output

    def _alias(self, source: str, name: str) -> None:
        if source in self._constants:
            self._constants[name] = self._constants[source]
        else:
            self._steps.append(Step("Identity", [source], [name]))

    def _branch(self, node: NodeMessage, inputs: list[str], names: dict[str, str], depth: int) -> None:
        """Write out one branch of an If whose condition is constant, as the exporter of torch makes for a squeeze."""
        condition = self._constants.get(inputs[0])
        if condition is None or depth >= MOST_INLINED:
            self._reasons["the operator If, whose condition depends on the row"] = None
            return
        graph = node.attributes["then_branch" if condition.ravel()[0] else "else_branch"]
        self._inlined += 1
        inner = dict(names)
        self.add_graph(graph, inner, depth + 1)
        for value, output in zip(graph.outputs, node.outputs, strict=False):
            self._alias(inner.get(value.name, value.name), output)
            names[output] = output

    def _computed(self, step: Step) -> bool:
        """Compute a step of constants now. Returns whether that was possible."""
        if any(name and name not in self._constants for name in step.inputs) or self._reasons:
            return False
        values = [self._constants[name] if name else None for name in step.inputs]
        if sum(value.size for value in values if value is not None) > MOST_FOLDED:
            return False
        if self._computed_cells > MOST_COMPUTED or _count_products(step.op, values) > MOST_PRODUCTS:
            return False
        attributes = {
            name: self._constants[value["array"]] if isinstance(value, dict) else value
            for name, value in step.attributes.items()
        }
        made = self._fold(step.op, values, attributes)
        self._computed_cells += sum(value.size for value in made or ())
        if made is None or (step.op in GROWING and sum(value.size for value in made) > MOST_GROWN):
            return False
        self._constants |= {name: value for name, value in zip(step.outputs, made, strict=False) if name}
        return True

    def finish(self, outputs: Sequence[str]) -> Program:
        """Return the program for `outputs`."""
        steps = without_identities(self._steps, outputs)
        steps = fuse(steps, self._constants, outputs)
        steps = needed(steps, outputs)
        used = {name for step in steps for name in step.inputs} | set(outputs)
        used |= {value["array"] for step in steps for value in step.attributes.values() if isinstance(value, dict)}
        constants = {name: value for name, value in self._constants.items() if name in used}
        return Program(steps, constants, list(self._reasons))


def _count_products(op: str, values: Sequence[Tensor | None]) -> int:
    """Return how many multiplications a step of products has, at most; 0 for other steps."""
    if len(values) < 2 or values[0] is None or values[1] is None:
        return 0
    if op in ("MatMul", "Gemm"):
        return values[0].size * max(values[1].shape[-2:], default=1)
    return values[0].size * values[1].size if op in HEAVY else 0


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return [one.decode("utf-8", "surrogateescape") for one in value]
    return value


def _adapt(step: Step, opset: int, constants: Mapping[str, Tensor]) -> str | None:
    """Rewrite a step of an older opset. Returns why it cannot run, or None."""
    if step.op in ("Softmax", "LogSoftmax", "Hardmax") and opset < 13:
        step.attributes["flat"] = 1
    if step.op in ("Split", "MaxPool"):
        step.attributes["outputs"] = len(step.outputs)
    if step.op in ("Conv", "GRU", "LSTM", "RNN"):
        # Weights that are prepared once.
        step.attributes["constant"] = int(all(not name or name in constants for name in step.inputs[1:4]))
    if step.op == "BatchNormalization" and (step.attributes.get("training_mode", 0) or len(step.outputs) > 1):
        return "the operator BatchNormalization in training mode"
    if step.op == "Dropout" and len(step.inputs) > 2 and step.inputs[2]:
        training = constants.get(step.inputs[2])
        if training is None or training.ravel()[0]:
            return "the operator Dropout in training mode"
    if step.op in ("Cast", "EyeLike") and step.attributes.get("to", 1) in (10, *range(16, 64)):
        return f"the operator Cast to ONNX's type {step.attributes['to']}"
    if step.op == "EyeLike" and step.attributes.get("dtype", 1) in (10, *range(16, 64)):
        return f"the operator EyeLike with ONNX's type {step.attributes['dtype']}"
    return None
