"""Move thresholds on inexactly computed values into gaps between values, so that every machine decides alike.

Some libraries put thresholds on training values: `HistGradientBoosting*` in a column with more than 255 distinct
values, XGBoost with the histogram method. A value that equals its threshold in the original is slightly above or below
it on a machine that rounds a logarithm or a sum differently. So the threshold moves, by the bound of such differences,
into the gap between that value and the next one. Then the equal value goes to the same side on every machine. Only a
row with a value inside the gap, where training had no value, may go to either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from iris_model.readers import Graph, Node

from .tree_cuts import Cuts

Array = np.ndarray[Any, Any]

# LightGBM treats small values on both sides of zero as zero. A threshold of this size is zero itself, just above or
# just below it.
ZERO = 2e-35
# The bound at a threshold is the largest error of the rows near it, times this factor.
SAFETY = 4.0
# The number of rows near a threshold that determine the largest error of its value.
NEAREST = 24


@dataclass(frozen=True)
class Gaps:
    """The gaps of one tree node of the graph: values above `low`, up to `high`, of the column `feature`.

    `table`: the value that the trees read.
    """

    table: str
    feature: Array
    low: Array
    high: Array

    def holds(self, table: Array, *, wider: bool = False) -> Array:
        """Return which rows of the table have a value in a gap. `wider`: the values are the engine's."""
        inside = np.zeros(len(table), bool)
        for feature in np.unique(self.feature).tolist():
            chosen = self.feature == feature
            low, high = self.low[chosen], self.high[chosen]
            if wider:
                width = (high - low) / 2
                low, high = low - width, high + width
            order = np.argsort(low)
            low, high = low[order], np.maximum.accumulate(high[order])
            place = np.searchsorted(low, table[:, feature], side="left") - 1
            inside |= (place >= 0) & (table[:, feature] <= high[place])
        return inside


