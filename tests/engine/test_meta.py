"""Operators of estimators that hold others, against numpy, scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import inv_boxcox
from sklearn.preprocessing import PowerTransformer
from sklearn.utils.extmath import softmax
from sklearn.utils.multiclass import _ovr_decision_function

from iris_model.engine.functions import FUNCTIONS
from iris_model.engine.operators.calibration import (
    calibrated_probabilities,
    normalize_unless_zero,
    scaled_temperature,
)
from iris_model.engine.operators.calibration import sigmoid_calibration as calibrate
from iris_model.engine.operators.inverses import numpy_function, power_back, scale_back
from iris_model.engine.operators.shapes import as_table, label_at, nested_columns, repeat
from iris_model.engine.operators.voting import majority_label, pair_scores, weighted_mean
from iris_model.readers.sklearn import target

RANDOM = np.random.default_rng(7)
TABLE = RANDOM.normal(size=(30, 3))


@pytest.mark.parametrize("weights", [[1, 1, 1], [0.1, 0.2, 0.3], [1, 0.5, 0.5]])
def test_majority_is_that_of_bincount(weights):
    positions = RANDOM.integers(3, size=(200, 3))
    right = [int(np.argmax(np.bincount(row, weights=weights))) for row in positions]
    assert majority_label(*positions.T.tolist(), weights=weights, classes=[0, 1, 2]) == right


def test_weighted_mean_is_numpys_to_the_bit():
    tables, weights = RANDOM.normal(size=(4, 30, 3)), [0.3, 0.1, 2.0, 1.0]
    right, total = np.average(tables, axis=0, weights=weights, returned=True)
    assert weighted_mean(*tables.tolist(), weights=weights, total=total[0, 0].item()) == right.tolist()


def test_pair_scores_are_those_of_the_library():
    predictions, confidences = RANDOM.integers(2, size=(50, 6)), np.round(RANDOM.normal(size=(50, 6)))
    ours = pair_scores(predictions.tolist(), confidences.tolist(), count=4)
    assert ours == _ovr_decision_function(predictions, confidences, 4).tolist()


def test_calibration():
    ours = calibrate(TABLE.tolist(), slopes=[1.0, -2.0, 900.0], intercepts=[0.0, 1.0, 5.0])
    with np.errstate(over="ignore"):
        right = 1 / (1 + np.exp(TABLE * [1.0, -2.0, 900.0] + [0.0, 1.0, 5.0]))
    np.testing.assert_allclose(ours, right, rtol=1e-12, atol=1e-300)
    assert calibrated_probabilities([[0.25]], positions=[0], count=2) == [[0.75, 0.25]]
    assert calibrated_probabilities([[0.5, 1.5]], positions=[2, 0], count=3) == [[0.75, 0.0, 0.25]]
    assert calibrated_probabilities([[0.0, 0.0, 0.0, 0.0]], positions=[0, 1, 2, 3], count=4) == [[0.25] * 4]
    assert calibrated_probabilities([[1.000001]], positions=[0], count=2)[0][1] == 1.0


def test_temperature():
    np.testing.assert_allclose(
        scaled_temperature(TABLE.tolist(), beta=1.7, of_probabilities=False), softmax(1.7 * TABLE), rtol=1e-13
    )
    probabilities = softmax(TABLE)
    np.testing.assert_allclose(
        scaled_temperature(probabilities.tolist(), beta=0.4, of_probabilities=True),
        softmax(0.4 * np.log(probabilities + 1e-12)),
        rtol=1e-13,
    )


def test_a_row_of_zeros_stays_or_is_no_number():
    assert normalize_unless_zero([[0.0, 0.0], [1.0, 3.0]], keeps_zeros=True) == [[0.0, 0.0], [0.25, 0.75]]
    np.testing.assert_equal(normalize_unless_zero([[0.0, 0.0]], keeps_zeros=False), [[np.nan, np.nan]])


def test_shapes():
    assert as_table([True, False]) == [[1.0], [0.0]]
    assert as_table([[1, 2]]) == [[1.0, 2.0]]
    assert label_at([1, 0], classes=["a", "b"]) == ["b", "a"]
    assert nested_columns([[[1, 2], [3, 4, 5]]], start=1, stop=None) == [[2, 4, 5]]
    assert nested_columns([[[1, 2], [3, 4, 5]]], start=0, stop=1) == [[1, 3]]
    first, second = repeat([[0.0], [0.0]], value=[[0.5], [1.0]])
    first[0][0] = 9.0
    assert second == [[0.5], [1.0]]


@pytest.mark.parametrize("name", target.FUNCTIONS)
def test_functions_are_numpys(name):
    values = np.concatenate([np.abs(TABLE).ravel() + 0.1, [0.0, -1.0, -2.0, 1e3, 1e200]]).reshape(1, -1)
    with np.errstate(all="ignore"):
        right = getattr(np, name)(values)
    np.testing.assert_allclose(numpy_function(values.tolist(), name=name), right, rtol=1e-13)


def test_the_engine_has_the_functions_that_the_reader_names():
    assert set(target.FUNCTIONS) <= set(FUNCTIONS)


def test_inverse_transforms():
    assert scale_back([[2.0, 3.0]], factor=[10.0, 1.0], offset=[1.0, -1.0]) == [[21.0, 2.0]]
    lambdas = np.array([0.0, 2.0, 0.7])
    transformer = PowerTransformer()
    right = np.column_stack([transformer._yeo_johnson_inverse_transform(TABLE[:, i], lambdas[i]) for i in range(3)])
    ours = np.array(power_back(TABLE.tolist(), lambdas=lambdas.tolist(), method="yeo-johnson"))
    np.testing.assert_allclose(ours, right, rtol=1e-12)
    values = np.abs(TABLE)
    ours = np.array(power_back(values.tolist(), lambdas=lambdas.tolist(), method="box-cox"))
    np.testing.assert_allclose(ours, inv_boxcox(values, lambdas), rtol=1e-12)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 0.5, 0.7, 2.0, -0.5, -1.0, -1 / 3, 2.5])
def test_inverse_transforms_outside_the_domain_follow_numpy(exponent):
    values = np.array([-1e300, -800.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 800.0, 1e300])
    with np.errstate(all="ignore"):
        right = PowerTransformer()._yeo_johnson_inverse_transform(values.copy(), exponent)
        box_cox = inv_boxcox(values, exponent)
    for method, expected in (("yeo-johnson", right), ("box-cox", box_cox)):
        ours = np.ravel(power_back([[value] for value in values.tolist()], lambdas=[exponent], method=method))
        np.testing.assert_allclose(ours, expected, rtol=1e-12)
