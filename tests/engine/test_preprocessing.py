"""Functions of single cells against numpy and scipy; splines and quantiles against scipy and numpy."""

import numpy as np
import pytest
from scipy.interpolate import BSpline
from scipy.special import ndtri
from sklearn.preprocessing import PolynomialFeatures

from iris_model.engine import InvalidInput
from iris_model.engine.functions import FUNCTIONS
from iris_model.engine.operators.encoders import look_up
from iris_model.engine.operators.interpolation import _evaluate
from iris_model.engine.operators.preprocessing import bin_columns, map_cells, polynomial
from iris_model.engine.operators.quantiles import _falling, _rising, normal_quantile
from iris_model.engine.operators.sparse import (
    concat_sparse,
    multiply_columns,
    select_columns_sparse,
    to_dense,
)
from iris_model.readers import read_estimator
from iris_model.readers.sklearn import preprocessing

RANDOM = np.random.RandomState(3)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_those_of_numpy(name):
    special = [0.0, -0.0, -0.25, 0.5, 1.0, -1.0, 1.5, -2.5, 1e3, -1e3, 1e300, 5e-324, np.nan, np.inf, -np.inf]
    values = np.concatenate([RANDOM.uniform(-3, 3, 50), special])
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(values)
    [actual] = map_cells([values.tolist()], parameters={"name": name})
    np.testing.assert_allclose(actual, expected, rtol=1e-14)
    # A reciprocal behind it goes to the infinity of that sign.
    assert np.signbit(actual)[expected == 0].tolist() == np.signbit(expected)[expected == 0].tolist()


def test_readers_know_the_same_functions():
    assert set(preprocessing.FUNCTIONS) == set(FUNCTIONS)


@pytest.mark.parametrize(("name", "value"), [("log", 0.0), ("log1p", -1.0), ("reciprocal", 0.0), ("exp", 1e3)])
def test_infinity_is_refused_if_the_next_step_refuses_it(name, value):
    [[cell]] = map_cells([[value]], parameters={"name": name})
    assert np.isinf(cell)
    for refused in ("finite", "strict"):
        with pytest.raises(InvalidInput, match="not a finite number"):
            map_cells([[value]], parameters={"name": name, refused: True})


def test_outside_the_domain_is_nan_only_where_something_takes_it():
    [[cell]] = map_cells([[-1.0]], parameters={"name": "sqrt"})
    assert cell != cell
    [[cell]] = map_cells([[-1.0]], parameters={"name": "sqrt", "finite": True})
    assert cell != cell
    with pytest.raises(InvalidInput):
        map_cells([[-1.0]], parameters={"name": "sqrt", "strict": True})


def test_normal_quantiles():
    shares = np.concatenate(
        [RANDOM.uniform(size=500), 10.0 ** -RANDOM.uniform(1, 300, 200), 1 - 10.0 ** -np.arange(1, 16)]
    )
    np.testing.assert_allclose([normal_quantile(share) for share in shares], ndtri(shares), rtol=1e-14)


def test_interpolation_from_both_sides():
    xs = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 2.5, 4.0, 4.0])
    ys = np.linspace(0, 1, len(xs))
    values = [*RANDOM.uniform(-1, 5, 50), *xs]
    rising = [_rising(value, xs.tolist(), ys.tolist()) for value in values]
    falling = [_falling(value, xs.tolist(), ys.tolist()) for value in values]
    assert rising == np.interp(values, xs, ys).tolist()
    assert falling == (-np.interp(-np.array(values), -xs[::-1], -ys[::-1])).tolist()


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
def test_splines_are_those_of_scipy(degree):
    knots = np.sort(RANDOM.uniform(size=12))
    count = len(knots) - degree - 1
    spline = BSpline(knots, np.eye(count), degree)
    for value in [*RANDOM.uniform(-0.5, 1.5, 40), *knots]:
        np.testing.assert_array_equal(_evaluate(value, knots.tolist(), degree, count), spline(value))


def test_bins():
    edges = [[0.0, 1.0], [], [5.0]]
    assert bin_columns([[0.0, 7.0, 4.9], [2.0, -7.0, 5.0]], edges=edges) == [[1.0, 0.0, 0.0], [2.0, 0.0, 1.0]]


@pytest.mark.parametrize("arguments", [(3,), (0,), ((2, 3), True, False), (4, True), (2, False, False)])
def test_products(arguments):
    degree, *rest = arguments
    names = ("interaction_only", "include_bias")
    transformer = PolynomialFeatures(degree, **dict(zip(names, rest, strict=False)))
    X = RANDOM.normal(size=(5, 4))
    graph = read_estimator(transformer.fit(X))
    [node] = graph.nodes
    actual = polynomial(X.tolist(), **node.tensors)
    np.testing.assert_allclose(actual, transformer.transform(X), rtol=1e-15)


def test_sparse_tables():
    rows = [{0: 1.0, 2: 3.0}, {}]
    assert to_dense(rows, width=3) == [[1.0, 0.0, 3.0], [0.0, 0.0, 0.0]]
    joined = concat_sparse(rows, [[0.0, 5.0], [6.0, 0.0]], offsets=[0, 3])
    assert joined == [{0: 1.0, 2: 3.0, 4: 5.0}, {3: 6.0}]
    assert select_columns_sparse(rows, positions=[-1, -1, 0]) == [{0: 3.0}, {}]
    assert multiply_columns(rows, factors=[2.0, 1.0, 0.5]) == [{0: 2.0, 2: 1.5}, {}]
    assert multiply_columns([[1.0, 2.0]], factors=[2.0, 0.5]) == [[2.0, 1.0]]


def test_categories_are_distinguished_by_type():
    column = {"name": "c", "texts": {"1": 5.0}, "numbers": {"1.0": 6.0, "0.0": 7.0}, "missing": None, "unknown": -1.0}
    table = look_up([["1"], [1.0], [-0.0], [2.0], ["x"]], columns=[column])
    assert table == [[5.0], [6.0], [7.0], [-1.0], [-1.0]]
    [[missing], [nan]] = look_up([[None], [float("nan")]], columns=[column])
    assert missing != missing and nan != nan
