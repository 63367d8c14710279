"""Trees behind transformers: find rows on their thresholds, and move thresholds so that every machine decides alike.

Takes a graph, the original and initial rows. Returns the graph with thresholds moved into gaps (gaps.py), rows on them
(landing.py), and the numbers of tried and met thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.compiler.original import Original
from iris_model.compiler.probes.affine import trace_views
from iris_model.errors import UnsupportedModel
from iris_model.readers import Graph
from iris_model.readers.estimators import WAYS_OUT
from iris_model.readers.graph import INPUT

from .gaps import Gaps, find_bounds, find_noise, find_sides, move_thresholds
from .inner_values import REFUSALS, InnerValues, answered
from .landing import Cloud, Landing, Search
from .roundoff import find_errors, rows_to_measure
from .snapping import snap_known_values
from .tree_cuts import Cuts, find_cuts, find_steps, walk
from .unrepeated import are_of_training, find_unrepeated, sides_of_rows

Array = np.ndarray[Any, Any]

SEED = 20261129
# Thresholds to try, and a limit for rows times trees.
MOST_TRIED, FEWEST_TRIED = 600, 100
TREE_WALKS = 400_000
CLOUD_ROWS, FEWER_ROWS = 1024, 256
# Factors for rows if the range of the columns is unknown. Without them, all rows may be on one side of a tree.
STRETCHES = (1e-2, 0.1, 5.0, 30.0, 1e3, 1e5, 1e7)
STRETCHED_ROWS = 24
# The search for a row beyond a gap starts this many bounds from the threshold.
BEYOND = 3.0
ROWS_EACH = 4
# Values of a step column, such as one of categories.
MOST_STEPS = 32


@dataclass(frozen=True)
class Behind:
    """The result for trees behind transformers.

    `rows`: rows on or next to thresholds. `tried`: the number of tried thresholds, of `total`. `met`: the number of
    thresholds that a row meets. `around`: where values are snapped to a nearby known value (snapping.py).
    """

    graph: Graph
    rows: list[Row] = field(default_factory=list)
    total: int = 0
    tried: int = 0
    met: int = 0
    gaps: Sequence[Gaps] = ()
    values: InnerValues | None = None
    around: Sequence[Gaps] = ()

    def added_to(self, by_kind: Mapping[str, Sequence[Row]]) -> dict[str, Sequence[Row]]:
        """Return the rows by kind, with these added to those at thresholds."""
        at_thresholds = [*by_kind.get("threshold", ()), *self.rows]
        return {**by_kind, "threshold": at_thresholds} if at_thresholds else dict(by_kind)

    def find_indeterminate(self, rows: Sequence[Row]) -> tuple[Array, Array]:
        """Return which rows have a value in a gap, and which may have one because the original's value is unknown."""
        inside = np.zeros(len(rows), bool)
        maybe = np.zeros(len(rows), bool)
        for gaps in self.gaps:
            if not len(gaps.low) or self.values is None:
                continue
            known = self.values.knows(gaps.table)
            places, table = answered(_asker(self.values, gaps.table), rows)
            if places:
                inside[places] |= gaps.holds(table)
                maybe[places] |= gaps.holds(table, wider=not known)
        for gaps in self.around:
            if self.values is None:
                continue
            places, table = answered(_asker(self.values, gaps.table), rows)
            if places:
                maybe[places] |= gaps.holds(table, wider=True)
        return inside, inside | maybe


def look_behind(graph: Graph, original: Original, by_kind: Mapping[str, Sequence[Row]]) -> Behind:
    """Find and move the thresholds behind transformers. Raises UnsupportedModel if trees split rounding noise."""
    rows = _ordinary_rows(by_kind)
    graph, around = snap_known_values(graph, original, rows)
    behind = _look_behind(graph, original, by_kind, around)
    if not around:
        return behind
    return replace(behind, around=around, values=behind.values or InnerValues(graph, original))


def _ordinary_rows(by_kind: Mapping[str, Sequence[Row]]) -> list[Row]:
    return [row for kind in ("uniform", "whole numbers", "given") for row in by_kind.get(kind, ())]


def _look_behind(
    graph: Graph, original: Original, by_kind: Mapping[str, Sequence[Row]], around: Sequence[Gaps]
) -> Behind:
    steps = find_steps(graph)
    views = trace_views(graph)
    hidden = []
    for cuts in find_cuts(graph):
        view = views.get(cuts.table)
        places = cuts.splits
        if view is not None:
            places = places[np.array([view[feature] is None for feature in cuts.feature[places].tolist()], bool)]
        if len(places):
            hidden.append((cuts, places))
    if not hidden and not steps:
        return Behind(graph)
    return _Look(graph, original, by_kind, around).run(hidden, steps)


