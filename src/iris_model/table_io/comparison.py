"""Compare two models on the same rows: which answers change, and by how much."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.errors import IrisModelError
from iris_model.scoring.core import BatchCore
from iris_model.scoring.model import Model

from .blocks import Block, Place, read_blocks
from .records import RecordReader
from .scoring import Scored, score
from .sources import Input

LARGEST = 10
_PREDICT, _PROBABILITY = "predict", "predict_proba"


@dataclass(frozen=True)
class ChangedRow:
    """A row whose prediction changes. `line` counts from 1 in its file; rows are sorted by `shift`.

    `before` and `after` hold the predictions, one per target. They are empty if the model refuses the row.
    """

    file: str
    line: int
    kept: dict[str, Any]
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    shift: float
    refusal: str = ""


@dataclass
class Shift:
    """The absolute differences of one numeric answer column over all rows."""

    rows: int = 0
    total: float = 0.0
    largest: float = 0.0

    @property
    def mean(self) -> float:
        """The mean difference; 0 without rows."""
        return self.total / self.rows if self.rows else 0.0

    def add(self, distances: Any) -> None:
        """Add the differences of some rows."""
        if len(distances):
            self.rows += len(distances)
            self.total += float(distances.sum())
            self.largest = max(self.largest, float(distances.max()))


@dataclass
class Comparison:
    """The result of a comparison."""

    rows: int = 0
    changed: int = 0
    """Rows with different predictions that both models answer."""

    refused_before: int = 0
    refused_after: int = 0
    refused_by_both: int = 0
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(before, after) -> number of rows, for changed labels."""

    shifts: dict[str, Shift] = field(default_factory=dict)
    """Answer column -> the differences of its numbers."""

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    """Answer columns that only one model has, such as the probability of a new class."""

    largest: list[ChangedRow] = field(default_factory=list)

    @property
    def different(self) -> int:
        """Rows with different predictions, plus rows that only one model refuses."""
        return self.changed + self.refused_before + self.refused_after

    @property
    def share(self) -> float:
        """`different` as a share of all rows; 0 without rows."""
        return self.different / self.rows if self.rows else 0.0


