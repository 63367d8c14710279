"""Compile a model: open, read, pass, emit, verify."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from iris_model.compiler.cuts.behind import look_behind
from iris_model.compiler.parity.enough import keep_compared
from iris_model.compiler.parity.golden import check_given, choose_golden
from iris_model.compiler.parity.report import ParityReport
from iris_model.compiler.parity.searching import search_domains, search_limit
from iris_model.compiler.parity.verify import verify
from iris_model.compiler.probes.rows import make_rows
from iris_model.contract.golden import GoldenRow
from iris_model.contract.signature import Column, Signature, Source
from iris_model.engine import CompiledModel
from iris_model.engine.operators import OPERATORS
from iris_model.errors import IrisModelError, UnsupportedModel
from iris_model.readers import (
    Graph,
    OpenedModel,
    library_of,
    needed_methods,
    offered_methods,
    open_model,
    read_estimator,
    read_model_file,
)
from iris_model.readers.estimators import WAYS_OUT, find_remedy
from iris_model.readers.failures import describe_failure
from iris_model.readers.formats import ONNX
from iris_model.readers.graph import Estimator
from iris_model.readers.names import class_name
from iris_model.readers.opening.native import adopt

from .data import Cell, Data, DataSource, Row, arrange, check_categories, find_orders, mark_truths, read_data
from .emit import UNVERIFIED, emit, replace_source
from .hashed_columns import add_categories
from .networks.compiling import compile_network
from .original import Original
from .passes import drop_unused, run_passes


@dataclass(frozen=True)
class Compilation:
    """A verified compiled model.

    `data`: the bytes of its file. `golden`: rows with the original's answers.
    """

    data: bytes
    signature: Signature
    source: Source
    report: ParityReport
    golden: list[GoldenRow]
    operator_modules: tuple[str, ...]
    """Modules of the engine with the operators of the graph: a function needs no others."""


def compile_model(
    model: Estimator | str | Path,
    data: DataSource | None = None,
    trust: Sequence[str] = (),
    categories: Mapping[str, Sequence[Cell]] = MappingProxyType({}),
) -> Compilation:
    """Compile a fitted estimator, or the one in a model file, and verify it. An ONNX file is compared with onnxruntime.

    `data`: rows for verification in addition to the generated ones, as a CSV path or lists. Its header names the
    columns of a model trained without names. `trust`: names outside the known libraries that the model file may use.
    `categories`: for columns of a DataFrame whose categories the model file does not store, these in the order of training.
    Raises ModelFileError, UntrustedModel, UnsupportedModel (with every reason) and ParityError.
    """
    if isinstance(model, (str, Path)) and Path(model).is_file() and read_model_file(model).format.name == ONNX:
        made = compile_network(Path(model), data)
        return Compilation(made.data, made.graph.signature, made.source, made.report, made.golden, made.modules)
    opened = _open(model, trust)
    try:
        compared = _compile(opened, data, categories)
        # The tensors of the graph are free by now: with them, the old bytes and the new ones would be three copies.
        return replace(compared, data=replace_source(compared.data, compared.source))
    except IrisModelError:
        raise
    except Exception as error:
        # An estimator may be custom code and raise anything. That is a reason for the refusal, not a crash of this
        # program.
        reason = describe_failure(opened.estimator, error)
        raise UnsupportedModel([reason], remedy=find_remedy([reason])) from error


def _compile(opened: OpenedModel, data: DataSource | None, categories: Mapping[str, Sequence[Cell]]) -> Compilation:
    """Return the compilation. Its `data` may still lack the `parity` of its `source`."""
    given = read_data(data) if data is not None else None
    names = (given.names if given else None) or opened.names
    graph = run_passes(read_estimator(opened.estimator, names, find_orders(given, categories)))
    check_categories(categories, graph.signature["columns"])
    _check_methods(opened.estimator, graph)
    # Rows are generated before boolean columns are marked, because the model accepts any number there.
    amounts = graph
    graph, rows = _add_data(graph, given)
    source = opened.describe_source()
    original = Original(opened.estimator, graph.signature)
    check_given(original, rows, tuple(graph.outputs))
    limit = search_limit()
    to_try = make_rows(amounts, rows, search_domains(original, amounts, rows, tuple(graph.outputs), limit))
    behind = look_behind(graph, original, to_try.by_kind)
    unverified = drop_unused(behind.graph)
    made = emit(unverified, source)
    report = verify(CompiledModel(UNVERIFIED, made, own_code=True), original, unverified, to_try, behind)
    report = replace(report, search_stopped=limit.stopped)
    graph, report = keep_compared(unverified, report, given=len(rows))
    sound = [row for row in to_try.typical if row not in report.left_out] or to_try.typical
    golden = choose_golden(original, sound, tuple(graph.outputs))
    source["parity"] = report.as_source()
    operator_modules = tuple(sorted({OPERATORS[node.op] for node in graph.nodes}))
    # Only a method that the original does not answer changes the graph now.
    if graph is not unverified:
        made = emit(graph, source)
    return Compilation(made, graph.signature, source, report, golden, operator_modules)


def _open(model: Estimator | str | Path, trust: Sequence[str]) -> OpenedModel:
    if isinstance(model, (str, Path)):
        return open_model(model, trust)
    model = adopt(model)
    library, version = library_of(model)
    # An estimator in memory has no file and no digest.
    return OpenedModel(model, library, version, class_name(type(model)), "")


def _check_methods(estimator: Estimator, graph: Graph) -> None:
    """Refuse a graph that lacks a method of the original: users would notice it only in production."""
    offered, needed = offered_methods(estimator), needed_methods(estimator)
    reasons = [
        f"{method} is offered by the original, but not by the converter"
        for method in needed
        if method not in graph.outputs
    ]
    reasons += [f"{method} is not offered by the original" for method in graph.outputs if method not in offered]
    if reasons:
        raise UnsupportedModel(reasons, remedy=WAYS_OUT)


def _add_data(graph: Graph, given: Data | None) -> tuple[Graph, list[Row]]:
    """Arrange the user's rows for the graph, and add the range of each column to its signature."""
    if given is None:
        return graph, []
    known = mark_truths(given, graph.signature)
    rows = arrange(given, {**graph.signature, "columns": known})
    if not rows:
        raise IrisModelError(
            f"{given.origin} has no rows; expected at least one", remedy="Pass at least one row, or no data."
        )
    with_categories = add_categories(graph, known, rows)
    if with_categories != known:
        known = with_categories
        rows = arrange(given, {**graph.signature, "columns": known})
    columns: list[Column] = []
    for index, column in enumerate(known):
        seen = [row[index] for row in rows if row[index] is not None and column["kind"] == "numeric"]
        columns.append({**column, "minimum": min(seen), "maximum": max(seen)} if seen else column)
    return replace(graph, signature={**graph.signature, "columns": columns}), rows
