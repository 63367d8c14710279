"""Find the columns of the DataFrame that an XGBoost model with categories was trained on.

Only for models that are not compiled. XGBoost accepts a column of another type without a warning, and uses its codes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from iris_model.errors import UnsupportedModel
from iris_model.readers.graph import Estimator


@dataclass(frozen=True)
class FrameColumn:
    """A column: whether it has categories, what the file stores of them, and the highest code that a tree uses.

    `stored`: for each category its characters and their number. XGBoost cuts the last characters off if there are any
    outside ASCII. None before XGBoost 3.1, which stores no categories.
    """

    is_categorical: bool
    stored: Sequence[tuple[str, int]] | None = None
    highest: int = -1

    def arrange(self, name: str, sampled: Sequence[Any]) -> list[Any]:
        """Return the categories in the order of their codes. Raises UnsupportedModel if the order is unknown.

        `sampled`: the categories that occur in the user's rows, sorted as pandas sorts them.
        """
        if self.stored is None:
            if len(sampled) <= self.highest or not sampled:
                raise _unknown(
                    name, f"it has {self.highest + 1} or more of them, and the sample rows have {len(sampled)}"
                )
            return list(sampled)
        found: list[Any] = []
        for text, length in self.stored:
            whole = [text] if len(text) == length else []
            fitting = whole or [
                one for one in sampled if len(one) == length and one.startswith(text) and one not in found
            ]
            if len(fitting) != 1:
                raise _unknown(name, f"one of them has {length} characters, of which the file keeps {text!r}")
            found += fitting
        return found


def had_frame_categories(estimator: Estimator) -> bool:
    """Whether the model was trained with categories of a DataFrame, and not with types that the user passed."""
    types = estimator.get_booster().feature_types or ()
    return getattr(estimator, "feature_types", None) is None and "c" in types


def find_frame_columns(estimator: Estimator) -> list[FrameColumn] | None:
    """Return the columns of the DataFrame; None if it is not an XGBoost model, or had no categories."""
    if not type(estimator).__module__.startswith("xgboost.") or not hasattr(estimator, "get_booster"):
        return None
    if not had_frame_categories(estimator):
        return None
    booster = estimator.get_booster()
    types = booster.feature_types
    fitted = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]
    model = fitted.get("gbtree", fitted).get("model") or {}
    highest = dict.fromkeys(range(len(types)), -1)
    for tree in model.get("trees", ()):
        for node, start, size in zip(
            tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
        ):
            column = tree["split_indices"][node]
            highest[column] = max([highest[column], *tree["categories"][start : start + size]])
    stored = model.get("cats", {}).get("enc") or [None] * len(types)
    return [
        FrameColumn(True, None if kept is None else _cut(kept), highest[index]) if kind == "c" else FrameColumn(False)
        for index, (kind, kept) in enumerate(zip(types, stored, strict=True))
    ]


def _cut(kept: Any) -> list[tuple[str, int]] | None:
    """Return the stored part of each string and its length: XGBoost counts characters, but stores that many bytes."""
    if "offsets" not in kept:
        return None
    text = bytes(one & 0xFF for one in kept["values"]).decode("utf-8", "ignore")
    return [(text[start:end], end - start) for start, end in pairwise(kept["offsets"])]


def _unknown(name: str, why: str) -> UnsupportedModel:
    return UnsupportedModel(
        [f"the categories of the column {name!r} are not all in the model file: {why}"],
        remedy="Pass sample rows in which every category of training occurs: --data, or data in iris-model.toml. Or train "
        "with XGBoost 3.1 or newer and categories in ASCII, which are stored.",
    )
