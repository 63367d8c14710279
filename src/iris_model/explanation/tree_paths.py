"""Shapley values of a sum of trees for one row against one other row, along the paths of the trees.

Independent TreeSHAP (Lundberg et al., "Explainable AI for Trees", 2019, https://arxiv.org/abs/1905.04610): in each tree
the walk follows the row's column values and the other row's at the same time, and branches where they lead to different
children. A leaf that is reached with `a` columns of the row and `b` columns of the other row counts for each of them
with the share of the orders of all columns in which that column decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb

Cells = Sequence[float]

MAX_STEPS = 4_000_000


class TooManySteps(Exception):
    """The trees have too many paths between the two rows."""


@dataclass(frozen=True)
class Trees:
    """The nodes of the trees, as the engine stores them: the left child follows, `jump` leads to the right one."""

    feature: Sequence[int]
    threshold: Sequence[float]
    jump: Sequence[int]
    missing_left: Sequence[int] | None

    def goes_left(self, node: int, cells: Cells) -> bool:
        """Whether a row goes left at an inner node."""
        value = cells[self.feature[node]]
        if value != value and self.missing_left is not None:
            return bool(self.missing_left[node])
        return value <= self.threshold[node]


@dataclass
class Budget:
    """The number of nodes that may still be visited."""

    left: int = MAX_STEPS


def add_contributions(
    trees: Trees,
    roots: Iterable[int],
    leaf_values: Sequence[float],
    cells: Cells,
    others: Cells,
    owners: Sequence[int],
    totals: list[float],
    budget: Budget,
) -> None:
    """Add to `totals`, one number for each column, what each column contributes to score(cells) - score(others).

    `cells`, `others`: the features that the trees compare. `owners`: the column that each feature depends on.
    `leaf_values`: the value of each leaf. Raises TooManySteps.
    """
    feature, jump = trees.feature, trees.jump
    for root in roots:
        waiting = [(root, 0, 0)]  # the node, the columns taken from the row, those taken from the other row, as bits
        while waiting:
            node, ours, theirs = waiting.pop()
            while feature[node] >= 0:
                budget.left -= 1
                if budget.left < 0:
                    raise TooManySteps
                left, other_left = trees.goes_left(node, cells), trees.goes_left(node, others)
                if left != other_left:
                    bit = 1 << owners[feature[node]]
                    if theirs & bit:
                        left = other_left
                    elif not ours & bit:
                        step = 1 if other_left else jump[node]
                        waiting.append((node + step, ours, theirs | bit))
                        ours |= bit
                node += 1 if left else jump[node]
            _add_leaf(leaf_values[jump[node]], ours, theirs, totals)


def _add_leaf(value: float, ours: int, theirs: int, totals: list[float]) -> None:
    a, b = ours.bit_count(), theirs.bit_count()
    if value == 0.0 or a + b == 0:
        return
    # (a - 1)! b! / (a + b)! and a! (b - 1)! / (a + b)!
    if a:
        share = value / (a * comb(a + b, a))
        for column in _bits(ours):
            totals[column] += share
    if b:
        share = value / (b * comb(a + b, b))
        for column in _bits(theirs):
            totals[column] -= share


def _bits(mask: int) -> Iterable[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
