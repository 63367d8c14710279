"""The law: a compiled model answers every row as the original does, or it does not exist.

Labels are equal, with their type. Numbers are equal within 1e-9 of themselves, plus a floor of 1e-12 of what a row's
numbers amount to, because a difference of large numbers may leave a small one. Rows for which the original itself raises,
or overflows, are left out and counted; a row that only the engine refuses is a failure. So are rows, few of them, that the
engine refuses because it hangs on the last bit of the original's arithmetic ("undecided"), and rows on which the original
is not of its own opinion (conditioning.py).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from iris_model.engine import CompiledModel, InvalidInput
from iris_model.engine.operators import OPERATORS
from iris_model.errors import ParityError
from iris_model.readers import Graph, Node

from .conditioning import Conditioning, find_excess
from .data import Row
from .golden import is_finite
from .original import Original
from .report import ParityReport
from .rows import VerificationRows

RELATIVE = 1e-9
# The same where the original itself computes in float32: operators of this module of the engine.
RELATIVE_FLOAT32 = 1e-6
FLOAT32_MODULE = "float32"
# The floor is RELATIVE times this part of the magnitude.
FLOOR = 1e-3

# What an original raises on rows that it does not take; IndexError is CategoricalNB's word for an unseen category.
REFUSALS = (ValueError, IndexError)

REMEDY = (
    'Nothing was written. Serve this model with its own library (executor = "original" in iris-model.toml), '
    "and please report this: it is a mistake in iris-model"
)

# One row's answers by method; None where the row was refused.
Answer = dict[str, Any] | None


def verify(compiled: CompiledModel, original: Original, graph: Graph, rows: VerificationRows) -> ParityReport:
    """Compare every output on every row; ParityError names the first row that differs."""
    methods = tuple(graph.outputs)
    comparison = _Comparison(graph)
    conditioning = Conditioning(original, graph, {method: _nodes_behind(graph, method) for method in methods})
    counts: dict[str, int] = {}
    ill: dict[str, int] = {}
    undecided: dict[str, int] = {}
    beyond = 0
    left_out: list[Row] = []
    examples: dict[str, ParityError] = {}
    for kind, batch in rows.by_kind.items():
        expected = _ask(lambda part: original.evaluate(part, methods), batch, methods, REFUSALS)
        judged = [
            (row, answer)
            for row, answer in zip(batch, expected, strict=True)
            if answer is not None and (is_finite(answer) or (None in row and not _is_infinite(answer)))
        ]
        beyond += len(batch) - len(judged)
        asked = [row for row, _ in judged]
        answers = _ask(lambda part: _evaluate(compiled, part, methods), asked, methods, InvalidInput)
        for (row, right), answer in zip(judged, answers, strict=True):
            if answer is None and _is_undecided(compiled, row, methods):
                undecided[kind] = undecided.get(kind, 0) + 1
                left_out.append(row)
                examples["undecided"] = comparison.differs(row, next(iter(right)), "a refusal", right)
                continue
            try:
                comparison.compare(row, answer, right)
            except ParityError as error:
                is_far = kind == "extreme"
                if answer is None or not conditioning.excuses(row, answer, right, comparison.allowed, is_far=is_far):
                    raise
                ill[kind] = ill.get(kind, 0) + 1
                left_out.append(row)
                examples["ill"] = error
        counts[kind] = len(judged) - ill.get(kind, 0) - undecided.get(kind, 0)
    _check_left_out(ill, counts, examples.get("ill"), "the original's own answer moves with the 15th digit of a cell")
    _check_left_out(
        undecided, counts, examples.get("undecided"), "the answer hangs on the last bit of the original's sums"
    )
    return ParityReport(
        counts,
        comparison.differences,
        rows.thresholds,
        rows.thresholds_total,
        beyond,
        sum(ill.values()),
        sum(undecided.values()),
        left_out,
    )


def _check_left_out(
    left_out: Mapping[str, int], counts: Mapping[str, int], example: ParityError | None, why: str
) -> None:
    tried = {kind: count + left_out.get(kind, 0) for kind, count in counts.items()}
    excess = find_excess(left_out, tried)
    if excess is not None and example is not None:
        raise ParityError(f"of {excess} {why}, which is more than may be left out; {example.problem}", remedy=REMEDY)


def _is_undecided(compiled: CompiledModel, row: Row, methods: tuple[str, ...]) -> bool:
    try:
        compiled.evaluate([row], methods)
    except InvalidInput as error:
        return error.problem == "undecided"
    return False


class _Comparison:
    """Compares answers, remembers the largest difference of each output."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        kinds = {method: output["kind"] for method, output in graph.signature["outputs"].items()}
        self._labels = [method for method, kind in kinds.items() if kind == "label"]
        self._numbers = [method for method, kind in kinds.items() if kind == "number"]
        self.differences = dict.fromkeys(self._numbers, 0.0)
        self.allowed = {
            method: RELATIVE_FLOAT32 if any(_is_float32(node) for node in _nodes_behind(graph, method)) else RELATIVE
            for method in self._numbers
        }

    def compare(self, row: Row, answer: Answer, right: dict[str, Any]) -> None:
        """Compare the answers to one row; raise ParityError if they differ."""
        if answer is None:
            raise self.differs(row, next(iter(right)), "a refusal", right)
        for method in self._labels:
            if not _same_label(answer[method], right[method]):
                raise self.differs(row, method, answer[method], right)
        for method in self._numbers:
            if _shape(answer[method]) != _shape(right[method]):
                raise self.differs(row, method, answer[method], right)
            difference = largest_difference(list(_flatten(answer[method])), list(_flatten(right[method])))
            if not difference <= self.allowed[method]:
                raise self.differs(row, method, answer[method], right)
            self.differences[method] = max(self.differences[method], difference)

    def differs(self, row: Row, method: str, answer: object, right: dict[str, Any]) -> ParityError:
        """The error that names the row, both answers, and what made ours."""
        return ParityError(
            f"{method} of the row {row!r} is {answer!r} when compiled; the original says {right[method]!r}; "
            f"the answer was made by {' -> '.join(_chain(self._graph, method))}",
            remedy=REMEDY,
        )


