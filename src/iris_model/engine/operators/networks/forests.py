"""Ensembles of trees of ai.onnx.ml.

The trees are prepared once: nodes by number, with the places of their children. Comparisons are those of float32, and the
scores of the trees are added in float32, tree by tree, as onnxruntime does with one thread.
"""

from iris_model.engine.errors import ModelFormatError

from .arrays import FLOATS, Array, make
from .features import listed, rows_of
from .scores import NONE, label_array, labels_of, place_of_largest, transform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from .arrays import Attributes, Inputs, Numbers, StepFunction

    # Compares a cell with a threshold.
    Branch: TypeAlias = Callable[[float, float], bool]

LEAF = "LEAF"
BRANCHES: "dict[str, Callable[[float, float], bool]]" = {
    "BRANCH_LEQ": lambda x, y: x <= y,
    "BRANCH_LT": lambda x, y: x < y,
    "BRANCH_GTE": lambda x, y: x >= y,
    "BRANCH_GT": lambda x, y: x > y,
    "BRANCH_EQ": lambda x, y: x == y,
    "BRANCH_NEQ": lambda x, y: x != y,
}
# The modes of the operator TreeEnsemble by number; MEMBER compares with a set.
NUMBERED = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "MEMBER")
AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")


class Forest:
    """Trees as lists by node: feature (-1 at a leaf), value, comparison, children, side of NaN, and scores of leaves."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.feature: list[int] = []
        # The threshold; in a TreeEnsemble also a set, which the comparison MEMBER takes.
        self.value: list[float] = []
        # None at a leaf, which nothing is compared with.
        self.compare: list[Branch] = []
        self.yes: list[int] = []
        self.no: list[int] = []
        self.missing_yes: list[bool] = []
        self.scores: dict[int, list[tuple[int, float]]] = {}
        self.roots: list[int] = []

    def leaf(self, node: int, row: "Numbers") -> int:
        """Return the leaf that a row reaches. Children come after their parents, so the walk ends."""
        feature, value, compare, yes, no = self.feature, self.value, self.compare, self.yes, self.no
        while feature[node] >= 0:
            cell = row[feature[node]]
            goes = compare[node](cell, value[node]) or (cell != cell and self.missing_yes[node])
            node = yes[node] if goes else no[node]
        return node


def _attribute_forest(attributes: "Attributes", prefix: str) -> Forest:
    """Return the trees of TreeEnsembleClassifier and TreeEnsembleRegressor. Raises ModelFormatError."""
    trees, nodes = listed(attributes, "nodes_treeids"), listed(attributes, "nodes_nodeids")
    doubles = "nodes_values_as_tensor" in attributes
    forest = Forest("d" if doubles else "f")
    places = {key: place for place, key in enumerate(zip(trees, nodes))}
    modes = listed(attributes, "nodes_modes")
    features = listed(attributes, "nodes_featureids")
    forest.feature = [-1 if mode == LEAF else int(feature) for mode, feature in zip(modes, features)]
    forest.value = listed(attributes, "nodes_values_as_tensor" if doubles else "nodes_values")
    forest.compare = [BRANCHES.get(mode) for mode in modes]  # type: ignore[misc]
    yes, no = listed(attributes, "nodes_truenodeids"), listed(attributes, "nodes_falsenodeids")
    forest.yes = [places.get((tree, node), -1) for tree, node in zip(trees, yes)]
    forest.no = [places.get((tree, node), -1) for tree, node in zip(trees, no)]
    missing = listed(attributes, "nodes_missing_value_tracks_true")
    forest.missing_yes = [bool(each) for each in missing] or [False] * len(nodes)
    weights = listed(attributes, f"{prefix}_weights_as_tensor" if doubles else f"{prefix}_weights")
    ids = listed(attributes, f"{prefix}_ids")
    for tree, node, target, weight in zip(
        listed(attributes, f"{prefix}_treeids"), listed(attributes, f"{prefix}_nodeids"), ids, weights
    ):
        forest.scores.setdefault(places[tree, node], []).append((int(target), weight))
    children = {forest.yes[at] for at, feature in enumerate(forest.feature) if feature >= 0}
    children |= {forest.no[at] for at, feature in enumerate(forest.feature) if feature >= 0}
    first: dict[float, int] = {}
    for place, tree in enumerate(trees):
        if place not in children:
            first.setdefault(tree, place)
    forest.roots = list(first.values())
    _check(forest)
    return forest


def _check(forest: Forest) -> None:
    """Raise ModelFormatError if a walk would not end: each node may be the child of one other node only."""
    waiting, met = list(forest.roots), 0
    while waiting:
        node = waiting.pop()
        met += 1
        if met > len(forest.feature):
            raise ModelFormatError("the trees of the graph contain a cycle; compile the model again")
        if forest.feature[node] >= 0:
            for child in (forest.yes[node], forest.no[node]):
                if not 0 <= child < len(forest.feature):
                    raise ModelFormatError("a tree of the graph lacks a node; compile the model again")
                waiting.append(child)


def _forest(attributes: "Attributes", build: "Callable[[], Forest]") -> Forest:
    """Return the prepared trees, kept in the attributes of the step between calls."""
    kept: Forest | None = attributes.get("forest")
    if kept is None:
        kept = attributes["forest"] = build()
    return kept


def _totals(
    forest: Forest, value: Array, count: int, base: "list[float]", aggregate: str
) -> "tuple[list[list[float]], list[list[bool]]]":
    """Return the combined scores of each row, and which of them a leaf has added to."""
    height, width = rows_of(value)
    cells = value.cells if value.kind in FLOATS else make([float(cell) for cell in value.cells], (), "f").cells
    rounded = make([0.0], (), forest.kind).cells
    found, met = [], []
    for row in range(height):
        own = cells[row * width : (row + 1) * width]
        sums = [0.0] * count
        has = [False] * count
        for root in forest.roots:
            for target, weight in forest.scores.get(forest.leaf(root, own), ()):
                if aggregate in ("SUM", "AVERAGE"):
                    rounded[0] = sums[target] + weight
                    sums[target] = rounded[0]
                elif not has[target] or (weight < sums[target]) == (aggregate == "MIN"):
                    sums[target] = weight
                has[target] = True
        if aggregate == "AVERAGE":
            sums = [each / len(forest.roots) for each in sums]
        if base:
            sums = [each + by for each, by in zip(sums, base)]
        found.append(sums)
        met.append(has)
    return found, met


def _base(attributes: "Attributes") -> "list[float]":
    return listed(attributes, "base_values") or listed(attributes, "base_values_as_tensor")


def _regressor(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    forest = _forest(attributes, lambda: _attribute_forest(attributes, "target"))
    count = attributes.get("n_targets", 1)
    rows, _ = _totals(forest, inputs[0], count, _base(attributes), attributes.get("aggregate_function", "SUM"))
    how = attributes.get("post_transform", NONE)
    cells: list[float] = []
    for sums in rows:
        cells += transform(make(sums, (), "f").cells, how)
    return [make(cells, (len(rows), count), "f")]


def _classifier(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    forest = _forest(attributes, lambda: _attribute_forest(attributes, "class"))
    labels, kind = labels_of(attributes)
    base, how = _base(attributes), attributes.get("post_transform", NONE)
    ids = set(listed(attributes, "class_ids"))
    rows, _ = _totals(forest, inputs[0], len(labels), [], "SUM")
    binary = len(labels) == 2 and len(ids) == 1
    positive = all(weight >= 0 for scores in forest.scores.values() for _, weight in scores)
    chosen, cells = [], []
    for sums in rows:
        if binary:
            score = make(
                [sums[next(iter(ids))] + (base[-1] if len(base) == 1 else base[1] if base else 0.0)], (), "f"
            ).cells[0]
            chosen.append(labels[int(score > (0.5 if positive else 0.0))])
            if how == "LOGISTIC":
                cells += transform([-score, score], how)
            elif positive and how == NONE:
                cells += [1.0 - score, score]
            else:
                cells += transform([-score, score], how)
            continue
        scores = list(make([one + by for one, by in zip(sums, base)] if base else sums, (), "f").cells)
        chosen.append(labels[place_of_largest(scores)])
        cells += transform(scores, how)
    return [label_array(chosen, kind), make(cells, (len(rows), len(labels)), "f")]


def _is_member(cell: float, members: float) -> bool:
    return cell in members  # type: ignore[operator]


def _numbered_forest(attributes: "Attributes") -> Forest:
    """Return the trees of TreeEnsemble (version 5), whose leaves are separate."""
    splits = listed(attributes, "nodes_splits")
    forest = Forest(attributes["nodes_splits"].kind if isinstance(attributes["nodes_splits"], Array) else "f")
    modes = [NUMBERED[mode] for mode in listed(attributes, "nodes_modes")]
    count = len(modes)
    sets: list[frozenset[float]] = []
    members: list[float] = []
    for cell in listed(attributes, "membership_values"):
        if cell != cell:
            sets.append(frozenset(members))
            members = []
        else:
            members.append(cell)
    following = iter(sets)
    forest.feature = [int(feature) for feature in listed(attributes, "nodes_featureids")]
    forest.value = [
        next(following, frozenset()) if mode == "MEMBER" else split  # type: ignore[misc]
        for mode, split in zip(modes, splits)
    ]
    forest.compare = [_is_member if mode == "MEMBER" else BRANCHES[mode] for mode in modes]

    def place(child: int, is_leaf: int) -> int:
        return count + child if is_leaf else child

    for name, own in (("true", forest.yes), ("false", forest.no)):
        nodes, leaves = listed(attributes, f"nodes_{name}nodeids"), listed(attributes, f"nodes_{name}leafs")
        own += [place(int(child), leaf) for child, leaf in zip(nodes, leaves)]
    forest.missing_yes = [bool(each) for each in listed(attributes, "nodes_missing_value_tracks_true")] or [
        False
    ] * count
    targets, weights = listed(attributes, "leaf_targetids"), listed(attributes, "leaf_weights")
    for leaf, (target, weight) in enumerate(zip(targets, weights)):
        forest.scores[count + leaf] = [(int(target), weight)]
        forest.feature.append(-1)
        forest.value.append(0.0)
        forest.compare.append(None)  # type: ignore[arg-type]
        forest.yes.append(-1)
        forest.no.append(-1)
        forest.missing_yes.append(False)
    forest.roots = [int(root) for root in listed(attributes, "tree_roots")]
    _check(forest)
    return forest


def _ensemble(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    forest = _forest(attributes, lambda: _numbered_forest(attributes))
    count = attributes.get("n_targets", 1)
    aggregate = AGGREGATES[attributes.get("aggregate_function", 1)]
    how = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")[attributes.get("post_transform", 0)]
    rows, _ = _totals(forest, inputs[0], count, [], aggregate)
    cells: list[float] = []
    for sums in rows:
        cells += transform(sums, how)
    return [make(cells, (len(rows), count), inputs[0].kind)]


FUNCTIONS: "dict[str, StepFunction]" = {
    "TreeEnsemble": _ensemble,
    "TreeEnsembleClassifier": _classifier,
    "TreeEnsembleRegressor": _regressor,
}
