"""Read the statistics of categories ("CTRs") of an exported model, as the tensors of `category_statistics`.

Source: catboost/libs/model/static_ctr_provider.cpp and online_ctr.h. A statistic is computed in float32 from the counts
of training: (count + prior) / (total + prior of the total), then shifted and scaled. The trees compare it with borders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Document = Mapping[str, Any]

# The hash of an empty bucket.
EMPTY = 2**64 - 1
MEANS = ("BinarizedTargetMeanValue", "FloatTargetMeanValue")
COUNTERS = ("Counter", "FeatureFreq")
SMALL = np.float32


@dataclass(frozen=True)
class Statistics:
    """The attributes and tensors of `category_statistics`, and the column and level of each split, in order."""

    projections: list[dict[str, Any]]
    keys: Array
    starts: Array
    levels: Array
    absent: Array
    splits: list[tuple[int, int]]

    @property
    def width(self) -> int:
        """The number of statistics."""
        return len(self.absent)

    @property
    def needs_numbers(self) -> bool:
        """Whether a projection has numeric features."""
        return any(one["above"] for one in self.projections)


def find_ambiguity(document: Document) -> str | None:
    """Return why the export does not identify the statistics, or None.

    Statistics of one type with several binarizations of the target have the same name in the export.
    """
    params = document["model_info"]["params"].get("cat_feature_params", {})
    groups = [params.get("simple_ctrs", ()), params.get("combinations_ctrs", ())]
    groups += params.get("per_feature_ctrs", {}).values()
    for group in groups:
        found: dict[str, str] = {}
        for ctr in group:
            target = str(ctr.get("target_binarization", ""))
            if found.setdefault(ctr["ctr_type"], target) != target:
                return (
                    f"its statistics {ctr['ctr_type']} have several binarizations of the target, which its export mixes"
                )
    return None


def read_statistics(document: Document) -> Statistics | None:
    """Return the statistics of the model, or None if it has none."""
    features = document["features_info"]
    ctrs: Sequence[Document] = features.get("ctrs") or ()
    if not ctrs:
        return None
    groups: dict[str, list[int]] = {}
    for number, ctr in enumerate(ctrs):
        groups.setdefault(str(ctr["elements"]), []).append(number)
    tables = {name: _read_table(table) for name, table in document["ctr_data"].items()}
    treatment = {one["feature_index"]: one["nan_value_treatment"] for one in features.get("float_features") or ()}
    projections: list[dict[str, Any]] = []
    keys: list[Array] = []
    levels: list[Array] = []
    absent: list[int] = []
    column_of: dict[int, int] = {}
    for members in groups.values():
        found = [tables[ctrs[number]["identifier"]] for number in members]
        known = np.unique(np.concatenate([table.keys for table in found]))
        part = np.empty((len(known), len(members)), np.int64)
        for place, (number, table) in enumerate(zip(members, found, strict=True)):
            column_of[number] = len(absent)
            values, without = _compute(ctrs[number], table)
            borders = np.asarray(ctrs[number]["borders"], SMALL)
            absent.append(int(np.searchsorted(borders, without)))
            part[:, place] = absent[-1]
            part[np.searchsorted(known, table.keys), place] = np.searchsorted(borders, values)
        projections.append({**_read_projection(ctrs[members[0]]["elements"], treatment), "count": len(members)})
        keys.append(known)
        levels.append(part.ravel())
    splits = [(column_of[number], level) for number, ctr in enumerate(ctrs) for level in range(len(ctr["borders"]))]
    everything = np.concatenate([*levels, np.array(absent)])
    smallest = np.uint8 if everything.max(initial=0) < 2**8 else np.int32
    return Statistics(
        projections,
        np.concatenate(keys),
        np.cumsum([0, *map(len, keys)]).astype(np.int32),
        np.concatenate(levels).astype(smallest),
        np.array(absent, np.int32),
        splits,
    )


@dataclass(frozen=True)
class _Table:
    """The counts of each known hash: n x counts. `denominator`: that of counters."""

    keys: Array
    counts: Array
    denominator: int


def _read_table(table: Document) -> _Table:
    cells, stride = table["hash_map"], int(table["hash_stride"])
    hashes = np.array([int(cell) for cell in cells[::stride]], np.uint64)
    columns = [np.array(cells[place::stride], np.float64) for place in range(1, stride)]
    counts = np.column_stack(columns)
    there = hashes != np.uint64(EMPTY)
    return _Table(hashes[there], counts[there], int(table["counter_denominator"]))


def _compute(ctr: Document, table: _Table) -> tuple[Array, Array]:
    """Return the statistic for each hash of the table, and that of an unknown hash, in float32."""
    kind, target = ctr["ctr_type"], int(ctr["target_border_idx"])
    counts = table.counts
    if kind in MEANS:
        good, total = counts[:, 0], counts[:, 1]
    elif kind in COUNTERS:
        good, total = counts[:, 0], np.full(len(counts), float(table.denominator))
    elif kind == "Buckets":
        good, total = counts[:, target], counts.sum(axis=1)
    elif kind == "Borders":
        good, total = counts[:, target + 1 :].sum(axis=1), counts.sum(axis=1)
    else:
        raise ValueError(f"unknown statistics {kind!r}; expected Borders, Buckets, means or counters")
    unknown = float(table.denominator) if kind in COUNTERS else 0.0
    return _finish(ctr, good, total), _finish(ctr, np.zeros(1), np.full(1, unknown))[0]


def _finish(ctr: Document, good: Array, total: Array) -> Array:
    # The key is misspelled in the export.
    prior, weight = SMALL(ctr["prior_numerator"]), SMALL(ctr["prior_denomerator"])
    ratio = (good.astype(SMALL) + prior) / (total.astype(SMALL) + weight)
    finished: Array = (ratio + SMALL(ctr["shift"])) * SMALL(ctr["scale"])
    return finished


def _read_projection(elements: Sequence[Document], treatment: Mapping[int, str]) -> dict[str, Any]:
    """Return the features of a projection by their numbers among the categorical and among the numeric features."""
    categories: list[int] = []
    above: list[list[Any]] = []
    equal: list[list[int]] = []
    for element in elements:
        kind = element["combination_element"]
        if kind == "cat_feature_value":
            categories.append(int(element["cat_feature_index"]))
        elif kind == "float_feature":
            number = int(element["float_feature_index"])
            border = float(SMALL(element["border"]))
            above.append([number, border, treatment[number] == "AsTrue"])
        else:
            equal.append([int(element["cat_feature_index"]), int(element["value"]) & 0xFFFFFFFF])
    return {"categories": categories, "above": above, "equal": equal}