def find_bounds(cuts: Cuts, table: Array, errors: Array) -> tuple[Array, Array]:
    """Return the largest error of the value at each node, from the `errors` of rows with values near it.

    `table`: the values of these rows. The second array is a lower bound: the error of the most exact of these rows,
    without the safety factor.
    """
    bounds, least = np.zeros(len(cuts.cut)), np.zeros(len(cuts.cut))
    for feature in np.unique(cuts.feature[cuts.splits]).tolist():
        places = cuts.splits[cuts.feature[cuts.splits] == feature]
        known = np.isfinite(table[:, feature]) & np.isfinite(errors[:, feature])
        value, error = table[known, feature], errors[known, feature]
        if not error.any():
            continue
        order = np.argsort(value, kind="stable")
        value, error = value[order], error[order]
        at = np.searchsorted(value, cuts.cut[places])
        start = np.clip(at - NEAREST // 2, 0, max(0, len(value) - NEAREST))
        window = np.minimum(start[:, np.newaxis] + np.arange(min(NEAREST, len(value))), len(value) - 1)
        largest = np.abs(value[window]).max(axis=1)
        # Beyond all rows the bound grows in proportion to the value.
        growth = np.maximum(1.0, np.abs(cuts.cut[places]) / np.where(largest > 0, largest, np.inf))
        bounds[places] = SAFETY * error[window].max(axis=1) * growth
        least[places] = error[window].min(axis=1)
    return bounds, least


def find_noise(cuts: Cuts, off: Array) -> int | None:
    """Return a column whose splits are rounding noise, or None. `off`: the least error of its values.

    Splits are noise if two neighboring thresholds are at most the error apart, or all are at most the error from zero.
    """
    for feature in np.unique(cuts.feature[cuts.splits]).tolist():
        places = cuts.splits[cuts.feature[cuts.splits] == feature]
        places = places[np.abs(cuts.cut[places]) > ZERO]
        if not len(places) or not off[places].any():
            continue
        order = places[np.argsort(cuts.cut[places], kind="stable")]
        apart = np.diff(cuts.cut[order])
        is_near = (apart > 0) & (apart <= np.minimum(off[order[1:]], off[order[:-1]]))
        if is_near.any() or (np.abs(cuts.cut[places]) <= off[places]).all():
            return int(feature)
    return None


def move_thresholds(
    graph: Graph, cuts: Sequence[Cuts], bounds: Sequence[Array], sides: Sequence[Array]
) -> tuple[Graph, list[Gaps]]:
    """Move the thresholds of these nodes into the gaps next to them. Exact values keep their thresholds.

    `sides`: for each place 1 if an equal value goes left, so that the gap is above; -1 if it goes right; else 0.
    """
    moved: dict[str, Node] = {}
    gaps = []
    for one, bound, side in zip(cuts, bounds, sides, strict=True):
        places = one.splits[bound[one.splits] > 0]
        cut = one.cut[places]
        # At least the spacing of the value itself.
        off = np.maximum(np.minimum(bound[places], _room(one.feature[places], cut)), np.spacing(np.abs(cut)))
        low = np.where(side[places] > 0, cut, cut - 2 * off)
        high = np.where(side[places] < 0, cut, cut + 2 * off)
        gaps.append(Gaps(one.table, one.feature[places], low, high))
        if side[places].any():
            moved[one.node.output] = _moved(one, places, cut + side[places] * off, side)
    return replace(graph, nodes=tuple(moved.get(node.output, node) for node in graph.nodes)), gaps


def find_sides(graph: Graph, cuts: Cuts) -> Array:
    """Return the side of a value equal to the cut in the original (`Node.equal_goes`), as in `move_thresholds`.

    A value that marks missing cells must keep this meaning in float32, and no other value may get it.
    """
    node = cuts.node
    if node.op == "binarize":
        side = 1
    elif node.op in ("bin_columns", "bin_columns_one_hot"):
        side = -1
    else:
        producers = {one.output: one.op for one in graph.nodes}
        is_marked = cuts.table != node.inputs[0] and producers[node.inputs[0]] != "narrow_to_float32"
        side = 0 if is_marked else {"": 0, "right": -1}.get(node.equal_goes, 1)
    sides = np.full(len(cuts.cut), side)
    # Between these two thresholds is only zero itself.
    near_zero = (np.abs(cuts.cut) <= ZERO) & (cuts.cut != 0)
    if cuts.table == node.inputs[0] and not node.attributes.get("narrow"):
        sides[near_zero] = np.sign(cuts.cut[near_zero])
    return sides


def _moved(cuts: Cuts, places: Array, moved: Array, side: Array) -> Node:
    node = cuts.node
    if node.op == "binarize":
        return replace(node, attributes={**node.attributes, "threshold": float(moved[0])})
    if node.op in ("bin_columns", "bin_columns_one_hot"):
        edges = cuts.cut.copy()
        edges[places] = moved
        columns = range(len(node.attributes["edges"]))
        return replace(
            node, attributes={**node.attributes, "edges": [edges[cuts.feature == one].tolist() for one in columns]}
        )
    threshold = node.tensors["threshold"].copy()
    # If the original narrows to float32, the cut is halfway between two float32 numbers, and the trees compare the
    # value itself.
    threshold[cuts.splits] = cuts.cut[cuts.splits]
    threshold[places] = np.where(side[places] != 0, moved, threshold[places])
    return replace(node, inputs=(cuts.table, *node.inputs[1:]), tensors={**node.tensors, "threshold": threshold})


def _room(feature: Array, cut: Array) -> Array:
    """Return a quarter of the distance to the nearest other threshold of the same column."""
    room = np.full(len(cut), np.inf)
    # Thresholds on both sides of zero move away from zero, so also from each other.
    cut = np.where(np.abs(cut) <= ZERO, 0.0, cut)
    for one in np.unique(feature).tolist():
        chosen = np.flatnonzero(feature == one)
        different, back = np.unique(cut[chosen], return_inverse=True)
        apart = np.diff(different, prepend=-np.inf, append=np.inf)
        room[chosen] = np.minimum(apart[:-1], apart[1:])[back] / 4
    return room
