"""Find rows for which the original's own answer is rounding noise. They cannot be used to judge another implementation.

A row is ill-conditioned if a change of its cells in the 15th digit moves the original's answer by more than two
implementations may differ. The original is evaluated at neighbors of the row, up to eight steps of float64 away: about
the size of the rounding errors inside a sum. For such a row, a difference of at most a few times that movement is
accepted, and so is a label that the original itself returns for one of the neighbors. No difference is accepted for an
answer with steps (trees, bins, nearest neighbors): one bit decides, and the compiled model must decide the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.compiler.original import Original
from iris_model.readers import Graph, Node
from iris_model.readers.operator_traits import having

SMOOTH = having("smooth")
LABELS = having("label")
WAYS = having("way")
NEIGHBOURS, STEPS = 32, 8
# An answer may differ by this many times the original's own movement.
MARGIN = 4.0
# The limits for rows that a caller might send, and for rows far outside of training.
MOST_ORDINARY, MOST_EXTREME = 0.01, 0.5


class Conditioning:
    """Evaluates the original at the neighbors of rows with different answers."""

    def __init__(self, original: Original, graph: Graph, nodes: Mapping[str, Sequence[Node]]) -> None:
        self._original = original
        self._numeric = [
            index for index, column in enumerate(graph.signature["columns"]) if column["kind"] == "numeric"
        ]
        ops = {method: {node.op for node in behind} for method, behind in nodes.items()}
        self._smooth = {method: found <= SMOOTH | LABELS for method, found in ops.items()}
        self._far = {method: found <= SMOOTH | LABELS | WAYS for method, found in ops.items()}
        self._labels = {method for method, output in graph.signature["outputs"].items() if output["kind"] == "label"}

    def excuses(
        self,
        row: Row,
        method: str,
        answer: Any,
        right: Any,
        allowed: float,
        *,
        is_far: bool,
    ) -> bool:
        """Whether the difference between `answer` and `right` is at most the original's own noise.

        `is_far`: the row is so far from training that its distances to all training rows are equal.
        """
        if not (self._far if is_far else self._smooth)[method]:
            return False
        moved = [one[method] for one in self._moved(row, (method,))]
        return bool(moved) and self._is_noise(method, answer, right, moved, allowed)

    def _is_noise(self, method: str, answer: Any, right: Any, moved: Sequence[Any], allowed: float) -> bool:
        if method in self._labels:
            return type(answer) is type(right) and any(one == answer for one in moved)
        values, wanted = np.ravel(np.array(answer, float)), np.ravel(np.array(right, float))
        if values.shape != wanted.shape or not np.isfinite(values).all() or not np.isfinite(wanted).all():
            return False
        magnitude = np.abs(wanted).max(initial=0.0)
        difference = np.abs(values - wanted).max(initial=0.0)
        movement = max(np.abs(np.ravel(np.array(one, float)) - wanted).max(initial=0.0) for one in moved)
        # An answer within the allowed difference needs no excuse.
        small = allowed * magnitude
        return bool(difference <= small or (movement > small / MARGIN and difference <= MARGIN * movement))

    def _moved(self, row: Row, methods: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the original's answers for neighbors: all cells moved a few steps at random, or one cell alone."""
        random = np.random.RandomState(len(row))
        places = [index for index in self._numeric if isinstance(row[index], float) and row[index]]
        for turn in range(NEIGHBOURS if places else 0):
            near = list(row)
            chosen = places if turn < NEIGHBOURS // 2 else [places[turn % len(places)]]
            for index in chosen:
                step = float(np.spacing(row[index])) * random.randint(1, STEPS + 1)
                near[index] = row[index] + (step if random.randint(2) else -step)
            try:
                answers = self._original.evaluate([near], methods)
            except Exception:  # noqa: S112  # a library may raise anything for a row that it refuses
                continue
            yield {method: answers[method][0] for method in methods}


def find_excess(left_out: Mapping[str, int], tried: Mapping[str, int]) -> str | None:
    """Return the problem if too many rows were excluded, else None."""
    for name, kinds, most in (
        ("that were generated or given", [kind for kind in tried if kind != "extreme"], MOST_ORDINARY),
        ("far outside of training", ["extreme"], MOST_EXTREME),
    ):
        out = sum(left_out.get(kind, 0) for kind in kinds)
        of = sum(tried.get(kind, 0) for kind in kinds)
        if out > most * of:
            return f"{out:,} of {of:,} rows {name}"
    return None
