"""Find the score of a model in its graph: the one value that is a sum of terms or of trees, before the last steps.

Models whose score is computed in another way, or from columns that an earlier step combined, are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Node = Mapping[str, Any]

LINEAR = frozenset({"linear", "linear_float32"})
TREES = frozenset({"tree_ensemble", "boosted_trees"})
# Each number in the table that they return depends on one column only.
COLUMNWISE = frozenset(
    "binarize bin_columns bin_columns_one_hot category_positions concat concat_sparse divide_columns hash_categories impute "
    "impute_column look_up map_cells "
    "mark_missing min_max_scale missing_indicator multiply_columns narrow_to_float32 one_hot power_transform "
    "round_float32 scale select_columns select_columns_sparse snap_to_known spline_basis to_dense zeros_to_missing".split()
)
# Steps from the score to a label, a probability or a number.
LINKS = frozenset(
    "argmax_label column expit expit_float32 expit_pair exponential exponential_float32 last_argmax_label logistic "
    "normalize_rows pair_float32 softmax softmax_float32 softmax_pair softplus step_float32 threshold_label "
    "threshold_label_inclusive".split()
)
PLAIN = frozenset({"column"})
_SHOWN = {
    "expit": "the logistic function",
    "logistic": "the logistic function",
    "softmax": "softmax",
    "exponential": "the exponential function",
}


class NotExplained(Exception):
    """The answers of this model, or this answer, cannot be explained. The message is the reason."""


@dataclass(frozen=True)
class Score:
    """The node that computes the score, the value that it reads, and what the score means."""

    node: Node
    is_linear: bool
    source: str
    meaning: str
    scaled: str | None = None
    """The value of a step that multiplies the score and adds to it; None without one."""

    @property
    def output(self) -> str:
        """The name of the score's value."""
        return str(self.node["output"])


def find_score(graph: Mapping[str, Any]) -> Score:
    """Return the score of `graph`. Raises NotExplained."""
    nodes = {node["output"]: node for node in graph["nodes"]}
    outputs = graph["outputs"]
    if "predict" not in outputs:
        raise NotExplained("the model predicts nothing: it transforms rows")
    wanted = [outputs[name] for name in ("predict", "predict_proba") if name in outputs]
    used = _ancestors(nodes, wanted)
    scoring = [node for node in used if node["op"] in LINEAR | TREES]
    if len(scoring) != 1:
        what = "no linear model and no trees" if not scoring else f"{len(scoring)} models, whose answers it combines"
        raise NotExplained(f"it has {what}")
    (node,) = scoring
    if len(node["inputs"]) != 1:
        raise NotExplained("its trees start from the answers of another model")
    if node["attributes"].get("combine") == "each":
        raise NotExplained("it does not add up its trees")
    before = _ancestors(nodes, node["inputs"])
    after = [each for each in used if each is not node and each not in before]
    for each in before:
        if not _is_columnwise(each):
            raise NotExplained(f"its step `{each['op']}` combines columns")
    # CatBoost multiplies the sum of its trees by a factor.
    scaled = (
        [each["output"] for each in after if each["op"] == "min_max_scale" and each["inputs"] == [node["output"]]]
        if node["op"] == "boosted_trees"
        else []
    )
    for each in after:
        if each["output"] in scaled[:1]:
            continue
        if each["op"] not in LINKS or len(each["inputs"]) != 1:
            raise NotExplained(f"its step `{each['op']}` follows the score")
    return Score(
        node, node["op"] in LINEAR, node["inputs"][0], _meaning(node, outputs, after), scaled[0] if scaled else None
    )


def _is_columnwise(node: Node) -> bool:
    if node["op"] == "category_statistics":
        # A statistic of a combination depends on several columns.
        projections = node["attributes"]["projections"]
        return all(len(one["categories"]) == 1 and not one["above"] and not one["equal"] for one in projections)
    return node["op"] in COLUMNWISE


def _ancestors(nodes: Mapping[str, Node], names: Iterable[str]) -> list[Node]:
    """Return the nodes that compute the named values, each once."""
    found: dict[str, Node] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in found:
            found[name] = nodes[name]
            waiting += nodes[name]["inputs"]
    return list(found.values())


def _meaning(node: Node, outputs: Mapping[str, str], after: list[Node]) -> str:
    if outputs.get("predict_proba") == node["output"]:
        return "probability"
    links = [
        each["op"] for each in after if each["op"] in LINKS - PLAIN and not each["op"].endswith(("label", "inclusive"))
    ]
    for op in links:
        for word, shown in _SHOWN.items():
            if op.startswith(word):
                return f"score before {shown}"
    return "prediction" if "predict_proba" not in outputs and not links and not _has_label(after) else "score"


def _has_label(after: list[Node]) -> bool:
    return any("label" in each["op"] for each in after)
