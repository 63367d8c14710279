"""Rows for which the original's own answer is rounding noise: they say nothing of anybody else's answer.

A row is ill-conditioned where a change of its cells in the 15th digit moves the original's own answer by more than is
allowed between two implementations. Whether it does is asked of the original, at neighbours of the row up to eight steps
of float64 away: about what the roundings inside a sum amount to. Such a row
excuses a number that is off by no more than a few times that movement, and a label that the original itself gives to one
of the neighbours. It excuses nothing where the answer has steps (trees, bins, nearest neighbors): there one bit decides
honestly, and the law is that it decides the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from iris_model.readers import Graph, Node

from .data import Row
from .original import Original

# Operators whose numbers have no steps.
SMOOTH = frozenset(
    (
        *("linear", "scale", "min_max_scale", "divide_columns", "select_columns", "concat", "column", "per_output"),
        *("rbf_kernel", "polynomial_kernel", "sigmoid_kernel", "laplacian_kernel", "cosine_kernel"),
        *("chi_squared_kernel", "matern_kernel", "rational_quadratic_kernel", "periodic_kernel"),
        *("sum_of", "product_of", "power", "latent_probabilities", "subtract", "mean_of", "weighted_mean"),
        *("one_vs_one_decisions", "one_vs_one_scores", "coupled_probabilities"),
        *("expit", "expit_pair", "softmax", "softmax_pair", "normalize_rows", "normalize_log", "exponential"),
        *("tanh", "relu", "logistic", "softplus", "complement_pair", "expanded_distances", "absolute_distances"),
        *("scaled_squares", "projected_squares", "quadratic_form", "centroid_scores", "sigmoid_calibration"),
        *("calibrated_probabilities", "scaled_temperature", "normalize_unless_zero", "polynomial", "power_transform"),
        *("skewed_chi_squared_features", "additive_chi_squared_features", "shares_or_nan", "impute", "scale_back"),
        *("power_back", "barycenter", "center_kernel"),
    )
)
# Operators that make labels of numbers: a label may turn where the numbers tie.
LABELS = frozenset(
    (
        *("argmax_label", "last_argmax_label", "argmin_label", "threshold_label", "threshold_label_inclusive"),
        *("one_vs_one_label", "label_at"),
    )
)
# The shortest ways through neighbors: smooth only where all neighbors are the same to a row.
WAYS = frozenset(("geodesic_kernel", "nearest_in_tree", "nearest_in_table"))
NEIGHBOURS, STEPS = 32, 8
# How many times the original's own movement another answer may be off.
MARGIN = 4.0
# Of all rows that a caller might send, and of those that are far outside of what was trained on.
MOST_ORDINARY, MOST_EXTREME = 0.01, 0.5


class Conditioning:
    """Asks the original about the neighbours of rows on which an answer differs."""

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
        answer: Mapping[str, Any],
        right: Mapping[str, Any],
        allowed: Mapping[str, float],
        *,
        is_far: bool,
    ) -> bool:
        """Whether every difference between `answer` and `right` is no more than the original's own noise.

        `is_far`: the row is so far from training that all of its rows are equally near.
        """
        smooth = self._smooth | (self._far if is_far else {})
        if not all(smooth[method] for method in right if answer[method] != right[method]):
            return False
        moved = list(self._moved(row, tuple(right)))
        return bool(moved) and all(
            answer[method] == right[method]
            or self._is_noise(method, answer[method], right[method], [one[method] for one in moved], allowed)
            for method in right
        )

    def _is_noise(
        self, method: str, answer: Any, right: Any, moved: Sequence[Any], allowed: Mapping[str, float]
    ) -> bool:
        if method in self._labels:
            return type(answer) is type(right) and any(one == answer for one in moved)
        values, wanted = np.ravel(np.array(answer, float)), np.ravel(np.array(right, float))
        if values.shape != wanted.shape or not np.isfinite(values).all() or not np.isfinite(wanted).all():
            return False
        magnitude = np.abs(wanted).max(initial=0.0)
        difference = np.abs(values - wanted).max(initial=0.0)
        movement = max(np.abs(np.ravel(np.array(one, float)) - wanted).max(initial=0.0) for one in moved)
        # An answer within what is allowed anyway needs no excuse.
        small = allowed[method] * magnitude
        return bool(difference <= small or (movement > small / MARGIN and difference <= MARGIN * movement))

    def _moved(self, row: Row, methods: Sequence[str]) -> Iterator[dict[str, Any]]:
        """What the original says of the neighbours: all cells some steps up or down at random, or one of them alone."""
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
            except ValueError:
                continue
            yield {method: answers[method][0] for method in methods}


def find_excess(left_out: Mapping[str, int], tried: Mapping[str, int]) -> str | None:
    """Say so when more rows were left out than the few that may be; None if all is well."""
    for name, kinds, most in (
        ("that were generated or given", [kind for kind in tried if kind != "extreme"], MOST_ORDINARY),
        ("far outside of training", ["extreme"], MOST_EXTREME),
    ):
        out = sum(left_out.get(kind, 0) for kind in kinds)
        of = sum(tried.get(kind, 0) for kind in kinds)
        if out > most * of:
            return f"{out:,} of {of:,} rows {name}"
    return None
