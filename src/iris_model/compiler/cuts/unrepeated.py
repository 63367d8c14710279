"""Transformers whose `transform` does not exactly repeat the values of `fit_transform` for training rows.

Their `fit_transform` multiplies parts of the decomposition, and `transform` projects the row; vectorizers sum the terms
of a document in another order. If a threshold is on a training value, the original's own answer for that row depends on
rounding. Only the training rows show the original's answers for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from iris_model.readers import Graph
from iris_model.readers.graph import Estimator
from iris_model.readers.names import class_name

from .tree_cuts import Cuts

Array = np.ndarray[Any, Any]

COUNTS, IN_ORDER = "sklearn.feature_extraction.text.CountVectorizer", "sklearn.feature_extraction.text.TfidfTransformer"
UNREPEATED = (
    "sklearn.decomposition.FastICA",
    "sklearn.decomposition.KernelPCA",
    "sklearn.manifold.Isomap",
    "sklearn.feature_extraction.text.TfidfVectorizer",
    COUNTS,
)
# The share of the thresholds that training rows must explain.
EXPLAINED = 0.5


def find_unrepeated(graph: Graph, table: str) -> str | None:
    """Return the class of an estimator before `table` whose `transform` does not repeat its `fit_transform`, or None."""
    nodes = {node.output: node for node in graph.nodes}
    wanted, seen = [table], set()
    found: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        for estimator, source in graph.made_by.get(name, ()):
            wanted.append(source)
            found |= {class_name(type(one)): type(one).__name__ for one in _all_inside(estimator) if _is_told(one)}
        if name in nodes:
            wanted += nodes[name].inputs
    if IN_ORDER in found:
        # This class sorts the terms itself.
        found = {name: short for name, short in found.items() if name not in (IN_ORDER, COUNTS)}
    return next(iter(found.values()), None)


def _all_inside(estimator: Estimator) -> Iterator[Estimator]:
    yield estimator
    inside = [
        part[1] for name in ("steps", "transformers_", "transformer_list") for part in getattr(estimator, name, ())
    ]
    for one in inside:
        if not isinstance(one, str) and one is not None:
            yield from _all_inside(one)


def _is_told(estimator: Estimator) -> bool:
    return class_name(type(estimator)) == IN_ORDER or _is_unrepeated(estimator)


def _is_unrepeated(estimator: Estimator) -> bool:
    name = class_name(type(estimator))
    if name == "sklearn.decomposition.PCA":
        return getattr(estimator, "_fit_svd_solver", "full") != "covariance_eigh"
    if name == "sklearn.decomposition.TruncatedSVD":
        return bool(estimator.algorithm == "arpack")
    return name in UNREPEATED


def are_of_training(cuts: Cuts, bound: Array, table: Array) -> bool:
    """Whether the rows explain the thresholds: each is on one of their values, or halfway between two neighbors."""
    explained = asked = 0
    for feature in np.unique(cuts.feature[cuts.splits]).tolist():
        places = cuts.splits[cuts.feature[cuts.splits] == feature]
        value = np.unique(table[np.isfinite(table[:, feature]), feature])
        asked += len(places)
        if len(value) < 2:
            continue
        cut, off = cuts.cut[places], 2 * bound[places] + np.spacing(np.abs(cuts.cut[places]))
        above = np.clip(np.searchsorted(value, cut), 1, len(value) - 1)
        upper, lower = value[above], value[above - 1]
        near = np.minimum(np.abs(cut - lower), np.abs(cut - upper)) <= off
        explained += int((near | (np.abs(cut - (lower + upper) / 2) <= off)).sum())
    return explained >= EXPLAINED * asked


def sides_of_rows(cuts: Cuts, bound: Array, side: Array, table: Array) -> tuple[Array, bool]:
    """Return the sides (gaps.py) of these training rows in the original, and whether a cut has rows on both."""
    sides = side.copy()
    torn = False
    for place in cuts.splits[bound[cuts.splits] > 0].tolist():
        value = table[:, cuts.feature[place]]
        cut, off = cuts.cut[place], 2 * bound[place]
        goes_left = ((value > cut - off) & (value <= cut)).any()
        goes_right = ((value > cut) & (value <= cut + off)).any()
        torn = torn or bool(goes_left and goes_right)
        if goes_left != goes_right:
            sides[place] = 1 if goes_left else -1
    return sides, torn
