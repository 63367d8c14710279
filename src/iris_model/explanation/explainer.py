"""Compute the contributions of the columns to one answer of a compiled model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.engine import CompiledModel
from iris_model.engine.container import Container
from iris_model.engine.errors import InvalidInput
from iris_model.engine.operators.trees import narrow_to_float32
from iris_model.engine.rows import RowEncoder

from .score import NotExplained, Score, find_score
from .tree_paths import Budget, TooManySteps, Trees, add_contributions

Row = Sequence[Any]

MOST_BACKGROUND_ROWS = 100
# Rows that are evaluated, and pairs of a tree and a background row that are walked, for one explanation.
_MOST_EVALUATED = 40_000
_MOST_WALKS = 20_000
# The parts are added in another order than in the model, and XGBoost adds in float32.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Explanation:
    """`base` plus the sum of `contributions` is `score`."""

    method: str
    meaning: str
    """What the score is: probability, prediction, or the score before a function."""
    target: Any
    """The class that the score is for; None for a regressor."""
    base: float
    """The mean score of the background rows."""
    score: float
    contributions: tuple[float, ...]
    """One number for each column of the signature."""
    background_rows: int


class Explainer:
    """Explains answers of one compiled model."""

    def __init__(self, path: str | Path) -> None:
        """Open the model. Raises NotExplained if its kind of model is not explained, and ModelFormatError."""
        self._model = CompiledModel(str(path))
        self._container = Container(str(path))
        self._encoder = RowEncoder(self._model.signature["columns"])
        self._width = len(self._model.signature["columns"])
        self._score: Score = find_score(self._model.graph)
        classes = self._model.classes
        if classes and isinstance(classes[0], list):
            raise NotExplained("it predicts several labels at once")
        if self._has("category_set"):
            raise NotExplained("its trees split by sets of categories")
        self._classes: list[Any] = list(classes or ())
        self._linear_outputs = 0
        self._trees: Trees | None = None
        if self._score.is_linear:
            self._linear_outputs = len(self._tensor("intercepts")[0])
        else:
            feature, threshold, jump = (self._tensor(name)[0] for name in ("feature", "threshold", "jump"))
            missing_left = self._tensor("missing_left")[0] if self._has("missing_left") else None
            self._trees = Trees(feature, threshold, jump, missing_left)
            self._roots = list(self._tensor("roots")[0])
        count = self._count_outputs()
        if not self._classes and count != 1:
            raise NotExplained("it predicts several numbers at once")
        if self._classes and count not in (1, len(self._classes)):
            raise NotExplained("it has another number of scores than of classes")

    @property
    def method(self) -> str:
        """The name of the method."""
        if self._score.is_linear:
            return "Shapley values of an additive score: the difference that each column makes"
        return "Shapley values along the paths of the trees (interventional TreeSHAP)"

    def explain(self, row: Row, background: Sequence[Row]) -> Explanation:
        """Return the contributions for one row. Raises NotExplained, and InvalidInput if the row does not fit.

        `background`: at least one row that the model accepts; at most 100 of them are used, evenly spaced, and fewer for
        a large model.
        """
        (cells,) = self._encoder.encode([row])
        chosen = self._choose(background)
        others = self._encoder.encode(chosen)
        scores = self._scores([cells, *others])
        place, target = self._find_target(row, len(scores[0]))
        base = math.fsum(each[place] for each in scores[1:]) / len(others)
        explain = self._explain_linear if self._score.is_linear else self._explain_trees
        parts = explain(cells, others, place)
        contributions = tuple(math.fsum(column) / len(others) for column in zip(*parts, strict=True))
        score = float(scores[0][place])
        gap = abs(base + math.fsum(contributions) - score)
        scale = max(abs(score), abs(base), math.fsum(map(abs, contributions)))
        if not gap <= _ROUNDING * scale:
            raise NotExplained("the contributions do not add up to the score: its columns are not independent terms")
        return Explanation(self.method, self._score.meaning, target, base, score, contributions, len(others))

    def _explain_linear(self, cells: list[Any], others: list[list[Any]], place: int) -> list[list[float]]:
        """Return for each other row the difference that each column makes."""
        mixed = []
        for other in others:
            mixed.append(other)
            for column in range(self._width):
                mixed.append([*other[:column], cells[column], *other[column + 1 :]])
        scores = [each[place] for each in self._scores(mixed)]
        step = self._width + 1
        return [
            [scores[at + 1 + column] - scores[at] for column in range(self._width)]
            for at in range(0, len(scores), step)
        ]

    def _explain_trees(self, cells: list[Any], others: list[list[Any]], place: int) -> list[list[float]]:
        roots, values = self._trees_of(place)
        assert self._trees is not None
        features, owners = self._find_owners(cells, others)
        found = []
        budget = Budget()
        for other, owner in zip(features[1:], owners, strict=True):
            totals = [0.0] * self._width
            try:
                add_contributions(self._trees, roots, values, features[0], other, owner, totals, budget)
            except TooManySteps:
                raise NotExplained("its trees have too many paths") from None
            found.append(totals)
        return found

    def _find_owners(self, cells: list[Any], others: list[list[Any]]) -> tuple[list[list[float]], list[list[int]]]:
        """Return the features that the trees compare, of `cells` and of each other row, and the column behind each feature.

        A feature that is the same in both rows has no owner (column 0 stands for it): the trees never branch on it.
        """
        if self._score.source == "rows":
            return self._features([cells, *others]), [list(range(self._width))] * len(others)
        mixed = [cells]
        for other in others:
            mixed.append(other)
            mixed += [[*other[:at], cells[at], *other[at + 1 :]] for at in range(self._width)]
        features = self._features(mixed)
        step = self._width + 1
        owners = []
        for start in range(1, len(features), step):
            other = features[start]
            owner = [0] * len(other)
            for column in range(self._width):
                for place, (now, before) in enumerate(zip(features[start + 1 + column], other, strict=True)):
                    if not _is_same(now, before):
                        owner[place] = column
            owners.append(owner)
        return [features[0], *features[1::step]], owners

    def _features(self, rows: list[list[Any]]) -> list[list[float]]:
        (table,) = self._evaluate(rows, self._score.source)
        return narrow_to_float32(table) if self._score.node["attributes"].get("narrow") else table

    def _scores(self, rows: list[list[Any]]) -> list[list[float]]:
        (table,) = self._evaluate(rows, self._score.output if self._score.scaled is None else self._score.scaled)
        return table

    def _evaluate(self, rows: list[list[Any]], name: str) -> list[list[list[float]]]:
        try:
            return [list(value) for value in self._model.evaluate_values(rows, (name,))]  # type: ignore[call-overload]
        except OverflowError:
            raise InvalidInput("row 0: a value does not fit float32") from None

    def _trees_of(self, place: int) -> tuple[list[int], list[float]]:
        """Return the trees that add to an output, and the value of each of their leaves."""
        if self._score.node["op"] == "boosted_trees":
            output = self._tensor("output")[0]
            roots = [root for root, each in zip(self._roots, output, strict=True) if each == place]
            factor = self._find_factor(place)
            return roots, [factor * value for value in self._tensor("leaves")[0]]
        values, shape = self._tensor("values")
        count = len(self._roots) if self._score.node["attributes"]["combine"] == "mean" else 1
        return self._roots, [value / count for value in values[place :: shape[1]]]

    def _find_factor(self, place: int) -> float:
        """Return the factor by which a step after the trees multiplies an output."""
        if self._score.scaled is None:
            return 1.0
        return float(self._container.tensor(f"{self._score.scaled}.scale")[0].tolist()[place])

    def _find_target(self, row: Row, outputs: int) -> tuple[int, Any]:
        """Return the output to explain and its class: the predicted one, or the second of two with one score."""
        if not self._classes:
            return 0, None
        if outputs == 1:
            return 0, self._classes[-1]
        place = self._classes.index(self._model.predict([row])[0])
        return place, self._classes[place]

    def _choose(self, background: Sequence[Row]) -> list[Row]:
        if not background:
            raise NotExplained("there are no rows to compare with")
        most = min(MOST_BACKGROUND_ROWS, max(1, _MOST_EVALUATED // (self._width + 1)))
        if self._trees is not None:
            most = min(most, max(1, _MOST_WALKS // max(1, len(self._roots))))
        count = min(most, len(background))
        return [background[(index * len(background)) // count] for index in range(count)]

    def _count_outputs(self) -> int:
        if self._score.is_linear:
            return self._linear_outputs
        if self._score.node["op"] == "boosted_trees":
            return len(self._tensor("base")[0])
        return int(self._tensor("values")[1][1])

    def _has(self, name: str) -> bool:
        return name in self._score.node.get("tensors", ())

    def _tensor(self, name: str) -> tuple[Sequence[Any], tuple[int, ...]]:
        view, shape = self._container.tensor(f"{self._score.output}.{name}")
        return view.tolist() if len(view) <= 1_000_000 else view, shape


def _is_same(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)
