"""Compare a compiled network with onnxruntime, row by row.

Numbers are equal within 1e-6, plus the rounding noise of what was added up (noise.py). Labels are equal, unless rounding
alone turns them: such rows are counted as ill-conditioned, and few of them are allowed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.compiler.parity.asking import Answer, Limit, ask, split
from iris_model.compiler.parity.comparing import (
    RELATIVE_FLOAT32,
    compare_labels,
    compare_numbers,
    find_finite,
    find_sizes,
)
from iris_model.compiler.parity.conditioning import find_excess
from iris_model.compiler.parity.report import MethodReport, ParityReport
from iris_model.engine import CompiledModel, InvalidInput
from iris_model.errors import ParityError
from iris_model.readers import Graph

from .asking import OnnxOriginal
from .noise import MARGIN, NetworkNoise
from .thresholds import ThresholdRows

REMEDY = (
    'Nothing was written. Run this model with onnxruntime (executor = "onnxruntime" in iris-model.toml), '
    "and please report this bug with this message"
)
NOISE_REMEDY = 'Run this model with onnxruntime: executor = "onnxruntime" in iris-model.toml.'
# Noise up to this part of the usual magnitude of the answers is rounding; beyond it, the answer itself is noise.
MOST_NOISE = 1e-4


@dataclass
class _Findings:
    compared: Counter[str] = field(default_factory=Counter)
    ill: Counter[str] = field(default_factory=Counter)
    difference: float = 0.0
    rounded: int = 0
    noise: float = 0.0
    sizes: list[float] = field(default_factory=list)
    example: str = ""


def verify_network(
    compiled: CompiledModel,
    original: OnnxOriginal,
    graph: Graph,
    by_kind: Mapping[str, Sequence[Row]],
    thresholds: ThresholdRows,
) -> ParityReport:
    """Compare every output for every row. Raises ParityError, which names the first row that differs."""
    verification = _Verification(compiled, original, graph)
    for kind, rows in by_kind.items():
        limit = Limit()
        for part in split(rows, graph.signature["outputs"]):
            verification.judge(kind, part, limit)
        verification.untried += limit.untried
    return verification.report(thresholds)


class _Verification:
    def __init__(self, compiled: CompiledModel, original: OnnxOriginal, graph: Graph) -> None:
        self._compiled, self._original, self._graph = compiled, original, graph
        self._methods = tuple(graph.outputs)
        self._numeric = {name for name, output in graph.signature["outputs"].items() if output["kind"] == "number"}
        self._noise = NetworkNoise(graph.nodes[0])
        self._found = {method: _Findings() for method in self._methods}
        self._left_out: list[Row] = []
        self._counts: Counter[str] = Counter()
        self._beyond = 0
        self.untried = 0

    def judge(self, kind: str, rows: Sequence[Row], limit: Limit) -> None:
        """Compare the answers for some rows of one kind."""
        untried = limit.untried
        right = ask(self._original.evaluate, rows, self._methods, Exception, limit)
        answered = [(row, answer) for row, answer in zip(rows, self._judgeable(rows, right), strict=True) if answer]
        self._beyond += len(rows) - len(answered) - (limit.untried - untried)
        asked = [row for row, _ in answered]
        self._counts[kind] += len(asked)
        ours = ask(self._evaluate, asked, self._methods, InvalidInput)
        for method in self._methods:
            at = [index for index, (_, answer) in enumerate(answered) if method in answer]
            for index in at:
                if method not in ours[index]:
                    raise self._differs(asked[index], method, "a refusal", answered[index][1][method])
            if at:
                self._compare(
                    kind, method, [asked[index] for index in at], [ours[index][method] for index in at],
                    [answered[index][1][method] for index in at],
                )  # fmt: skip

    def _judgeable(self, rows: Sequence[Row], right: Sequence[Answer]) -> list[Answer]:
        """Return the answers whose numbers are finite; NaN may be the answer to a missing cell."""
        judged: list[Answer] = [dict(answer) for answer in right]
        for method in self._numeric:
            at = [index for index, answer in enumerate(right) if method in answer]
            finite = find_finite([right[index][method] for index in at])
            for index, (is_finite, lacks_infinity) in zip(at, finite, strict=True):
                if not is_finite and not (lacks_infinity and None in rows[index]):
                    judged[index] = {}
        return judged

    def _compare(self, kind: str, method: str, rows: list[Row], ours: list[Any], right: list[Any]) -> None:
        found = self._found[method]
        is_number = method in self._numeric
        allowed = RELATIVE_FLOAT32 if is_number else 0.0
        differences = (compare_numbers if is_number else compare_labels)(ours, right)
        found.compared[kind] += len(rows)
        found.difference = max(found.difference, *[one for one in differences if one <= allowed], 0.0)
        if is_number and kind != "extreme":
            found.sizes += find_sizes(right)
        beyond = [index for index, one in enumerate(differences) if not one <= allowed]
        if beyond:
            self._excuse(kind, method, [rows[i] for i in beyond], [ours[i] for i in beyond], [right[i] for i in beyond])

    def _excuse(self, kind: str, method: str, rows: list[Row], ours: list[Any], right: list[Any]) -> None:
        """Count the rows whose answers differ by rounding noise. Raises ParityError for the first other difference."""
        found = self._found[method]
        if kind == "extreme":
            at = [index for index, row in enumerate(rows) if self._noise.overflows(row)]
            for index in at:
                self._leave_out(found, kind, rows[index], self._differs(rows[index], method, ours[index], right[index]))
            rows, ours, right = ([part[i] for i in range(len(part)) if i not in at] for part in (rows, ours, right))
        if not rows:
            return
        drawn = [one[self._methods.index(method)] for one in self._noise.draw(rows)]
        for index, row in enumerate(rows):
            moved = [np.ravel(one[index]) for one in drawn]
            error = self._differs(row, method, ours[index], right[index])
            if method not in self._numeric:
                wanted = np.ravel(np.array(right[index]))
                if not any(np.array_equal(one, wanted) for one in moved):
                    raise error
                self._leave_out(found, kind, row, error)
                continue
            values, wanted = np.ravel(np.array(ours[index], float)), np.ravel(np.array(right[index], float))
            if values.shape != wanted.shape:
                raise error
            movement = MARGIN * np.max([np.abs(one - values) for one in moved], axis=0)
            excess = np.abs(values - wanted) - movement - RELATIVE_FLOAT32 * np.abs(wanted)
            if not (excess <= 0).all():
                raise error
            size = max(float(np.abs(wanted).max()), float(np.median(found.sizes)) if found.sizes else 0.0)
            noise = float(np.abs(values - wanted).max()) / (size or 1.0)
            if noise > MOST_NOISE:
                self._leave_out(found, kind, row, error)
            else:
                found.rounded += 1
                found.noise = max(found.noise, noise)

    def _leave_out(self, found: _Findings, kind: str, row: Row, error: ParityError) -> None:
        found.ill[kind] += 1
        found.compared[kind] -= 1
        found.example = error.problem
        self._left_out.append(row)

    def report(self, thresholds: ThresholdRows) -> ParityReport:
        """Return the report."""
        methods = {}
        for method, found in self._found.items():
            excess = find_excess(found.ill, found.compared + found.ill)
            methods[method] = MethodReport(
                compared=found.compared.total(),
                difference=found.difference if method in self._numeric else None,
                ill_conditioned=found.ill.total(),
                rounded=found.rounded,
                noise=found.noise,
                problem=None if excess is None else f"too many answers are rounding noise: those of {excess}",
                example=found.example,
                remedy=NOISE_REMEDY,
            )
        return ParityReport(
            dict(self._counts),
            methods,
            thresholds.met,
            thresholds.total,
            self._beyond,
            self._left_out,
            thresholds_tried=thresholds.tried,
            untried=self.untried,
        )

    def _evaluate(self, rows: Sequence[Row], methods: tuple[str, ...]) -> dict[str, list[Any]]:
        return dict(zip(methods, self._compiled.evaluate(list(rows), methods), strict=True))

    def _differs(self, row: Row, method: str, answer: object, right: object) -> ParityError:
        return ParityError(
            f"{method} of the row {_show(row)} is {_show(answer)} when compiled; onnxruntime says {_show(right)}",
            remedy=REMEDY,
        )


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}..."
