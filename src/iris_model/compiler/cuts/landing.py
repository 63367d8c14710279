"""Find rows whose transformed value is on a threshold, by bisection between two rows.

Take two rows that reach a node of a tree: one goes left, the other right. On the straight line between them, the
transformed value crosses the threshold. Bisection finds the two neighboring rows on either side. This works for every
transform, of one column or of many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.compiler.data import Row

from .tree_cuts import Cuts, walk

Array = np.ndarray[Any, Any]
# Converts rows to the table that the trees read. Raises what the original raises.
Transform = Callable[[Sequence[Row]], Array]

# The search starts with interpolation, with rows on both sides of each estimate. Bisection follows.
INTERPOLATIONS, ASIDE = 6, 0.004
HALVINGS = 80
# Multiples of the estimated distance, from far to near.
STRIDES = (1e6, 1e3, 30.0, 2.0)
# At most this many columns that differ in the last bit are made equal one by one.
FEW_COLUMNS = 24
# The number of neighbors of a found row that are tried to hit the threshold exactly.
NEIGHBOURS, STEPS = 12, 4
# A limit for rows times trees, to find the nodes that rows reach.
MOST_WALKS = 600_000
WAVES = 4
# Candidates for a row on the other side of a node, made from one that reaches it.
CROSSINGS = 6


@dataclass
class Landing:
    """Adjacent rows on both sides of a node's threshold. Their amounts replace the amounts of `row`."""

    place: int
    row: Row
    left: Array
    right: Array
    far_left: Array
    far_right: Array


@dataclass
class Cloud:
    """Rows and their transformed values. Found rows are added."""

    numeric: Sequence[int]
    rows: list[Row] = field(default_factory=list)
    table: Array = field(default_factory=lambda: np.empty((0, 0)))

    def add(self, rows: Sequence[Row], table: Array) -> None:
        """Add rows that the transform accepts."""
        if len(rows):
            self.rows += rows
            self.table = np.concatenate([self.table, table]) if len(self.table) else table

    def amounts(self, places: Sequence[int] | Array) -> Array:
        """Return the numeric amounts of some rows."""
        return np.array([[self.rows[place][index] for index in self.numeric] for place in places], np.float64)

    def with_amounts(self, rows: Sequence[Row], amounts: Array) -> list[Row]:
        """Return rows with other amounts."""
        made = []
        for row, values in zip(rows, amounts.tolist(), strict=True):
            row = list(row)
            for index, value in zip(self.numeric, values, strict=True):
                row[index] = value
            made.append(row)
        return made


