"""Explains one answer of a compiled model: how much each column adds to the score.

    explainer = Explainer(path)                        a compiled model; raises NotExplained
    explainer.explain(row, background)                 -> Explanation: base + sum of contributions == score

The contributions are Shapley values of the score, with the rows of the background in place of the columns that are not
in a coalition (the interventional value of Lundberg and Lee). They are computed exactly, not by sampling: as differences
for additive models, along the paths of the trees for tree models (Independent TreeSHAP, https://arxiv.org/abs/1905.04610).
"""

from .explainer import Explainer, Explanation
from .score import NotExplained

__all__ = ["Explainer", "Explanation", "NotExplained"]
