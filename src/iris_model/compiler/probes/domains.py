"""Find the domain of the original: the range of each column for which it answers.

A logarithm, a square root or a Box-Cox transformation accepts only positive numbers. With ten such columns, the
original answers almost no random row around zero. So the same domain is tried for all columns first, then each column
separately from a row that is answered, and finally rows are changed cell by cell, as long as the original answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from iris_model.compiler.data import Row

Array = np.ndarray[Any, Any]
# Returns for each row whether the original answers it.
Answers = Callable[[Sequence[Row]], list[bool]]
# Fills columns of categories and strings.
Fill = Callable[[list[Row]], list[Row]]

WANTED_ROWS = 512
# If this share of random rows is answered, no search is needed.
ENOUGH = 0.9
TRIED, MIXED = 16, 1024
ROUNDS, BISECTIONS = 16, 12
# The number of columns that are searched one by one.
MOST_COLUMNS = 256
BOUNDS = (1.0, 2.0, 10.0, 100.0, 1e3, 1e6)
GRID = (1e-3, 0.01, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 50.0, 100.0, 1e3, 1e4, 1e6)


class SearchStopped(Exception):
    """The limit of calls or time of a search is reached."""


@dataclass(frozen=True)
class Domains:
    """`ranges`: (low, high) for each column. `whole`: columns that accept only whole numbers.

    `rows`: answered rows, if too few random ones are answered.
    """

    ranges: Array
    whole: Array
    rows: list[Row]


def find_domains(
    answers: Answers,
    ranges: Array,
    fixed: Sequence[int],
    fill: Fill,
    candidates: Sequence[Row],
    random: np.random.RandomState,
) -> Domains | None:
    """Return the domain of each column except `fixed` ones; None if random rows in `ranges`, or no rows, are answered.

    `candidates`: rows that may be answered, such as those that training left in the estimator. If `answers` raises
    SearchStopped, the best result so far is returned.
    """
    search = _Search(answers, fill, random, set(fixed))
    unchanged = Domains(ranges, np.zeros(len(ranges), bool), [])
    found = None
    try:
        if np.mean(answers(search.draw(unchanged, 4 * TRIED))) >= ENOUGH:
            return None
        anchor, found = search.find_anchor(unchanged, candidates)
        if anchor is None:
            return None
        domains = search.widen(anchor, unchanged, found)
        found = max((domains, found), key=lambda one: np.mean(answers(search.draw(one, 4 * TRIED))))
        return search.fill_up(anchor, found)
    except SearchStopped:
        return found


class _Search:
    def __init__(self, answers: Answers, fill: Fill, random: np.random.RandomState, fixed: set[int]) -> None:
        self._answers = answers
        self._fill = fill
        self._random = random
        self._fixed = fixed

    def draw(self, domains: Domains, count: int) -> list[Row]:
        """Return rows with uniformly distributed cells."""
        table = self._random.uniform(domains.ranges[:, 0], domains.ranges[:, 1], size=(count, len(domains.ranges)))
        table[:, domains.whole] = np.round(table[:, domains.whole])
        return self._fill(table.tolist())

    def find_anchor(self, start: Domains, candidates: Sequence[Row]) -> tuple[Row | None, Domains]:
        """Return a row that is answered, and the domain of all columns for which most rows are."""
        best, most, anchor = start, 0.0, None
        tried = list(_common_domains(start.ranges))
        for domains in (start, *tried):
            rows = self.draw(domains, TRIED)
            answered = self._answers(rows)
            share = float(np.mean(answered))
            if share > most:
                best, most, anchor = domains, share, rows[answered.index(True)]
            if share >= ENOUGH:
                break
        if anchor is None:
            negative = next(one for one in tried if (one.ranges < 0).all())
            mixed = chain(self._mix([tried[0], negative]), self._mix([start, *tried]))
            for rows in chain([self._fill([list(row) for row in candidates])], mixed):
                answered = self._answers(rows)
                if True in answered:
                    return rows[answered.index(True)], start
        return anchor, best

    def _mix(self, domains: Sequence[Domains]) -> Iterator[list[Row]]:
        """Yield rows with each column from another domain."""
        drawn = [self.draw(one, TRIED) for one in domains]
        width = len(domains[0].ranges)
        for _ in range(MIXED // TRIED):
            chosen = self._random.randint(len(domains), size=(TRIED, width)).tolist()
            yield [[drawn[place][line][at] for at, place in enumerate(row)] for line, row in enumerate(chosen)]

    def widen(self, anchor: Row, start: Domains, common: Domains) -> Domains:
        """Search each column separately, with the others as in a row that is answered. Prefers the range of `start`."""
        ranges, whole = common.ranges.copy(), common.whole.copy()
        columns = [column for column in range(len(ranges)) if column not in self._fixed]
        for column in columns if len(columns) <= MOST_COLUMNS else ():
            low, high = start.ranges[column].tolist()
            if all(self._one_by_one(anchor, column, np.linspace(low, high, 9).tolist())):
                ranges[column], whole[column] = (low, high), False
            else:
                ranges[column], whole[column] = self._explore(anchor, column, low, high)
        return Domains(ranges, whole, [])

    def _one_by_one(self, anchor: Row, column: int, values: Sequence[float]) -> list[bool]:
        return self._answers([[*anchor[:column], value, *anchor[column + 1 :]] for value in values])

    def _explore(self, anchor: Row, column: int, low: float, high: float) -> tuple[tuple[float, float], bool]:
        """Return the range around the anchor's value that is answered, and whether only whole numbers in it are."""
        here = float(anchor[column])
        signed = [sign * value for value in GRID for sign in (-1.0, 1.0)]
        values = sorted({*signed, 0.0, 4.0, here, *np.linspace(low, high, 9).tolist()})
        answered = dict(zip(values, self._one_by_one(anchor, column, values), strict=True))
        other = [value for value, yes in answered.items() if yes and value != here]
        whole = here == round(here) and bool(other) and all(value == round(value) for value in other)
        if whole:
            values = [value for value in values if value == round(value)]
        place = values.index(here)
        first = last = place
        while first > 0 and answered[values[first - 1]]:
            first -= 1
        while last + 1 < len(values) and answered[values[last + 1]]:
            last += 1
        ends = [values[first], values[last]]
        if not whole:
            beyond = (values[first - 1] if first else None, values[last + 1] if last + 1 < len(values) else None)
            ends = [
                end if outside is None else self._bisect(anchor, column, end, outside)
                for end, outside in zip(ends, beyond, strict=True)
            ]
        return _narrow(ends[0], ends[1], low, high, here), whole

    def _bisect(self, anchor: Row, column: int, inside: float, outside: float) -> float:
        """Return the last value towards `outside` that is answered."""
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2
            if self._one_by_one(anchor, column, [middle])[0]:
                inside = middle
            else:
                outside = middle
        return inside

    def fill_up(self, anchor: Row, domains: Domains) -> Domains:
        """Add answered rows if too few random rows are answered: random ones, then these with some cells changed."""
        rows = self.draw(domains, WANTED_ROWS)
        answered = self._answers(rows)
        if np.mean(answered) >= ENOUGH:
            return domains
        kept = [anchor, *(row for row, yes in zip(rows, answered, strict=True) if yes)]
        for _ in range(ROUNDS):
            if len(kept) >= WANTED_ROWS:
                break
            drawn = self.draw(domains, WANTED_ROWS)
            again = self._random.uniform(size=(len(drawn), len(anchor))) < self._random.uniform(size=(len(drawn), 1))
            bases = self._random.randint(len(kept), size=len(drawn)).tolist()
            tried = [
                [new if other else old for old, new, other in zip(kept[base], row, line, strict=True)]
                for base, row, line in zip(bases, drawn, again.tolist(), strict=True)
            ]
            try:
                kept += [row for row, yes in zip(tried, self._answers(tried), strict=True) if yes]
            except SearchStopped:
                break
        return Domains(domains.ranges, domains.whole, kept[:WANTED_ROWS])


