"""Where the trees of an estimator split, from the libraries' own structures: (column, threshold) arrays."""

from __future__ import annotations

import numpy as np


def find_splits(estimator):
    """Columns and thresholds of every numeric split, for rows on and next to them."""
    columns, thresholds = [np.empty(0, int)], [np.empty(0)]
    for chosen, at in _pairs(estimator):
        met = np.isfinite(at)
        columns.append(np.asarray(chosen)[met].astype(int))
        thresholds.append(np.asarray(at, float)[met])
    return np.concatenate(columns), np.concatenate(thresholds)


def _pairs(estimator):
    if hasattr(getattr(estimator, "tree_", None), "feature"):
        inner = estimator.tree_.feature >= 0
        yield estimator.tree_.feature[inner], estimator.tree_.threshold[inner]
    elif hasattr(estimator, "_predictors"):
        for predictor in np.ravel(np.array(estimator._predictors, object)):
            inner = (predictor.nodes["is_leaf"] == 0) & (predictor.nodes["is_categorical"] == 0)
            yield predictor.nodes["feature_idx"][inner], predictor.nodes["num_threshold"][inner]
    elif hasattr(estimator, "get_booster"):
        # XGBoost makes no table of linear boosters, nor of trees with a vector in each leaf.
        is_told = estimator.booster != "gblinear" and estimator.multi_strategy != "multi_output_tree"
        table = estimator.get_booster().trees_to_dataframe() if is_told else None
        if table is not None and "Split" in table:
            names = {name: index for index, name in enumerate(estimator.get_booster().feature_names or [])}
            inner = table["Split"].notna()
            named = table["Feature"][inner]
            yield [names.get(name, int(name[1:]) if name[1:].isdigit() else 0) for name in named], table["Split"][inner]
    elif hasattr(estimator, "booster_"):
        table = estimator.booster_.trees_to_dataframe()
        inner = table["decision_type"] == "<="
        names = {name: index for index, name in enumerate(estimator.booster_.feature_name())}
        yield [names[name] for name in table["split_feature"][inner]], table["threshold"][inner].astype(float)
    else:
        members = getattr(estimator, "estimators_", None)
        subsets = getattr(estimator, "estimators_features_", None)
        if isinstance(members, (list, np.ndarray)):
            # Not `np.array` of a list: it takes pipelines apart.
            for index, member in enumerate(members if isinstance(members, list) else members.ravel()):
                member = member.steps[-1][1] if hasattr(member, "steps") else member
                if hasattr(member, "tree_"):
                    chosen, at = next(_pairs(member))
                    yield chosen if subsets is None else np.asarray(subsets[index])[chosen], at
