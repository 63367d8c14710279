"""Boosted trees, sets of categories, float32 arithmetic and ensembles against numpy, scipy and the libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xgboost as xgb
from scipy.special import expit, logit, softmax

from iris_model.engine.operators import activations, ensembles, float32
from iris_model.engine.operators.boosting import boosted_trees
from iris_model.engine.operators.linear_leaves import linear_leaf_trees
from iris_model.engine.operators.missing_marks import mark_missing, zeros_to_missing
from iris_model.engine.operators.trees import narrow_to_float32

NAN = math.nan
# One split of column 0 at 1.5, twice; leaves 1, 2 and 10, 20.
STUMPS = {
    "roots": [0, 3],
    "feature": [0, -1, -1, 0, -1, -1],
    "threshold": [1.5, 0.0, 0.0, 1.5, 0.0, 0.0],
    "jump": [2, 0, 1, 2, 2, 3],
    "leaves": [1.0, 2.0, 10.0, 20.0],
    "missing_left": [0, 0, 0, 1, 0, 0],
}
# Categories 0 and 33 go left in the first tree; 2, and what lies outside, in the second.
SETS = {
    "category_set": [0, -1, -1, 1, -1, -1],
    "set_start": [0, 2, 3],
    "set_words": [1, 2, 4],
    "outside_left": [0, 1],
}


def test_each_tree_adds_to_its_own_output_from_the_base_on():
    rows = [[1.5], [1.6], [NAN]]
    answers = boosted_trees(rows, output=[0, 1], base=[100.0, 0.5], narrow=False, **STUMPS)
    assert answers == [[101.0, 10.5], [102.0, 20.5], [102.0, 10.5]]


def test_starts_replace_the_base_and_are_not_changed():
    starts = [[1.0], [2.0]]
    assert boosted_trees([[0.0], [9.0]], starts, output=[0, 0], base=[7.0], narrow=True, **STUMPS) == [[12.0], [24.0]]
    assert starts == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("value", "sum_of_leaves"),
    [
        *((0.0, 21.0), (-0.0, 21.0), (33.0, 11.0), (33.9, 11.0), (2.0, 12.0), (1.0, 22.0), (32.0, 12.0), (-0.5, 21.0)),
        *((-1.0, 12.0), (64.0, 12.0), (1e300, 12.0), (math.inf, 12.0), (-math.inf, 12.0), (NAN, 12.0)),
    ],
)
def test_categories(value, sum_of_leaves):
    answers = boosted_trees([[value]], output=[0, 0], base=[0.0], narrow=False, **STUMPS, **SETS)
    assert answers == [[sum_of_leaves]]


def test_below_zero_nothing_is_a_category_where_the_library_asks_first():
    trees = {**STUMPS, **SETS, "lowest_category": -5e-324}
    assert boosted_trees([[-0.5], [-0.0]], output=[0, 0], base=[0.0], narrow=False, **trees) == [[12.0], [21.0]]


def test_float32_sums_are_rounded_after_every_addition():
    values = np.random.RandomState(0).normal(size=400).astype(np.float32)
    trees = {
        "roots": list(range(400)),
        "feature": [-1] * 400,
        "threshold": [0.0] * 400,
        "jump": list(range(400)),
        "leaves": values.astype(float).tolist(),
    }
    total = np.float32(0.1)
    for value in values:
        total = np.float32(total + value)
    base = [float(np.float32(0.1))]
    assert boosted_trees([[]], output=[0] * 400, base=base, narrow=False, float32_sum=True, **trees) == [[float(total)]]


def test_linear_leaves_fall_back_to_their_number_where_a_column_is_missing():
    leaves = {
        "constants": [0.5, 2.0, 10.0, 20.0],
        "starts": [0, 2, 2, 2, 2],
        "columns": [0, 1],
        "coefficients": [2.0, 3.0],
    }
    rows = [[1.0, 5.0], [1.0, NAN], [2.0, NAN]]
    assert linear_leaf_trees(rows, output=[0, 0], base=[0.0], **STUMPS, **leaves) == [[27.5], [11.0], [22.0]]


def test_values_beyond_float32():
    with pytest.raises(OverflowError):
        narrow_to_float32([[1e300]])
    assert narrow_to_float32([[1e300, -1e300, 0.1]], infinite=True) == [[math.inf, -math.inf, float(np.float32(0.1))]]


def test_float32_links_are_those_of_xgboost():
    margins = np.concatenate([np.linspace(-120, 120, 200), [0.0, 1e-9, -1e-9]]).astype(np.float32)
    X = np.zeros((len(margins), 1))
    for objective, link in (("binary:logistic", float32.expit_float32), ("count:poisson", float32.exponential_float32)):
        booster = xgb.train({"objective": objective, "base_score": 0.5}, xgb.DMatrix(X, np.ones(len(X))), 0)
        right = booster.predict(xgb.DMatrix(X, base_margin=margins))
        answers = [row[0] for row in link(margins[:, None].astype(float).tolist())]
        np.testing.assert_allclose(answers, right.astype(float), rtol=2e-7)
        assert [answer > 0.5 for answer in answers] == (right > 0.5).tolist()


def test_float32_softmax():
    rows = np.random.RandomState(0).normal(scale=9, size=(50, 4)).astype(np.float32)
    answers = np.array(float32.softmax_float32(rows.astype(float).tolist()))
    np.testing.assert_allclose(answers, softmax(rows, axis=1), rtol=1e-6)
    assert float32.softmax_float32([[2.0, 2.0]]) == [[0.5, 0.5]]


def test_linear_float32_leaves_missing_cells_out():
    answers = float32.linear_float32([[2.0, NAN], [1.0, 3.0]], weights=[[0.5, 0.25]], bias=[1.0])
    assert answers == [[2.0], [2.25]]


def test_numbers_that_stand_for_a_missing_value_become_nan():
    assert str(mark_missing([[0.0, -0.0, 1.0]], value=0.0)) == "[[nan, nan, 1.0]]"
    assert (
        str(zeros_to_missing([[1e-36, 0.0, 1e-34], [1.0, 0.0, 1.0]], columns=[0]))
        == "[[nan, 0.0, 1e-34], [1.0, 0.0, 1.0]]"
    )


def test_links():
    values = np.array([[-800.0, -745.0, -30.0, 0.0, 1e-17, 30.0]])
    np.testing.assert_allclose(
        activations.logistic(values.tolist(), slope=0.7), expit(0.7 * values), rtol=1e-14, atol=1e-300
    )
    np.testing.assert_allclose(activations.softplus([[-3.0, 0.0, 5.0]]), np.log1p(np.exp([[-3.0, 0.0, 5.0]])))
    assert activations.signed_squares([[-3.0, 2.0]]) == [[-9.0, 4.0]]
    probabilities = np.array([[0.0, 1.0], [0.3, 0.7]])
    eps = np.finfo(float).eps
    kept = np.clip(probabilities, eps, 1 - eps)
    np.testing.assert_allclose(
        activations.clipped_logit(probabilities.tolist(), index=1, scale=0.5, epsilon=eps), 0.5 * logit(kept[:, 1:])
    )
    np.testing.assert_allclose(
        activations.clipped_centered_log(probabilities.tolist(), epsilon=eps),
        np.log(kept) - np.log(kept).mean(axis=1, keepdims=True),
    )


def test_weighted_median_takes_the_first_that_reaches_half():
    rows = [[3.0, 1.0, 2.0], [5.0, 5.0, 1.0]]
    assert ensembles.weighted_median(rows, weights=[1.0, 1.0, 1.0]) == [2.0, 5.0]
    assert ensembles.weighted_median(rows, weights=[1.0, 5.0, 1.0]) == [1.0, 5.0]


def test_votes_and_means():
    votes = ensembles.mean_votes([[0.25, 0.75]], [0], classes=[[1, 2], []], width=3)
    assert votes == [[0.5, 0.125, 0.375]]
    assert ensembles.mean_of([1.0, 2.0], [3.0, 6.0], count=2) == [2.0, 4.0]
    assert ensembles.mean_of([[1.0, 2.0]], [[3.0, 6.0]], count=2) == [[2.0, 4.0]]
    assert ensembles.label_votes(["a", "b"], ["a", "a"], classes=["a", "b"], right=[2.0, 1.0], wrong=[-2.0, -1.0]) == [
        [3.0, -3.0],
        [-1.0, 1.0],
    ]