def _common_domains(ranges: Array) -> Iterator[Domains]:
    """Yield one domain for all columns: positive, between 0 and 1, above a bound, negative, whole numbers."""
    low, high = ranges[:, 0], ranges[:, 1]
    span = np.maximum(high - low, 1e-3)
    positive = np.stack([np.maximum(low, span / 1e3), np.maximum(high, span)], axis=1)
    some, none = np.ones(len(ranges), bool), np.zeros(len(ranges), bool)
    yield Domains(positive, none, [])
    yield Domains(np.tile([1e-3, 1.0 - 1e-3], (len(ranges), 1)), none, [])
    for bound in BOUNDS:
        above = np.maximum(low, bound)
        yield Domains(np.stack([above, np.maximum(high, above + np.maximum(span, bound))], axis=1), none, [])
    yield Domains(-positive[:, ::-1], none, [])
    for ends in ((0.0, 10.0), (1.0, 10.0), (0.0, 1.0)):
        yield Domains(np.tile(ends, (len(ranges), 1)), some, [])


def _narrow(first: float, last: float, low: float, high: float, here: float) -> tuple[float, float]:
    """Return the part of the answered range to draw from: in the column's own range, else around the anchor's value."""
    if max(first, low) < min(last, high):
        return max(first, low), min(last, high)
    reach = max(high - low, abs(here))
    return max(first, here - reach), min(last, here + reach)
