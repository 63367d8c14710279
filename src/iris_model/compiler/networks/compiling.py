"""Compile an ONNX file: describe it with onnxruntime, read its graph, emit, verify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from iris_model.compiler.data import DataSource, Row, arrange, read_data
from iris_model.compiler.description.onnx import describe_opened, find_width
from iris_model.compiler.emit import UNVERIFIED, emit, replace_source
from iris_model.compiler.parity.asking import ask
from iris_model.compiler.parity.enough import keep_compared
from iris_model.compiler.parity.golden import check_given, choose_golden, is_finite
from iris_model.compiler.parity.report import ParityReport
from iris_model.compiler.probes.cells import STRANGE_TEXTS
from iris_model.compiler.probes.domains import Domains, find_domains
from iris_model.compiler.probes.ranges import FEW_ROWS, find_ranges
from iris_model.compiler.probes.rows import SEED, make_rows
from iris_model.contract.golden import GoldenRow
from iris_model.contract.signature import Column, Source
from iris_model.engine import CompiledModel
from iris_model.readers import Graph
from iris_model.readers.graph import partial_signature
from iris_model.readers.onnx.steps import Program, Step
from iris_model.readers.opening.onnx import OpenedOnnx, open_onnx

from .asking import OnnxOriginal
from .reading import Network, read_network
from .thresholds import Trees, find_trees, threshold_ranges, threshold_rows
from .verifying import verify_network

# Text columns get at most this many different strings.
MOST_TEXTS = 1000
# The attribute of trees that decide where a missing cell goes.
TRACKS = "nodes_missing_value_tracks_true"


@dataclass(frozen=True)
class CompiledNetwork:
    """What `Compilation` has, for an ONNX model."""

    data: bytes
    graph: Graph
    source: Source
    report: ParityReport
    golden: list[GoldenRow]
    modules: tuple[str, ...]


def compile_network(path: Path, data: DataSource | None = None) -> CompiledNetwork:
    """Compile the ONNX file at `path`. Raises ModelFileError, UnsupportedModel and ParityError.

    `data`: rows for verification in addition to the generated ones.
    """
    given = read_data(data) if data is not None else None
    model = open_onnx(path, find_width(given))
    description = describe_opened(path, model, given)
    network = read_network(path, model, description.signature)
    original: Any = OnnxOriginal(model, description.signature)
    graph = network.graph
    rows = arrange(given, {"columns": graph.signature["columns"], "named": graph.signature["named"]}) if given else []
    graph = _with_ranges(graph, rows)
    methods = tuple(graph.outputs)
    check_given(original, rows, methods)
    graph = _with_missing(original, graph, network, rows)
    trees = find_trees(network.program, _places(model))
    by_kind = _make_rows(original, graph, rows, network.texts, trees)
    at_thresholds = threshold_rows(trees, [*by_kind.get("given", []), *by_kind["uniform"]], np.random.RandomState(SEED))
    if at_thresholds.rows:
        by_kind["threshold"] = at_thresholds.rows
    source = description.source
    unverified, made = graph, emit(graph, source)
    report = verify_network(CompiledModel(UNVERIFIED, made), original, graph, by_kind, at_thresholds)
    graph, report = keep_compared(unverified, report, given=len(rows))
    typical = by_kind.get("given") or by_kind["uniform"]
    sound = [row for row in typical if row not in report.left_out] or typical
    golden = choose_golden(original, sound, tuple(graph.outputs))
    source["parity"] = report.as_source()
    made = replace_source(made, source) if graph is unverified else emit(graph, source)
    return CompiledNetwork(made, graph, source, report, golden, network.modules)


def _with_ranges(graph: Graph, rows: Sequence[Row]) -> Graph:
    columns: list[Column] = []
    for index, column in enumerate(graph.signature["columns"]):
        seen = [row[index] for row in rows if isinstance(row[index], float)]
        columns.append({**column, "minimum": min(seen), "maximum": max(seen)} if seen else column)
    return replace(graph, signature={**graph.signature, "columns": columns})


def _places(model: OpenedOnnx) -> dict[str, list[int]]:
    """Return the places in a row of each input."""
    found, start = {}, 0
    for feed in model.feeds:
        width = feed["columns"] or 1
        found[feed["name"]] = list(range(start, start + width))
        start += width
    return found


def _with_missing(original: OnnxOriginal, graph: Graph, network: Network, rows: Sequence[Row]) -> Graph:
    """Mark the columns that may be missing: the graph fills or compares missing cells, and the answer stays finite."""
    if not any(_takes_missing(step, network.program) for step in network.program.steps):
        return graph
    columns = graph.signature["columns"]
    base: Row = list(rows[0]) if rows else [0.0 if column["kind"] == "numeric" else "" for column in columns]
    methods = tuple(graph.outputs)
    marked: list[Column] = []
    for index, column in enumerate(columns):
        if column["dtype"] in ("float32", "float64") and not original.whole_columns(len(columns))[index]:
            asked = [[*base[:index], None, *base[index + 1 :]]]
            answer = ask(original.evaluate, asked, methods, Exception)[0]
            if len(answer) == len(methods) and all(is_finite(value) for value in answer.values()):
                column = {**column, "missing": True}
        marked.append(column)
    return replace(graph, signature={**graph.signature, "columns": marked})


def _takes_missing(step: Step, program: Program) -> bool:
    """Whether a step fills missing cells, or some tree decides where they go."""
    tracks = step.attributes.get(TRACKS)
    known = program.constants[tracks["array"]] if isinstance(tracks, dict) else tracks
    return step.op == "Imputer" or (known is not None and any(known))


def _make_rows(
    original: OnnxOriginal, graph: Graph, rows: Sequence[Row], texts: Sequence[str], trees: Sequence[Trees]
) -> dict[str, list[Row]]:
    """Return rows by kind, in the domain in which onnxruntime answers."""
    columns = graph.signature["columns"]
    random = np.random.RandomState(SEED)
    pools = {
        index: sorted({str(row[index]) for row in rows} | set(texts[:MOST_TEXTS])) or list(STRANGE_TEXTS)
        for index, column in enumerate(columns)
        if column["kind"] == "text"
    }
    truths = [index for index, column in enumerate(columns) if column["dtype"] == "bool"]

    def fill(made: list[Row]) -> list[Row]:
        for row in made:
            for index, pool in pools.items():
                row[index] = pool[random.randint(len(pool))]
            for index in truths:
                row[index] = float(random.randint(2))
        return made

    def answers(made: Sequence[Row]) -> list[bool]:
        return [bool(answer) for answer in ask(original.evaluate, made, ("predict",), Exception)]

    bare = Graph((), {}, partial_signature({"columns": columns, "named": graph.signature["named"]}))
    ranges = find_ranges(bare, rows)
    if len(rows) < FEW_ROWS:
        for column, ends in threshold_ranges(trees).items():
            ranges[column] = ends
    fixed = [*pools, *truths]
    domains = find_domains(answers, ranges, fixed, fill, [], random)
    whole = np.array(original.whole_columns(len(columns)), bool)
    found = domains or Domains(ranges, whole, [])
    made = make_rows(bare, rows, replace(found, whole=found.whole | whole)).by_kind
    return {kind: part if kind == "given" else fill(part) for kind, part in made.items() if kind != "unseen"}
