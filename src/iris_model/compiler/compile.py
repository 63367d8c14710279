"""The flow: open, read, pass, emit, verify."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import iris_model
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
)
from iris_model.readers.estimators import WAYS_OUT
from iris_model.readers.graph import Estimator
from iris_model.readers.names import class_name

from .data import Data, DataSource, Row, arrange, mark_truths, read_data
from .emit import emit
from .golden import choose_golden
from .original import Original
from .passes import run_passes
from .report import ParityReport
from .rows import make_rows
from .verify import verify


@dataclass(frozen=True)
class Compilation:
    """A verified compiled model: `data` are the bytes of its file, `golden` rows with the original's answers."""

    data: bytes
    signature: Mapping[str, Any]
    source: Mapping[str, Any]
    report: ParityReport
    golden: list[dict[str, Any]]
    operator_modules: tuple[str, ...]
    """Modules of the engine that hold the operators of the graph: a function needs no others."""


def compile_model(
    model: Estimator | str | Path, data: DataSource | None = None, trust: Sequence[str] = ()
) -> Compilation:
    """Compile a fitted estimator, or the one in a model file, and verify it.

    `data`: rows to verify with besides the generated ones, as a CSV path or lists; its header names the columns of a model
    trained without names. `trust`: names outside the known libraries that the model file may use.
    Raises ModelFileError, UntrustedModel, UnsupportedModel (with every reason) and ParityError.
    """
    opened = _open(model, trust)
    given = read_data(data) if data is not None else None
    graph = run_passes(read_estimator(opened.estimator, (given.names if given else None) or opened.names))
    _check_methods(opened.estimator, graph)
    # Rows are generated before columns are known to hold true and false: any number is answered there as well.
    amounts = graph
    graph, rows = _add_data(graph, given)
    source: dict[str, Any] = {
        "library": opened.library,
        "version": opened.version,
        "class": opened.class_name,
        "sha256": opened.sha256,
        "tool": f"iris-model {iris_model.__version__}",
    }
    original = Original(opened.estimator, graph.signature)
    to_try = make_rows(amounts, rows)
    with tempfile.TemporaryDirectory(prefix="iris-model-") as directory:
        path = Path(directory) / "unverified.safetensors"
        path.write_bytes(emit(graph, source))
        report = verify(CompiledModel(str(path)), original, graph, to_try)
    sound = [row for row in to_try.typical if row not in report.left_out]
    golden = choose_golden(original, sound, tuple(graph.outputs))
    source["parity"] = report.as_source()
    operator_modules = tuple(sorted({OPERATORS[node.op] for node in graph.nodes}))
    return Compilation(emit(graph, source), graph.signature, source, report, golden, operator_modules)


def _open(model: Estimator | str | Path, trust: Sequence[str]) -> OpenedModel:
    if isinstance(model, (str, Path)):
        return open_model(model, trust)
    library, version = library_of(model)
    # No file, so no digest of one.
    return OpenedModel(model, library, version, class_name(type(model)), "")


def _check_methods(estimator: Estimator, graph: Graph) -> None:
    """A method that the original offers and the graph lacks would be missed in production only."""
    offered, needed = offered_methods(estimator), needed_methods(estimator)
    reasons = [
        f"{method} is offered by the original, and the reader gives none"
        for method in needed
        if method not in graph.outputs
    ]
    reasons += [f"{method} is not offered by the original" for method in graph.outputs if method not in offered]
    if reasons:
        raise UnsupportedModel(reasons, remedy=WAYS_OUT)


def _add_data(graph: Graph, given: Data | None) -> tuple[Graph, list[Row]]:
    """Arrange the user's rows for the graph, and put the range of each column into its signature."""
    if given is None:
        return graph, []
    known = mark_truths(given, graph.signature)
    rows = arrange(given, {**graph.signature, "columns": known})
    if not rows:
        raise IrisModelError(f"{given.origin} has no rows; expected at least one", remedy="Give rows, or no data.")
    columns = []
    for index, column in enumerate(known):
        seen = [row[index] for row in rows if row[index] is not None and column["kind"] == "numeric"]
        columns.append({**column, "minimum": min(seen), "maximum": max(seen)} if seen else column)
    return replace(graph, signature={**graph.signature, "columns": columns}), rows