def compare_files(
    before: Model,
    after: Model,
    inputs: Sequence[Input],
    *,
    keep: Sequence[str] = (),
    tolerance: float = 0.0,
    largest: int = LARGEST,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> Comparison:
    """Compute the answers of both models for all rows of `inputs`, block by block.

    Args:
        keep: input columns that identify a changed row in the report, such as an id.
        tolerance: two numbers are equal if they differ by at most `tolerance * max(1, |before|)`. 0: equal bits.
        largest: the number of changed rows to keep, with the largest changes.

    Raises:
        IrisModelError: a file cannot be read, its columns do not match a model, a model has no `predict`, or both models
            refuse every row.
    """
    for model in (before, after):
        if _PREDICT not in model.methods:
            raise IrisModelError(
                f"a model has no predict; it has {', '.join(model.methods)}", remedy="Compare models that predict."
            )
    kinds = [model.signature["outputs"][_PREDICT]["kind"] for model in (before, after)]
    if kinds[0] != kinds[1]:
        raise IrisModelError(
            f"the first model predicts a {kinds[0]}, the second a {kinds[1]}",
            remedy="Compare two classifiers or two regressors.",
        )
    return _Run(before, after, keep, tolerance, largest).go(inputs, on_rows)


class _Side:
    """One of the two models."""

    def __init__(self, model: Model, keep: Sequence[str]) -> None:
        self.core = BatchCore(model.evaluator)
        self.reader = RecordReader(self.core.layout, keep)
        self.methods = tuple(name for name in (_PREDICT, _PROBABILITY) if name in model.methods)

    def score(self, block: Block) -> tuple[Scored, Sequence[int]]:
        """Return the answers, and the line of each record."""
        records = self.reader.read(block)
        return score(self.core, records, self.methods, tolerant=True), records.lines


class _Run:
    def __init__(self, before: Model, after: Model, keep: Sequence[str], tolerance: float, largest: int) -> None:
        self._before, self._after = _Side(before, keep), _Side(after, ())
        self._keep, self._tolerance, self._limit = tuple(keep), tolerance, largest
        self._found = Comparison()
        self._heap: list[tuple[float, int, ChangedRow]] = []
        self._order = itertools.count()
        self._first_refusal = ""

    def go(self, inputs: Sequence[Input], on_rows: Callable[[int], None]) -> Comparison:
        names = self._before.core.layout.names
        for number, source in enumerate(inputs):
            for block in read_blocks(source, number, Place(), tuple(names), None):
                self._add(block)
                on_rows(self._found.rows)
        if self._found.rows and self._found.refused_by_both == self._found.rows:
            raise IrisModelError(
                f"both models refuse all {self._found.rows:,} rows, so nothing was compared; the first: {self._first_refusal}",
                remedy="Correct the rows, or compile each model with its training rows, "
                "`iris-model compile MODEL --data ROWS`, and compare the compiled models.",
            )
        self._found.largest = [row for _, _, row in sorted(self._heap, key=lambda each: (-each[0], -each[1]))]
        return self._found

    def _add(self, block: Block) -> None:
        (one, lines), (two, _) = self._before.score(block), self._after.score(block)
        found = self._found
        found.rows += one.count
        self._note_names(one, two)
        self._add_refused(block, lines, one, two)
        common = sorted(set(one.places) & set(two.places))
        first, second = _at(one, common), _at(two, common)
        names = [name for name in first if name in second]
        distances = {name: _distance(first[name], second[name]) for name in names}
        for name in names:
            if _is_number(first[name], second[name]):
                found.shifts.setdefault(name, Shift()).add(distances[name])
        predictions = [name for name in names if name.startswith("prediction")]
        differs = np.zeros(len(common), dtype=bool)
        for name in predictions:
            if _is_number(first[name], second[name]):
                differs |= distances[name] > self._tolerance * _scale(first[name])
                continue
            other = distances[name] > 0
            differs |= other
            found.labels.update((str(first[name][at]), str(second[name][at])) for at in np.flatnonzero(other))
        # Different labels have no size; the change of their probabilities does.
        telling = [name for name in names if name.startswith("probability")] or predictions
        moved = np.max([distances[name] for name in telling], axis=0)
        places = np.flatnonzero(differs)
        found.changed += len(places)
        for at in self._furthest(places, moved):
            self._keep_row(
                self._row(
                    block, lines, one, common[at],
                    tuple(_plain(first[name][at]) for name in predictions),
                    tuple(_plain(second[name][at]) for name in predictions),
                    float(moved[at]),
                )
            )  # fmt: skip

    def _furthest(self, places: Any, moved: Any) -> list[int]:
        """Return the changed rows of a block that can be among the largest changes."""
        order = np.argsort(-moved[places], kind="stable")[: self._limit]
        return [int(places[at]) for at in order]

    def _note_names(self, one: Scored, two: Scored) -> None:
        if not self._found.removed and not self._found.added:
            self._found.removed = tuple(name for name in one.names if name not in two.names)
            self._found.added = tuple(name for name in two.names if name not in one.names)

    def _add_refused(self, block: Block, lines: Sequence[int], one: Scored, two: Scored) -> None:
        before, after = ({bad.place: bad.message for bad in side.bad} for side in (one, two))
        both = before.keys() & after.keys()
        found = self._found
        found.refused_by_both += len(both)
        if both and not self._first_refusal:
            self._first_refusal = before[min(both)]
        found.refused_before += len(before) - len(both)
        found.refused_after += len(after) - len(both)
        for place in sorted(before.keys() ^ after.keys())[: self._limit]:
            said = before.get(place) or after.get(place) or ""
            self._keep_row(self._row(block, lines, one, place, (), (), math.inf, said, was_before=place in before))

    def _row(
        self, block: Block, lines: Sequence[int], one: Scored, place: int, before: tuple[Any, ...],
        after: tuple[Any, ...], shift: float, refusal: str = "", *, was_before: bool = False,
    ) -> ChangedRow:  # fmt: skip
        kept = {name: _plain(values[place]) for name, values in zip(self._keep, one.kept)}
        line = block.place.line + lines[place] + 1
        if refusal:
            refusal = f"refused {'before' if was_before else 'after'}: {refusal}"
        return ChangedRow(block.name, line, kept, before, after, shift, refusal)

    def _keep_row(self, row: ChangedRow) -> None:
        entry = (row.shift, -next(self._order), row)  # of equal shifts, the first rows stay
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)


def _at(scored: Scored, places: Sequence[int]) -> dict[str, Any]:
    """Return the answer columns for the records at `places` only."""
    if len(places) == len(scored.places):
        return dict(zip(scored.names, scored.columns))
    where = {place: at for at, place in enumerate(scored.places)}
    chosen = [where[place] for place in places]
    return {name: np.asarray(column)[chosen] for name, column in zip(scored.names, scored.columns)}


def _is_number(one: Any, two: Any) -> bool:
    return one.dtype.kind in "fiu" and two.dtype.kind in "fiu"


def _distance(one: Any, two: Any) -> Any:
    """Return absolute differences: 0 if equal or both NaN, else infinity if not finite. Unequal labels have distance 1."""
    if not _is_number(one, two):
        return np.array([first != second for first, second in zip(one.tolist(), two.tolist())], dtype=np.float64)
    first, second = one.astype(np.float64), two.astype(np.float64)
    with np.errstate(invalid="ignore"):
        distance = np.abs(second - first)
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))


def _scale(numbers: Any) -> Any:
    """Return the factor for the tolerance: max(1, magnitude); 1 if the number is not finite."""
    size = np.abs(numbers.astype(np.float64))
    return np.maximum(1.0, np.where(np.isfinite(size), size, 1.0))


def _plain(value: Any) -> Any:
    """Return a plain Python value, for JSON and text."""
    for change in ("as_py", "item"):
        if hasattr(value, change):
            return getattr(value, change)()
    return value
