"""The invariant: a compiled model answers every row as the original does, or it is not written.

Each row is judged method by method. A method for which the original itself raises or overflows is not compared for that
row; rows without any method are counted. A row that only the engine refuses is a failure. Two kinds of rows are
excluded, and few of them are allowed: rows that the engine refuses because the last bit of the original's arithmetic
decides ("undecided"), and rows whose answers are rounding noise: of the sums in the graph (noise.py) or in the original
(conditioning.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from iris_model.compiler.cuts.behind import Behind
from iris_model.compiler.data import Row
from iris_model.compiler.original import Original
from iris_model.compiler.probes.rows import VerificationRows
from iris_model.engine import CompiledModel, InvalidInput
from iris_model.errors import ParityError
from iris_model.readers import Graph

from .asking import Answer, Limit, ask, split
from .comparing import allowed_differences, compare_labels, compare_numbers, find_finite, find_sizes, nodes_behind
from .conditioning import Conditioning, find_excess
from .noise import Noise
from .report import MethodReport, ParityReport, check_indeterminate

REMEDY = (
    'Nothing was written. Run this model with its own library (executor = "original" in iris-model.toml), '
    "and please report this bug with this message"
)
NOISE_REMEDY = (
    "Nothing was written. Scale the features before this estimator (StandardScaler) or regularize it more, so that its sums "
    'do not cancel; or run it with its own library (executor = "original" in iris-model.toml).'
)
UNDECIDED_REMEDY = (
    "Nothing was written. Several training rows are equally close to a row, and the last bit of a distance decides the answer; "
    'run the model with its own library (executor = "original" in iris-model.toml).'
)
# Rounding noise up to this part of the method's usual magnitude is accepted: a library that computes in float32 has as
# much.
MOST_NOISE = 1e-6


def verify(
    compiled: CompiledModel, original: Original, graph: Graph, rows: VerificationRows, behind: Behind | None = None
) -> ParityReport:
    """Compare every output for every row. Raises ParityError, which names the first row that differs.

    `behind`: additional rows, and which rows are in gaps around thresholds. The latter are counted separately, never as
    equal.
    """
    behind = behind or Behind(graph)
    verification = _Verification(compiled, original, graph, behind)
    for kind, batch in behind.added_to(rows.by_kind).items():
        verification.counts[kind] = 0
        limit = Limit()
        for part in split(batch, graph.signature["outputs"]):
            verification.judge(kind, part, limit)
        verification.untried += limit.untried
    return verification.report(rows)


class _Verification:
    """The state of a verification."""

    def __init__(self, compiled: CompiledModel, original: Original, graph: Graph, behind: Behind) -> None:
        self._compiled = compiled
        self._behind = behind
        self._original = original
        self._graph = graph
        self._methods = tuple(graph.outputs)
        self._allowed = allowed_differences(graph)
        self._conditioning = Conditioning(
            original, graph, {method: nodes_behind(graph, method) for method in self._methods}
        )
        self._noise = {method: Noise(graph, method) for method in self._methods}
        self.counts: Counter[str] = Counter()
        self._beyond = 0
        self.untried = 0
        self._by_method = {method: _Findings() for method in self._methods}
        self._left_out: list[Row] = []
        self._finite: set[str] = set()
        self._indeterminate: Counter[str] = Counter()
        # The rows of the current batch that may be in a gap, and the rows among them whose answers differ.
        self._may_differ: set[int] = set()
        self._excused: set[int] = set()

    def judge(self, kind: str, rows: Sequence[Row], limit: Limit) -> None:
        """Compare the answers for some rows of one kind. Rows beyond the limit are counted as `untried`."""
        untried = limit.untried
        right = ask(self._original.evaluate, rows, self._methods, Exception, limit)
        answered = [(row, answer) for row, answer in zip(rows, self._judgeable(rows, right), strict=True) if answer]
        self._beyond += len(rows) - len(answered) - (limit.untried - untried)
        in_gap, maybe_in_gap = self._behind.find_indeterminate([row for row, _ in answered])
        self._left_out += [row for (row, _), inside in zip(answered, in_gap, strict=True) if inside]
        answered = [pair for pair, inside in zip(answered, in_gap, strict=True) if not inside]
        self._may_differ = set(np.flatnonzero(maybe_in_gap[~in_gap]).tolist())
        self._excused = set()
        asked = [row for row, _ in answered]
        ours = ask(self._evaluate, asked, self._methods, InvalidInput)
        if kind == "extreme":
            # If a decision of the original is infinite, its other answers do not show whether a refusal is wrong.
            for (_, answer), own in zip(answered, ours, strict=True):
                if self._finite - answer.keys():
                    for method in answer.keys() - own.keys():
                        del answer[method]
        for method in self._methods:
            at = [index for index, (_, answer) in enumerate(answered) if method in answer]
            if at:
                self._compare(
                    kind,
                    method,
                    at,
                    [asked[index] for index in at],
                    [ours[index] for index in at],
                    [answered[index][1][method] for index in at],
                )
        self._left_out += [asked[index] for index in sorted(self._excused)]
        self._indeterminate[kind] += int(in_gap.sum()) + len(self._excused)
        self.counts[kind] += len(answered) - len(self._excused)

    def _judgeable(self, rows: Sequence[Row], right: Sequence[Answer]) -> list[Answer]:
        """Return the answers that can be compared. NaN may be the answer to a missing cell; infinity is an overflow.

        A label is compared if the numbers of the other methods are finite, because it may depend on them. A method
        without any finite number is ignored.
        """
        judged: list[Answer] = [{} for _ in rows]
        for method in self._allowed:
            at = [index for index, answer in enumerate(right) if method in answer]
            finite = find_finite([right[index][method] for index in at])
            for index, (is_finite, lacks_infinity) in zip(at, finite, strict=True):
                if is_finite or (lacks_infinity and None in rows[index]):
                    judged[index][method] = right[index][method]
                    self._finite.add(method)
        for index, answer in enumerate(right):
            if self._finite <= judged[index].keys():
                judged[index] |= {method: label for method, label in answer.items() if method not in self._allowed}
        return judged

    def _compare(
        self,
        kind: str,
        method: str,
        places: Sequence[int],
        rows: Sequence[Row],
        answers: Sequence[Answer],
        right: Sequence[Any],
    ) -> None:
        """Compare one method. `places`: the positions of the rows among all that were evaluated."""
        found = self._by_method[method]
        given = [index for index, answer in enumerate(answers) if method in answer]
        for index in sorted(set(range(len(rows))) - set(given)):
            if places[index] in self._may_differ and not self._is_undecided(rows[index], method):
                self._excused.add(places[index])
                continue
            if not self._is_undecided(rows[index], method):
                raise self._differs(rows[index], method, "a refusal", right[index])
            found.undecided[kind] += 1
            found.example = self._differs(rows[index], method, "a refusal", right[index])
            self._left_out.append(rows[index])
        found.compared[kind] += len(given)
        ours, wanted = [answers[index][method] for index in given], [right[index] for index in given]
        is_number = method in self._allowed
        differences = (compare_numbers if is_number else compare_labels)(ours, wanted)
        if is_number and kind != "extreme":
            found.sizes += find_sizes(wanted)
        within = [one for one in differences if one <= self._allowed.get(method, 0.0)]
        found.difference = max(found.difference, *within, 0.0)
        beyond = [place for place, one in enumerate(differences) if not one <= self._allowed.get(method, 0.0)]
        in_gap = {place for place in beyond if places[given[place]] in self._may_differ}
        self._excused |= {places[given[place]] for place in in_gap}
        found.compared[kind] -= len(in_gap)
        beyond = [place for place in beyond if place not in in_gap]
        for place in [place for place in beyond if is_number and differences[place] == np.inf]:
            raise self._differs(rows[given[place]], method, ours[place], wanted[place])
        if beyond:
            self._excuse(
                kind,
                method,
                [rows[given[place]] for place in beyond],
                [ours[place] for place in beyond],
                [wanted[place] for place in beyond],
            )

    def _excuse(
        self, kind: str, method: str, rows: Sequence[Row], answers: Sequence[Any], right: Sequence[Any]
    ) -> None:
        """Count the rows whose answers differ by rounding noise. Raises ParityError for the first other difference."""
        found, noise, is_far = self._by_method[method], self._noise[method], kind == "extreme"
        moved: list[float | None] = [None] * len(rows)
        if noise.is_told(is_far=is_far):
            moved = noise.find(rows, answers, right)
        sizes = find_sizes(right) if method in self._allowed else [0.0] * len(rows)
        for row, answer, wanted, movement, size in zip(rows, answers, right, moved, sizes, strict=True):
            error = self._differs(row, method, answer, wanted)
            if movement is None:
                allowed = self._allowed.get(method, 0.0)
                if not self._conditioning.excuses(row, method, answer, wanted, allowed, is_far=is_far):
                    raise error
                movement = np.inf
            found.noise.append((kind, movement, size))
            found.example = error
            self._left_out.append(row)

    def report(self, rows: VerificationRows) -> ParityReport:
        """Return the report. Raises ParityError if too many rows of a method are noise or undecided."""
        methods = {}
        for method, found in self._by_method.items():
            size = float(np.median(found.sizes)) if found.sizes else 0.0
            ill = Counter(kind for kind, noise, own in found.noise if not noise <= MOST_NOISE * max(size, own))
            rounded = [noise / max(size, own) for _, noise, own in found.noise if noise <= MOST_NOISE * max(size, own)]
            tried = found.compared + found.undecided
            problem, remedy = None, NOISE_REMEDY
            if (excess := find_excess(ill, tried)) is not None:
                problem = f"too many answers are rounding noise, because its sums cancel: those of {excess}"
            elif (excess := find_excess(found.undecided, tried)) is not None:
                problem = f"too many answers depend on the last bit of the original's sums: those of {excess}"
                remedy = UNDECIDED_REMEDY
            methods[method] = MethodReport(
                compared=found.compared.total() - ill.total(),
                difference=found.difference if method in self._allowed else None,
                ill_conditioned=ill.total(),
                undecided=found.undecided.total(),
                rounded=len(rounded),
                noise=max(rounded, default=0.0),
                problem=problem,
                example=found.example.problem if found.example else "",
                remedy=remedy,
            )
        check_indeterminate(self._indeterminate, self.counts)
        return ParityReport(
            dict(self.counts),
            methods,
            rows.thresholds + self._behind.met,
            rows.thresholds_total + self._behind.total,
            self._beyond,
            self._left_out,
            thresholds_tried=rows.thresholds + self._behind.tried,
            indeterminate={kind: count for kind, count in self._indeterminate.items() if count},
            untried=self.untried,
        )

    def _evaluate(self, rows: Sequence[Row], methods: tuple[str, ...]) -> dict[str, list[Any]]:
        return dict(zip(methods, self._compiled.evaluate(list(rows), methods), strict=True))

    def _is_undecided(self, row: Row, method: str) -> bool:
        try:
            self._compiled.evaluate([row], (method,))
        except InvalidInput as error:
            return error.problem == "undecided"
        return False

    def _differs(self, row: Row, method: str, answer: object, right: object) -> ParityError:
        """Return the error with the row, both answers, and the nodes of our answer."""
        chain = [node.op for node in nodes_behind(self._graph, method)]
        return ParityError(
            f"{method} of the row {row!r} is {answer!r} when compiled; the original answers {right!r}; "
            f"operators: {' -> '.join(chain)}",
            remedy=REMEDY,
        )


class _Findings:
    """The findings for one method: rows compared and undecided by kind, noise by row, and its usual magnitude."""

    def __init__(self) -> None:
        self.compared: Counter[str] = Counter()
        self.undecided: Counter[str] = Counter()
        self.noise: list[tuple[str, float, float]] = []
        self.sizes: list[float] = []
        self.difference = 0.0
        self.example: ParityError | None = None