class _Look:
    def __init__(
        self,
        graph: Graph,
        original: Original,
        by_kind: Mapping[str, Sequence[Row]],
        around: Sequence[Gaps],
    ) -> None:
        self._graph = graph
        self._around = around
        self._values = InnerValues(graph, original)
        self._random = np.random.RandomState(SEED)
        self._start = _ordinary_rows(by_kind)
        self._given = by_kind.get("given", ())
        self._clouds: dict[str, Cloud] = {}

    def run(self, hidden: Sequence[tuple[Cuts, Array]], steps: Sequence[Cuts]) -> Behind:
        total = sum(len(places) for _, places in hidden)
        trees = sum(len(cuts.node.tensors["roots"]) for cuts, _ in hidden)
        most = min(MOST_TRIED, max(FEWEST_TRIED, TREE_WALKS // ROWS_EACH // max(trees, 1)))
        share = min(1.0, most / max(total, 1))
        rows: list[Row] = []
        tried = met = 0
        every, bounds, sides = list(steps), [], []
        for cuts in steps:
            bounds.append(self._bound(cuts, self._cloud(cuts.table), [])[0])
            sides.append(find_sides(self._graph, cuts))
        for cuts, places in hidden:
            if share < 1.0:
                count = min(len(places), 1 + int(len(places) * share))
                places = np.sort(self._random.choice(places, size=count, replace=False))
            search, cloud = self._search(cuts)
            landed = search.run(places)
            bound, least = self._bound(cuts, cloud, list(landed.values()))
            if (column := find_noise(cuts, least)) is not None:
                raise UnsupportedModel([_noise(cuts, column)], remedy=WAYS_OUT)
            found, reached = self._rows(cuts, cloud, search, places, landed, bound)
            rows += found
            # Rows with only strings and categories cannot be moved to a threshold.
            tried += len(places) if cloud.numeric else reached
            met += reached
            every.append(cuts)
            bounds.append(bound)
            sides.append(self._sides(cuts, bound))
        graph, gaps = move_thresholds(self._graph, every, bounds, sides)
        return Behind(graph, rows, total, tried, met, gaps, self._values)

    def _sides(self, cuts: Cuts, bound: Array) -> Array:
        """Return the side of values equal to a cut.

        If transforms do not repeat training values, the user's rows decide.
        """
        sides = find_sides(self._graph, cuts)
        unrepeated = find_unrepeated(self._graph, cuts.table)
        if cuts.node.equal_goes != "left" or unrepeated is None or not bound.any():
            return sides
        _, table = answered(_asker(self._values, cuts.table), self._given)
        if not table.size or not are_of_training(cuts, bound, table):
            raise UnsupportedModel(
                [
                    f"trees split at the values that {unrepeated} computed in training, and its transform rounds these "
                    "rows differently, so rounding decides the original's answers for them"
                ],
                remedy="Pass the training rows (--data, or data in iris-model.toml), to find the original's answers. "
                + WAYS_OUT,
            )
        sides, torn = sides_of_rows(cuts, bound, sides, table)
        if torn:
            raise UnsupportedModel([_noise(cuts, int(cuts.feature[cuts.splits[0]]))], remedy=WAYS_OUT)
        return sides

    def _cloud(self, table: str) -> Cloud:
        if table not in self._clouds:
            self._clouds[table] = self._make_cloud(_asker(self._values, table))
        return self._clouds[table]

    def _search(self, cuts: Cuts) -> tuple[Search, Cloud]:
        ask = _asker(self._values, cuts.table)
        cloud = self._cloud(cuts.table)
        if len(cloud.table) and cloud.numeric:
            left, right = walk(cuts, cloud.table[-CLOUD_ROWS:])
            roots = cuts.node.tensors["roots"]
            if ((left[roots] < 0) | (right[roots] < 0)).any():
                self._stretch(cloud, ask)

        def transform(made: Sequence[Row]) -> Array:
            places, table = answered(ask, made)
            if len(places) == len(made):
                return table
            full = np.full((len(made), cloud.table.shape[1]), np.nan)
            if places:
                full[places] = table
            return full

        return Search(cuts, transform, cloud, self._random), cloud

    def _make_cloud(self, ask: Any) -> Cloud:
        columns = self._graph.signature["columns"]
        numeric = [index for index, column in enumerate(columns) if column["kind"] == "numeric"]
        rows = [row for row in self._start if all(isinstance(row[index], float) for index in numeric)]
        cloud = Cloud(numeric)
        chosen = rows[-CLOUD_ROWS:]
        try:
            cloud.add(chosen, ask(chosen))
            return cloud
        except REFUSALS:
            pass
        # Each refused row takes more evaluations.
        if len(chosen) > FEWER_ROWS:
            some = self._random.choice(len(chosen), size=FEWER_ROWS, replace=False)
            chosen = [chosen[place] for place in some.tolist()]
        places, table = answered(ask, chosen)
        cloud.add([chosen[place] for place in places], table)
        return cloud

    def _stretch(self, cloud: Cloud, ask: Any) -> None:
        chosen = self._random.randint(len(cloud.rows), size=STRETCHED_ROWS)
        rows = [cloud.rows[place] for place in chosen]
        amounts = cloud.amounts(chosen)
        made = [row for by in STRETCHES for row in cloud.with_amounts(rows, amounts * by)]
        places, table = answered(ask, made)
        cloud.add([made[place] for place in places], table)

    def _bound(self, cuts: Cuts, cloud: Cloud, landed: Sequence[Landing]) -> tuple[Array, Array]:
        """Return the largest error of the value at each node: for rows on its threshold, and for rows near it."""
        if not cloud.rows:
            return np.zeros(len(cuts.cut)), np.zeros(len(cuts.cut))
        rows = rows_to_measure(cloud.rows)
        if landed:
            rows += cloud.with_amounts([one.row for one in landed], np.array([one.left for one in landed]))
        names = [INPUT, *(node.output for node in self._graph.nodes_behind([cuts.table]))]
        wide = 1 + max(0, *cuts.feature.tolist())

        def measure(part: Sequence[Row]) -> Array:
            tables = self._values.engine(names, part)
            ours = tables.get(cuts.table)
            errors = find_errors(self._graph, tables, cuts.table)
            if ours is None or errors is None:
                return np.empty((len(part), 0))
            value = ours
            if self._values.knows(cuts.table):
                value = self._values.original(cuts.table, part)
                with np.errstate(invalid="ignore"):
                    off = np.abs(value - ours)
                # The difference of two infinities, or of two missing values, is NaN. The error of a step function is
                # zero or a whole step.
                errors = np.where(errors > 0, np.fmax(errors, 2 * np.where(np.isfinite(off), off, 0.0)), 0.0)
            for gaps in self._around:
                # The original's value jumps at the place where the engine snaps it.
                if gaps.table in tables:
                    errors[gaps.holds(tables[gaps.table], wider=True)] = 0.0
            return np.hstack([value[:, :wide], errors[:, :wide]])

        _, measured = answered(measure, rows)
        if not measured.size:
            return np.zeros(len(cuts.cut)), np.zeros(len(cuts.cut))
        return find_bounds(cuts, measured[:, :wide], measured[:, wide:])

    def _rows(
        self, cuts: Cuts, cloud: Cloud, search: Search, places: Array, landed: Mapping[int, Landing], bound: Array
    ) -> tuple[list[Row], int]:
        """Return rows on both sides of each threshold, and beyond each gap; and the number of thresholds that are met."""
        found = [one for one in landed.values() if not np.array_equal(one.left, one.right)]
        rows: list[Row] = []
        for side in ("left", "right"):
            if found:
                rows += cloud.with_amounts([one.row for one in found], np.array([getattr(one, side) for one in found]))
        off = [one for one in found if bound[one.place] > 0]
        if off:
            at = np.array([one.place for one in off])
            base = [one.row for one in off]
            inner = np.array([one.left for one in off]), np.array([one.right for one in off])
            above = cuts.cut[at] + BEYOND * bound[at]
            below = cuts.cut[at] - BEYOND * bound[at]
            far = np.array([one.far_right for one in off])
            rows += cloud.with_amounts(base, search.step_beyond(base, inner[1], far, at, above, right=True))
            far = np.array([one.far_left for one in off])
            rows += cloud.with_amounts(base, search.step_beyond(base, inner[0], far, at, below, right=False))
        steps = self._steps(cuts, cloud, [place for place in places.tolist() if place not in landed], bound)
        return rows + [row for pair in steps for row in pair], len(found) + len(steps)

    def _steps(self, cuts: Cuts, cloud: Cloud, places: Sequence[int], bound: Array) -> list[tuple[Row, Row]]:
        """Return rows on both sides of thresholds of columns with only a few values, such as categories."""
        if not len(cloud.rows):
            return []
        table = cloud.table[-CLOUD_ROWS:]
        offset = len(cloud.rows) - len(table)
        few = {
            feature
            for feature in {int(cuts.feature[place]) for place in places}
            if len(np.unique(table[:, feature])) <= MOST_STEPS
        }
        left, right = walk(cuts, table)
        return [
            (cloud.rows[left[place] + offset], cloud.rows[right[place] + offset])
            for place in places
            if int(cuts.feature[place]) in few and not bound[place] and left[place] >= 0 and right[place] >= 0
        ]


def _asker(values: InnerValues, name: str) -> Any:
    """Return the function for a table: the original's, or the engine's if the original cannot return it."""
    if values.knows(name):
        return lambda rows: values.original(name, rows)
    return lambda rows: values.engine([name], rows)[name]


def _noise(cuts: Cuts, column: int) -> str:
    return (
        f"trees split column {column} of {cuts.table!r} between values that differ only by rounding "
        "noise, so answers depend on the processor"
    )