def largest_difference(values: Sequence[float], right: Sequence[float]) -> float:
    """The largest relative difference between two lists of numbers, with the floor; infinite where one is not finite."""
    magnitude = max((abs(value) for value in right if math.isfinite(value)), default=0.0)
    largest = 0.0
    for value, wanted in zip(values, right, strict=True):
        if value == wanted or (math.isnan(value) and math.isnan(wanted)):
            continue
        if not (math.isfinite(value) and math.isfinite(wanted)):
            return math.inf
        if abs(value - wanted) < sys.float_info.min:
            # No normal number: an exponential that one library takes for zero, and the other for almost that.
            continue
        largest = max(largest, abs(value - wanted) / (abs(wanted) + FLOOR * magnitude or math.ulp(0.0)))
    return largest


def _ask(
    evaluate: Callable[[Sequence[Row]], dict[str, list[Any]]],
    rows: Sequence[Row],
    methods: Sequence[str],
    refusal: type[Exception] | tuple[type[Exception], ...],
) -> list[Answer]:
    """Return one answer per row, None for those refused: a batch is halved until the culprits are alone."""
    if not rows:
        return []
    try:
        answers = evaluate(rows)
    except refusal:
        if len(rows) == 1:
            return [None]
        middle = len(rows) // 2
        parts = rows[:middle], rows[middle:]
        return [answer for part in parts for answer in _ask(evaluate, part, methods, refusal)]
    return [{method: answers[method][index] for method in methods} for index in range(len(rows))]


def _evaluate(compiled: CompiledModel, rows: Sequence[Row], methods: tuple[str, ...]) -> dict[str, list[Any]]:
    return dict(zip(methods, compiled.evaluate(list(rows), methods), strict=True))


def _is_infinite(answer: dict[str, Any]) -> bool:
    """Whether some number is infinite. NaN may be the answer to a missing cell; infinity is an overflow."""
    return any(
        isinstance(part, (int, float)) and math.isinf(part) for method in answer.values() for part in _leaves(method)
    )


def _leaves(answer: object) -> Iterator[object]:
    if isinstance(answer, list):
        for part in answer:
            yield from _leaves(part)
    else:
        yield answer


def _same_label(label: object, right: object) -> bool:
    if isinstance(right, list):
        return isinstance(label, list) and len(label) == len(right) and all(map(_same_label, label, right))
    return type(label) is type(right) and label == right


def _shape(answer: object) -> object:
    return [_shape(part) for part in answer] if isinstance(answer, list) else None


def _flatten(answer: object) -> Iterator[float]:
    if isinstance(answer, list):
        for part in answer:
            yield from _flatten(part)
    else:
        yield float(np.float64(answer))  # type: ignore[arg-type]  # a number: the signature says so


def _is_float32(node: Node) -> bool:
    """Whether the original computes this node in float32: what it makes of it then is float32, too."""
    return OPERATORS[node.op] == FLOAT32_MODULE or bool(node.attributes.get("float32_sum"))


def _chain(graph: Graph, method: str) -> list[str]:
    """The operators that led to an output, in order."""
    return [node.op for node in _nodes_behind(graph, method)]


def _nodes_behind(graph: Graph, method: str) -> list[Node]:
    """The nodes that led to an output, in order."""
    wanted = {graph.outputs[method]}
    chain = []
    for node in reversed(graph.nodes):
        if node.output in wanted:
            wanted.update(node.inputs)
            chain.append(node)
    return chain[::-1]
