"""Operators against the libraries whose arithmetic they follow."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from scipy.special import expit as scipy_expit
from sklearn.utils.extmath import softmax as sklearn_softmax

from iris_model.engine.model import MEMO
from iris_model.engine.operators import OPERATORS, find_operator
from iris_model.engine.operators.columns import column, concat, select_columns
from iris_model.engine.operators.labels import argmax_label, threshold_label
from iris_model.engine.operators.linear import linear
from iris_model.engine.operators.links import expit, expit_pair, normalize_rows, softmax, softmax_pair
from iris_model.engine.operators.scaling import min_max_scale, scale
from iris_model.engine.operators.trees import narrow_to_float32, tree_ensemble

RANDOM = np.random.default_rng(7)
TABLE = RANDOM.normal(scale=20, size=(40, 5))


@pytest.mark.parametrize("op", OPERATORS)
def test_every_operator_is_found_and_takes_its_parameters_by_keyword(op: str) -> None:
    function = find_operator(op)
    assert function.__name__ == op
    assert inspect.getdoc(function)
    # Inputs are positional, some of them optional; attributes and tensors go by keyword.
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY):
            assert parameter.default in (inspect.Parameter.empty, None), parameter
        else:
            assert parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY), parameter
        # The engine fills it in, in place of whatever a file says.
        if parameter.name == MEMO:
            assert parameter.default is None, parameter


def test_linear_is_the_matrix_product() -> None:
    coefficients, intercepts = RANDOM.normal(size=(3, 5)), RANDOM.normal(size=3)
    ours = linear(TABLE.tolist(), coefficients=coefficients.tolist(), intercepts=intercepts.tolist())
    np.testing.assert_allclose(ours, TABLE @ coefficients.T + intercepts, rtol=1e-12)


def test_linear_does_not_lose_small_terms() -> None:
    assert linear([[1e16, 1.0, -1e16]], coefficients=[[1.0, 1.0, 1.0]], intercepts=[0.0]) == [[1.0]]


def test_softmax_is_that_of_sklearn() -> None:
    np.testing.assert_allclose(softmax(TABLE.tolist()), sklearn_softmax(TABLE), rtol=1e-13)
    pair = sklearn_softmax(np.column_stack([-TABLE[:, 0], TABLE[:, 0]]))
    np.testing.assert_allclose(softmax_pair(TABLE[:, :1].tolist()), pair, rtol=1e-13)


def test_expit_is_that_of_scipy_also_far_out() -> None:
    values = [[-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0]]
    np.testing.assert_allclose(expit(values), scipy_expit(np.array(values)), rtol=1e-14)
    assert expit_pair([[0.0]]) == [[0.5, 0.5]]


def test_normalize_rows_makes_zeros_uniform() -> None:
    assert normalize_rows([[1.0, 3.0], [0.0, 0.0]]) == [[0.25, 0.75], [0.5, 0.5]]


def test_scaling() -> None:
    assert scale([[3.0, 5.0]], offset=[1.0, 1.0], divisor=[2.0, 4.0]) == [[1.0, 1.0]]
    assert min_max_scale([[3.0], [9.0]], scale=[0.5], offset=[-1.0]) == [[0.5], [3.5]]
    clipped = min_max_scale([[3.0], [9.0], [-9.0], [math.nan]], scale=[0.5], offset=[-1.0], clip=[0.0, 1.0])
    assert clipped[:3] == [[0.5], [1.0], [0.0]]
    assert math.isnan(clipped[3][0])


def test_labels_keep_their_type_and_the_first_wins_a_tie() -> None:
    labels = argmax_label([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]], classes=[10, 20, 30])
    assert labels == [10, 20]
    assert all(type(label) is int for label in labels)
    assert threshold_label([[0.0], [1e-300]], classes=[False, True]) == [False, True]


def test_columns() -> None:
    assert column([[1, 2], [3, 4]], index=1) == [2, 4]
    assert select_columns([[1, 2, 3]], indices=[2, 0]) == [[3, 1]]
    assert concat([[1], [2]], [[3], [4]]) == [[1, 3], [2, 4]]


def test_narrowing_is_that_of_numpy() -> None:
    values = np.concatenate([TABLE.ravel(), [0.1, 1e-45, 1e-46, 3.4028234e38, -0.0]])
    assert narrow_to_float32([values.tolist()])[0] == values.astype(np.float32).astype(float).tolist()


def test_values_beyond_float32_are_refused_as_in_sklearn() -> None:
    for value in (3.5e38, -1e300, math.inf):
        with pytest.raises(OverflowError, match="does not fit float32"):
            narrow_to_float32([[0.0, value]])


# Two trees in preorder: x0 <= 0.5 ? (x1 <= 1.5 ? leaf 0 : leaf 1) : leaf 2, and a tree that is one leaf.
FOREST = {
    "roots": [0, 5],
    "feature": [0, 1, -1, -1, -1, -1],
    "threshold": [0.5, 1.5, 0.0, 0.0, 0.0, 0.0],
    "jump": [4, 2, 0, 1, 2, 3],
    "values": [[1.0, 0.0], [0.0, 1.0], [0.25, 0.75], [0.5, 0.5]],
    "narrow": True,
}


def test_trees_walk_to_the_right_leaf() -> None:
    rows = [[0.5, 1.5], [0.5, 1.6], [0.6, 0.0], [0.50000001, 1.5]]
    sums = tree_ensemble(rows, combine="sum", **FOREST)
    # The last row rounds to 0.5 in float32, so it goes left, as it does in scikit-learn.
    assert sums == [[1.5, 0.5], [0.5, 1.5], [0.75, 1.25], [1.5, 0.5]]
    assert tree_ensemble(rows[:1], combine="mean", **FOREST) == [[0.75, 0.25]]
    assert tree_ensemble(rows[:1], combine="single", **{**FOREST, "roots": [0]}) == [[1.0, 0.0]]


def test_a_missing_value_goes_where_the_node_says() -> None:
    rows = [[math.nan, 0.0], [0.0, math.nan]]
    left = tree_ensemble(rows, combine="single", missing_left=[1, 0, 0, 0, 0, 0], **{**FOREST, "roots": [0]})
    assert left == [[1.0, 0.0], [0.0, 1.0]]
    assert tree_ensemble(rows[:1], combine="single", missing_left=[0] * 6, **{**FOREST, "roots": [0]}) == [[0.25, 0.75]]


def test_a_row_infinitely_far_from_its_neighbors_is_an_outlier_as_in_sklearn() -> None:
    from sklearn.neighbors import LocalOutlierFactor

    from iris_model.engine.operators.votes import local_outlier_factor

    points = np.array([[0.0], [1.0], [2.0], [4.0]])
    original = LocalOutlierFactor(n_neighbors=2, novelty=True, algorithm="kd_tree").fit(points)
    with np.errstate(all="ignore"):
        wanted = original.score_samples([[1e200]]).tolist()
    assert wanted == [-math.inf]
    found = [[(math.inf, 3), (math.inf, 2)]]
    assert local_outlier_factor(found, reaches=[1.0] * 4, densities=[0.5] * 4) == [wanted]
