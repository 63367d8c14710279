"""Check that enough was compared: at least 200 rows for each method. Otherwise the method, or the model, is refused."""

from __future__ import annotations

from dataclasses import replace

from iris_model.compiler.passes import drop_unused
from iris_model.errors import IrisModelError, ParityError
from iris_model.readers import Graph

from .report import FEWEST_ROWS, PURPOSES, SEARCH_STOPPED, UNTRIED, ParityReport


def keep_compared(graph: Graph, report: ParityReport, *, given: int) -> tuple[Graph, ParityReport]:
    """Return the graph and its report, without methods for which the original answers no row, or only with noise.

    `given`: the number of the user's rows. Raises IrisModelError if too few rows were compared, and ParityError if too
    many of them are noise.
    """
    purpose = next(method for method in PURPOSES if method in graph.outputs)
    dropped = {}
    for method, found in report.methods.items():
        if found.problem is not None:
            if method == purpose or method == "predict_proba":
                raise ParityError(f"{found.problem}; for example, {found.example}", remedy=found.remedy)
            dropped[method] = found.problem
        elif not found.compared and method != purpose:
            dropped[method] = "the original gives no finite answer to any of the rows"
        elif found.compared < FEWEST_ROWS:
            raise _too_few(method, found.compared, report, given)
    if not dropped:
        return graph, report
    outputs = {method: value for method, value in graph.outputs.items() if method not in dropped}
    described = {method: entry for method, entry in graph.signature["outputs"].items() if method not in dropped}
    graph = replace(graph, outputs=outputs, signature={**graph.signature, "outputs": described})
    kept = {method: found for method, found in report.methods.items() if method not in dropped}
    return drop_unused(graph), replace(report, methods=kept, dropped=dropped)


def _too_few(method: str, compared: int, report: ParityReport, given: int) -> IrisModelError:
    tried = sum(report.rows.values()) + report.beyond + report.untried
    source = f"{tried - given:,} generated" + (f" and {given:,} given" if given else "")
    stopped = f". {SEARCH_STOPPED}" if report.search_stopped else ""
    untried = f"; {report.untried:,} of them were {UNTRIED}" if report.untried else ""
    return IrisModelError(
        f"{method} was compared with the original on {compared:,} rows; expected at least {FEWEST_ROWS}. For the "
        f"other rows ({source}), the original gives no finite answer{untried}{stopped}",
        remedy=f"Pass {FEWEST_ROWS} or more rows that the model answers, for example from training: --data rows.csv "
        f"(in a project: data in iris-model.toml). Or run the model with its own library: --executor original.",
    )
