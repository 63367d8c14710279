"""Read an ONNX file as a graph of the engine: one node that runs the program, and one for each output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from iris_model.contract.signature import Output, Signature
from iris_model.engine.operators.networks import MODULE_OF
from iris_model.errors import UnsupportedModel
from iris_model.readers import Graph, Node
from iris_model.readers.graph import INPUT
from iris_model.readers.onnx.messages import BadMessage, ModelMessage, read_model
from iris_model.readers.onnx.programs import read_program
from iris_model.readers.onnx.steps import Program, Step, encode
from iris_model.readers.opening.onnx import OpenedOnnx

from .arrays import fold

RUN, OUTPUT = "run_network", "network_output"
# Keys of the description that only onnxruntime needs.
ONLY_FOR_ONNXRUNTIME = ("inputs", "one_row")
WAY_OUT = 'Let onnxruntime run this model: set executor = "auto" or "onnxruntime".'


@dataclass(frozen=True)
class Network:
    """The graph of an ONNX file, its program, and the texts that it compares with."""

    graph: Graph
    program: Program
    texts: tuple[str, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of the engine that the program needs."""
        return tuple(sorted({"networks.running", *(f"networks.{MODULE_OF[step.op]}" for step in self.program.steps)}))


def read_network(path: Path, model: OpenedOnnx, described: Signature) -> Network:
    """Return the network in the file at `path`. Raises UnsupportedModel, which names each operator that does not map."""
    try:
        message = read_model(path.read_bytes())
        tensors = {method: str(output["tensor"]) for method, output in described["outputs"].items()}
        order = _drop_zip_maps(message, tensors, described)
        program = read_program(message, list(tensors.values()), path.parent, list(MODULE_OF), fold)
    except (BadMessage, IndexError, UnicodeDecodeError, ValueError) as error:
        raise UnsupportedModel([f"{path.name}: {error}"], remedy=WAY_OUT) from None
    if program.reasons:
        raise UnsupportedModel([f"{path.name}: {reason} is not compiled" for reason in program.reasons], remedy=WAY_OUT)
    _reorder(program, tensors, order)
    graph = _graph(program, model, described, tensors)
    texts = sorted({text for value in program.constants.values() if value.dtype == object for text in value.ravel()})
    return Network(graph, program, tuple(texts))


def find_unsupported_steps(path: Path) -> list[str]:
    """Return why the graph of an ONNX file cannot be compiled: operators, and parts that are damaged."""
    try:
        message = read_model(path.read_bytes())
        message.graph.nodes = [node for node in message.graph.nodes if node.op != "ZipMap"]
        outputs = [value.name for value in message.graph.outputs]
        return read_program(message, outputs, path.parent, list(MODULE_OF), fold).reasons
    except (BadMessage, OSError) as error:
        return [str(error)]


def _drop_zip_maps(message: ModelMessage, tensors: dict[str, str], described: Signature) -> dict[str, list[int]]:
    """Use the table behind each ZipMap. Returns the order of its columns that gives the classes of the signature."""
    order = {}
    for node in message.graph.nodes:
        for method, name in list(tensors.items()):
            if node.op == "ZipMap" and name in node.outputs:
                tensors[method] = node.inputs[0]
                labels = node.attributes.get("classlabels_int64s") or [
                    text.decode() for text in node.attributes.get("classlabels_strings", ())
                ]
                places = [labels.index(label) for label in described["classes"] or ()]
                if places != list(range(len(labels))):
                    order[method] = places
    message.graph.nodes = [node for node in message.graph.nodes if node.op != "ZipMap"]
    return order


def _reorder(program: Program, tensors: dict[str, str], order: dict[str, list[int]]) -> None:
    for method, places in order.items():
        name = f"{tensors[method]}.ordered"
        program.constants[f"{name}.places"] = np.array(places, np.int64)
        program.steps.append(Step("Gather", [tensors[method], f"{name}.places"], [name], {"axis": 1}))
        tensors[method] = name


def _graph(program: Program, model: OpenedOnnx, described: Signature, tensors: dict[str, str]) -> Graph:
    encoded, numbers = encode(program, [feed["name"] for feed in model.feeds], list(tensors.values()))
    feeds = [[numbers[feed["name"]], feed["dtype"], feed["columns"] or 1, feed_shape(feed)] for feed in model.feeds]
    attributes: dict[str, Any] = {
        **encoded.attributes,
        "feeds": feeds,
        "names": [column["name"] for column in described["columns"]],
        "one_row": model.one_row,
    }
    nodes = [Node(RUN, (INPUT,), "network", attributes, encoded.tensors)]
    outputs: dict[str, Output] = {}
    for index, (method, output) in enumerate(described["outputs"].items()):
        flat = method == "predict" and output["columns"] == 1
        nodes.append(Node(OUTPUT, ("network",), method, {"index": index, "flat": flat}))
        outputs[method] = {"kind": output["kind"], "columns": output["columns"]}
    signature = {key: value for key, value in described.items() if key not in ONLY_FOR_ONNXRUNTIME}
    signature["outputs"] = outputs
    return Graph(tuple(nodes), {method: method for method in outputs}, cast(Signature, signature))


def feed_shape(feed: Any) -> Sequence[int]:
    """Return the shape of one row of an input."""
    shape: Sequence[int] = feed.get("shape") or ([feed["columns"]] if feed["columns"] else [])
    return list(shape)