class Search:
    """Searches rows on the thresholds of one tree node of the graph."""

    def __init__(self, cuts: Cuts, transform: Transform, cloud: Cloud, random: np.random.RandomState) -> None:
        self._cuts = cuts
        self._transform = transform
        self._cloud = cloud
        self._random = random
        self._most_rows = max(64, MOST_WALKS // max(1, len(cuts.node.tensors["roots"])))

    def run(self, places: Array) -> dict[int, Landing]:
        """Return a Landing for each of these nodes, except for nodes that no row reaches or crosses."""
        found: dict[int, Landing] = {}
        if not self._cloud.numeric:
            return found
        for wave in range(WAVES):
            left_row, right_row = walk(self._cuts, self._recent())
            rest = np.array([place for place in places.tolist() if place not in found], np.int64)
            ready = rest[(left_row[rest] >= 0) & (right_row[rest] >= 0)]
            offset = len(self._cloud.rows) - len(self._recent())
            landed = self._land(ready, left_row[ready] + offset, right_row[ready] + offset)
            found |= {one.place: one for one in landed}
            if wave + 1 < WAVES:
                self._cross(rest, left_row, right_row, offset)
                self._keep(landed)
        return found

    def _recent(self) -> Array:
        return self._cloud.table[-self._most_rows :]

    def _land(self, places: Array, left_rows: Array, right_rows: Array) -> list[Landing]:
        if not len(places):
            return []
        cloud = self._cloud
        rows = [cloud.rows[place] for place in left_rows]
        low, high = cloud.amounts(left_rows), cloud.amounts(right_rows)
        # The right row may also differ in cells that are not amounts. With the cells of the left row, it may take
        # another path.
        target = self._cuts.cut[places]
        passes = ~self._goes_left(rows, high, places, target)
        places, low, high, target = places[passes], low[passes], high[passes], target[passes]
        rows = [row for row, kept in zip(rows, passes, strict=True) if kept]
        if not len(places):
            return []
        left, right = self.halve(rows, low, high, places, target)
        left = self._hit(rows, left, places, target)
        return [
            Landing(int(place), row, *cells)
            for place, row, *cells in zip(places, rows, left, right, low, high, strict=True)
        ]

    def halve(
        self, rows: Sequence[Row], left: Array, right: Array, places: Array, target: Array
    ) -> tuple[Array, Array]:
        """Bisect until the rows that go left and right of `target` are adjacent."""
        left, right = self._interpolate(rows, left.copy(), right.copy(), places, target)
        active = np.arange(len(places))
        for _ in range(HALVINGS):
            middle = left[active] + (right[active] - left[active]) / 2
            between = ((middle != left[active]) & (middle != right[active])).any(axis=1)
            active, middle = active[between], middle[between]
            if not len(active):
                break
            side = self._goes_left([rows[one] for one in active.tolist()], middle, places[active], target[active])
            left[active[side]] = middle[side]
            right[active[~side]] = middle[~side]
        if left.shape[1] <= FEW_COLUMNS:
            for column in range(left.shape[1]):
                differs = np.flatnonzero(left[:, column] != right[:, column])
                if not len(differs):
                    continue
                tried = left[differs].copy()
                tried[:, column] = right[differs, column]
                side = self._goes_left([rows[one] for one in differs.tolist()], tried, places[differs], target[differs])
                left[differs[side]] = tried[side]
                right[differs[~side]] = tried[~side]
        return left, right

    def step_beyond(
        self, rows: Sequence[Row], near: Array, far: Array, places: Array, target: Array, *, right: bool
    ) -> Array:
        """Return rows between `near` and `far` just beyond `target`, as close as a few steps find them; else `far`."""
        found = far.copy()
        value = self._values(rows, near, places)
        with np.errstate(all="ignore"):
            share = np.nan_to_num((target - value) / (self._values(rows, far, places) - value), nan=1.0)
        for times in STRIDES:
            tried = near + (far - near) * np.clip(np.clip(share, 0.0, 1.0) * times, 0.0, 1.0)[:, np.newaxis]
            value = self._values(rows, tried, places)
            passed = value > target if right else value <= target
            found[passed] = tried[passed]
        return found

    def _interpolate(
        self, rows: Sequence[Row], left: Array, right: Array, places: Array, target: Array
    ) -> tuple[Array, Array]:
        """Move `left` and `right` closer to `target` by interpolation, and return them.

        If the transform is almost linear, the threshold is close to the estimate, so rows just before and just behind
        it are tried.
        """
        count = len(places)
        twice, both, targets = [*rows, *rows], np.tile(places, 2), np.tile(target, 2)
        values = self._values(twice, np.vstack([left, right]), both)
        below, above = values[:count], values[count:]
        for _ in range(INTERPOLATIONS):
            with np.errstate(all="ignore"):
                share = np.nan_to_num((target - below) / (above - below), nan=0.5)
            shares = np.clip(np.concatenate([share - ASIDE, share + ASIDE]), ASIDE, 1 - ASIDE)[:, np.newaxis]
            tried = np.tile(left, (2, 1)) + np.tile(right - left, (2, 1)) * shares
            values = self._values(twice, tried, both)
            side = values <= targets
            first, second = side[:count], side[count:]
            right[~second], above[~second] = tried[count:][~second], values[count:][~second]
            neither = ~first & ~second
            right[neither], above[neither] = tried[:count][neither], values[:count][neither]
            left[first], below[first] = tried[:count][first], values[:count][first]
            left[second], below[second] = tried[count:][second], values[count:][second]
        return left, right

    def _hit(self, rows: Sequence[Row], left: Array, places: Array, target: Array) -> Array:
        """Replace rows by neighbors that are exactly on the threshold, if such neighbors are found."""
        left = left.copy()
        missed = np.flatnonzero(self._values(rows, left, places) != target)
        for turn in range(NEIGHBOURS):
            if not len(missed):
                break
            steps = self._random.randint(-STEPS, STEPS + 1, size=left[missed].shape)
            tried = left[missed] + steps * np.spacing(np.abs(left[missed]))
            if turn < 2 * left.shape[1]:
                tried = left[missed].copy()
                column = turn // 2
                tried[:, column] = np.nextafter(tried[:, column], np.inf if turn % 2 else -np.inf)
            hit = self._values([rows[one] for one in missed.tolist()], tried, places[missed]) == target[missed]
            left[missed[hit]] = tried[hit]
            missed = missed[~hit]
        return left

    def _goes_left(self, rows: Sequence[Row], amounts: Array, places: Array, target: Array) -> Array:
        left: Array = self._values(rows, amounts, places) <= target
        return left

    def _values(self, rows: Sequence[Row], amounts: Array, places: Array) -> Array:
        table = self._transform(self._cloud.with_amounts(rows, amounts))
        values: Array = table[np.arange(len(table)), self._cuts.feature[places]]
        return values

    def _cross(self, places: Array, left_row: Array, right_row: Array, offset: int) -> None:
        """Add candidate rows for the other side of nodes that rows reach on one side only."""
        one_sided = places[(left_row[places] >= 0) != (right_row[places] >= 0)]
        if not len(one_sided):
            return
        cloud = self._cloud
        start = np.repeat(np.maximum(left_row[one_sided], right_row[one_sided]) + offset, CROSSINGS)
        amounts = cloud.amounts(start)
        other = cloud.amounts(self._random.randint(len(cloud.rows), size=len(start)))
        column = self._random.randint(amounts.shape[1], size=len(start))
        amounts[np.arange(len(start)), column] = other[np.arange(len(start)), column]
        self._try([cloud.rows[place] for place in start], amounts)

    def _keep(self, landed: Sequence[Landing]) -> None:
        """Keep rows on both sides of a node: they reach its children."""
        for side in ("left", "right"):
            if landed:
                self._try([one.row for one in landed], np.array([getattr(one, side) for one in landed]))

    def _try(self, rows: Sequence[Row], amounts: Array) -> None:
        made = self._cloud.with_amounts(rows, amounts)
        try:
            table = self._transform(made)
        except (ValueError, IndexError):
            return
        known = np.flatnonzero(~np.isnan(table).any(axis=1))
        self._cloud.add([made[place] for place in known], table[known])
