"""Find the columns of the DataFrame that an XGBoost model with categories was trained on, and the order of their categories.

A tree splits on codes: positions in the categories of a pandas Categorical. XGBoost before 3.1 stores no categories.
Later versions store them, but cut the last characters off if there are any outside ASCII. Then the order comes from the
user: the settings, or the Categorical columns of a DataFrame. XGBoost accepts any categories without a warning and uses
their codes, so a wrong order would give wrong answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from iris_model.errors import UnsupportedModel
from iris_model.readers.category_orders import HOW_TO_DECLARE, NOT_IN_FILE, CategoryOrders, sort_cells
from iris_model.readers.graph import Estimator

from .booster import Document, read_learner


@dataclass(frozen=True)
class FrameColumn:
    """A column: whether it has categories, what the file stores of them, and the highest code that a tree uses.

    `stored`: for each category its characters and their number, or an integer. XGBoost cuts the last characters off if
    there are any outside ASCII. None if the file stores no categories.
    """

    is_categorical: bool
    stored: Sequence[tuple[str, int] | int] | None = None
    highest: int = -1

    def find_categories(self, name: str, orders: CategoryOrders) -> list[Any] | None:
        """Return the categories in the order of their codes; None if the order is neither stored nor declared.

        Raises UnsupportedModel if what is declared or sampled contradicts the model.
        """
        declared, sampled = orders.declared.get(name), sort_cells(orders.cells(name))
        if self.stored is None:
            if declared is None:
                return None
            self._check_declared(name, declared, sampled)
            return list(declared)
        whole = [one if isinstance(one, int) else one[0] for one in self.stored if not _is_cut(one)]
        if len(whole) == len(self.stored):
            return whole
        if declared is not None and self._fits(declared):
            return list(declared)
        if declared is not None and len(declared) >= len(self.stored):
            sampled = list(declared)
        return self._complete(name, sampled)

    def assume_sorted(self, name: str, orders: CategoryOrders) -> list[Any]:
        """Return the categories of the sample rows, sorted as pandas sorts them. Raises UnsupportedModel if some lack."""
        sampled = sort_cells(orders.cells(name))
        if len(sampled) <= self.highest or not sampled:
            raise _unknown(name, f"it has {self.highest + 1} or more of them, and the sample rows have {len(sampled)}")
        return sampled

    def _check_declared(self, name: str, declared: Sequence[Any], sampled: Sequence[Any]) -> None:
        if len(declared) <= self.highest:
            raise UnsupportedModel(
                [
                    f"{len(declared)} categories of the column {name!r} are given, but the model has {self.highest + 1} or more"
                ],
                remedy=HOW_TO_DECLARE,
            )
        unknown = [one for one in sampled if one not in declared]
        if unknown:
            raise UnsupportedModel(
                [
                    f"the sample rows have the category {unknown[0]!r} in the column {name!r}, which is not in the given list"
                ],
                remedy=f"Correct the rows, or the categories. {HOW_TO_DECLARE}",
            )

    def _fits(self, known: Sequence[Any]) -> bool:
        """Whether the categories agree with all that the file stores of them."""
        assert self.stored is not None
        return len(known) == len(self.stored) and all(map(_may_be, known, self.stored))

    def _complete(self, name: str, sampled: Sequence[Any]) -> list[Any]:
        """Return the stored categories. Those that were cut off are completed from the sample rows.

        Every sampled category is one of training. So the only one that fits into a place, and into no other, is right.
        """
        assert self.stored is not None
        found: dict[int, Any] = {
            code: one if isinstance(one, int) else one[0] for code, one in enumerate(self.stored) if not _is_cut(one)
        }
        left = {code: one for code, one in enumerate(self.stored) if code not in found}
        waiting = [one for one in sampled if one not in found.values()]
        while left:
            fitting = {code: [one for one in waiting if _may_be(one, kept)] for code, kept in left.items()}
            code = next((code for code, ones in fitting.items() if len(ones) == 1), None)
            if code is None:
                text, length = next(one for one in left.values() if isinstance(one, tuple))
                raise _unknown(name, f"one of them has {length} characters, of which the file keeps {text!r}")
            found[code] = fitting[code][0]
            waiting.remove(found[code])
            del left[code]
        if waiting:
            raise _unknown(name, f"the sample rows have {waiting[0]!r}, which fits none of them")
        return [found[code] for code in range(len(found))]


def _is_cut(stored: tuple[str, int] | int) -> bool:
    return isinstance(stored, tuple) and len(stored[0]) < stored[1]


def _may_be(category: Any, stored: tuple[str, int] | int) -> bool:
    if isinstance(stored, int):
        return type(category) is int and category == stored
    return isinstance(category, str) and len(category) == stored[1] and category.startswith(stored[0])


def had_frame_categories(estimator: Estimator) -> bool:
    """Whether the model was trained with categories of a DataFrame, and not with codes whose types the user passed.

    XGBoost names the types of numbers in a DataFrame "float", "int" and "i"; the documented name for users is "q".
    `load_model` sets the parameter `feature_types`, too.
    """
    booster = estimator.get_booster()
    types = booster.feature_types or ()
    if "c" not in types or booster.feature_names is None or getattr(estimator, CODES_ARE_CELLS, False):
        return False
    return getattr(estimator, "feature_types", None) is None or "q" not in types


# Set on the wrapper of a booster whose file has the version of XGBoost that stores the categories of every DataFrame.
CODES_ARE_CELLS = "_iris_model_codes_are_cells"


def find_frame_columns(estimator: Estimator, learner: Document | None = None) -> list[FrameColumn] | None:
    """Return the columns of the DataFrame; None if it is not an XGBoost model, or had no categories.

    `learner`: what `read_learner` returns of its booster, if the caller has it.
    """
    if not type(estimator).__module__.startswith("xgboost.") or not hasattr(estimator, "get_booster"):
        return None
    booster = estimator.get_booster()
    types = booster.feature_types or ()
    if "c" not in types:
        return None
    fitted = (learner or read_learner(booster))["gradient_booster"]
    model = fitted.get("gbtree", fitted).get("model") or {}
    stored = model.get("cats", {}).get("enc") or []
    if not any(kept["values"] for kept in stored) and not had_frame_categories(estimator):
        return None
    highest = dict.fromkeys(range(len(types)), -1)
    for tree in model.get("trees", ()):
        for node, start, size in zip(
            tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
        ):
            column = tree["split_indices"][node]
            highest[column] = max([highest[column], *tree["categories"][start : start + size]])
    return [
        FrameColumn(True, None if kept is None else _read_stored(kept), highest[index])
        if kind == "c"
        else FrameColumn(False)
        for index, (kind, kept) in enumerate(zip(types, stored or [None] * len(types), strict=True))
    ]


def find_unstored(estimator: Estimator) -> list[str]:
    """Return the names of the columns with categories that the estimator does not store, or not completely."""
    found = find_frame_columns(estimator) or ()
    return (
        [
            name
            for name, column in zip(estimator.get_booster().feature_names, found, strict=True)
            if column.is_categorical and (column.stored is None or any(map(_is_cut, column.stored)))
        ]
        if found
        else []
    )


def _read_stored(kept: Any) -> list[tuple[str, int] | int]:
    """Return integers, or the stored part of each string and its length.

    XGBoost counts characters, but stores that many bytes.
    """
    if "offsets" not in kept:
        return [int(one) for one in kept["values"]]
    text = bytes(one & 0xFF for one in kept["values"]).decode("utf-8", "ignore")
    return [(text[start:end], end - start) for start, end in pairwise(kept["offsets"])]


def _unknown(name: str, why: str) -> UnsupportedModel:
    return UnsupportedModel(
        [f"the categories of the column {name!r} are not all in the file, so their order is {NOT_IN_FILE}: {why}"],
        remedy="Pass sample rows in which every category of training occurs: --data, or data in iris-model.toml. Or name "
        f"them. {HOW_TO_DECLARE}",
    )
