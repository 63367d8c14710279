"""Kernels, densities, neighbors, networks and naive Bayes against numpy, scipy and scikit-learn's own functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.gaussian_process import kernels as gp
from sklearn.metrics import DistanceMetric, pairwise
from sklearn.neighbors import BallTree, KDTree
from sklearn.svm import SVC

from iris_model.engine.errors import InvalidInput
from iris_model.engine.metrics import find_metric
from iris_model.engine.operators.activations import normalize_log, relu, tanh
from iris_model.engine.operators.centers import (
    absolute_distances,
    argmin_label,
    bisecting_label,
    expanded_distances,
)
from iris_model.engine.operators.densities import numpy_sum, projected_squares, quadratic_form, scaled_squares
from iris_model.engine.operators.gaussian_process import (
    matern_kernel,
    periodic_kernel,
    power,
    product_of,
    sum_of,
)
from iris_model.engine.operators.gaussian_process import rational_quadratic_kernel as rational_quadratic
from iris_model.engine.operators.interpolation import interpolate
from iris_model.engine.operators.kernels import (
    chi_squared_kernel,
    cosine_kernel,
    laplacian_kernel,
    polynomial_kernel,
    rbf_kernel,
    sigmoid_kernel,
)
from iris_model.engine.operators.naive_bayes import category_log_likelihoods
from iris_model.engine.operators.neighbors import heap_push, nearest_by_products, nearest_in_tree
from iris_model.engine.operators.svm import coupled_probabilities, one_vs_one_label, one_vs_one_scores
from iris_model.engine.operators.votes import neighbor_label, neighbor_votes, radius_votes
from iris_model.readers.sklearn.neighbors import lay_out_tree

RANDOM = np.random.default_rng(11)
X, Y = RANDOM.normal(size=(9, 4)), RANDOM.normal(size=(7, 4))
ROWS, VECTORS = X.tolist(), Y.tolist()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (rbf_kernel(ROWS, vectors=VECTORS, gamma=0.3), pairwise.rbf_kernel(X, Y, 0.3)),
        (laplacian_kernel(ROWS, vectors=VECTORS, gamma=0.3), pairwise.laplacian_kernel(X, Y, 0.3)),
        (sigmoid_kernel(ROWS, vectors=VECTORS, gamma=0.3, coef0=1.0), pairwise.sigmoid_kernel(X, Y, 0.3, 1.0)),
        (
            polynomial_kernel(ROWS, vectors=VECTORS, gamma=0.3, coef0=1.0, degree=3),
            pairwise.polynomial_kernel(X, Y, 3, 0.3, 1.0),
        ),
        (
            cosine_kernel(ROWS, vectors=(Y / np.linalg.norm(Y, axis=1)[:, None]).tolist()),
            pairwise.cosine_similarity(X, Y),
        ),
        (
            chi_squared_kernel(abs(X).tolist(), vectors=abs(Y).tolist(), gamma=0.5),
            pairwise.chi2_kernel(abs(X), abs(Y), 0.5),
        ),
        (
            chi_squared_kernel(abs(X).tolist(), vectors=abs(Y).tolist(), gamma=None),
            pairwise.additive_chi2_kernel(abs(X), abs(Y)),
        ),
        (matern_kernel(ROWS, vectors=VECTORS, nu=0.5), gp.Matern(nu=0.5)(X, Y)),
        (matern_kernel(ROWS, vectors=VECTORS, nu=1.5), gp.Matern(nu=1.5)(X, Y)),
        (matern_kernel(ROWS, vectors=VECTORS, nu=2.5), gp.Matern(nu=2.5)(X, Y)),
        (rational_quadratic(ROWS, vectors=VECTORS, length_scale=0.7, alpha=1.3), gp.RationalQuadratic(0.7, 1.3)(X, Y)),
        (periodic_kernel(ROWS, vectors=VECTORS, length_scale=0.7, periodicity=3.0), gp.ExpSineSquared(0.7, 3.0)(X, Y)),
        (expanded_distances(ROWS, vectors=VECTORS, norms=(Y * Y).sum(1), with_row_norm=True), cdist(X, Y) ** 2),
        (absolute_distances(ROWS, vectors=VECTORS), cdist(X, Y, "cityblock")),
        (scaled_squares(ROWS, centers=VECTORS, divisors=(abs(Y) + 1).tolist()), ((X[:, None] - Y) ** 2 / (abs(Y) + 1)).sum(2)),
        (normalize_log(ROWS), np.exp(X - logsumexp(X, axis=1, keepdims=True))),
        (tanh(ROWS), np.tanh(X)),
        (relu(ROWS), np.maximum(X, 0)),
        (sum_of(ROWS, ROWS, constant=0.5), 2 * X + 0.5),
        (product_of(ROWS, ROWS, constant=2.0), 2 * X * X),
        (power(ROWS, exponent=3), X**3),
    ],
)  # fmt: skip
def test_tables_are_those_of_the_library(ours, theirs) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def test_projections_and_forms_are_mahalanobis_distances() -> None:
    factor = RANDOM.normal(size=(4, 4))
    squares = projected_squares(ROWS, centers=VECTORS, maps=factor.T.tolist(), shared=True)
    np.testing.assert_allclose(squares, (((X[:, None] - Y) @ factor) ** 2).sum(2), rtol=1e-12)
    form = quadratic_form(ROWS, center=VECTORS[0], matrix=(factor @ factor.T).tolist())
    np.testing.assert_allclose(np.ravel(form), np.array(squares)[:, 0], rtol=1e-10)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 127, 128, 129, 300, 1000])
def test_numpy_sum_is_bit_by_bit_that_of_numpy(count: int) -> None:
    table = RANDOM.normal(scale=10.0 ** RANDOM.integers(-8, 8, size=(3, count)))
    assert [numpy_sum(row) for row in table.tolist()] == table.sum(axis=1).tolist()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("euclidean", {}), ("manhattan", {}), ("chebyshev", {}), ("hamming", {}), ("canberra", {}), ("braycurtis", {}),
        ("jaccard", {}), ("dice", {}), ("rogerstanimoto", {}), ("russellrao", {}), ("sokalsneath", {}), ("matching", {}),
        ("minkowski", {"p": 3.5}), ("minkowski", {"p": 3.5, "w": [1.0, 2.0, 0.5, 1.0]}),
        ("seuclidean", {"V": [1.0, 2.0, 0.5, 1.0]}), ("mahalanobis", {"VI": np.eye(4) + 0.1}),
    ],
)  # fmt: skip
def test_distances_are_bit_by_bit_those_of_the_library(name, parameters) -> None:
    metric = DistanceMetric.get_metric(name, **parameters)
    whole = np.round(X), np.round(Y)
    reduced, expand, _ = find_metric(
        name, parameters.get("p", 2.0), parameters.get("w", parameters.get("V")), parameters.get("VI")
    )
    for left, right in ((X, Y), whole):
        ours = [[expand(reduced(row, vector)) for vector in right.tolist()] for row in left.tolist()]
        np.testing.assert_array_max_ulp(np.array(ours), metric.pairwise(left, right), maxulp=1)


def test_the_heap_keeps_the_smallest() -> None:
    distances, positions = [math.inf] * 3, [0] * 3
    for position, distance in enumerate([5.0, 1.0, 5.0, 4.0, 1.0, 9.0]):
        if distance < distances[0]:
            heap_push(distances, positions, distance, position)
    assert sorted(zip(distances, positions, strict=True)) == [(1.0, 1), (1.0, 4), (4.0, 3)]


@pytest.mark.parametrize(("tree", "kind"), [(KDTree, "kd_tree"), (BallTree, "ball_tree")])
@pytest.mark.parametrize("leaf_size", [1, 5, 40])
def test_trees_give_the_very_rows_of_the_library_in_crowds_of_ties(tree, kind, leaf_size) -> None:
    points = RANDOM.integers(0, 3, size=(90, 3)).astype(float)
    queries = RANDOM.integers(-1, 4, size=(60, 3)).astype(float)
    built = tree(points, leaf_size=leaf_size)
    distances, positions = built.query(queries, 7)
    tensors = {name: tensor.tolist() for name, tensor in lay_out_tree(built, kind).items()}
    found = nearest_in_tree(queries.tolist(), neighbors=7, metric="euclidean", power=2.0, **tensors)
    assert [[place for _, place in row] for row in found] == positions.tolist()
    np.testing.assert_array_equal([[distance for distance, _ in row] for row in found], distances)


def test_a_row_whose_answer_depends_on_the_last_bit_is_refused() -> None:
    vectors, tie = [[0.1, 0.0], [0.0, 0.1]], [[0.3, 0.3]]
    search = {"vectors": vectors, "norms": [0.1 * 0.1] * 2, "neighbors": 1}
    with pytest.raises(InvalidInput, match="equally far"):
        nearest_by_products(tie, groups=[0, 1], whole=False, **search)
    assert nearest_by_products(tie, groups=[0, 0], whole=False, **search)[0][0][1] in (0, 1)


def test_far_away_a_row_is_refused_where_the_last_bit_of_its_own_length_decides() -> None:
    # Distances are multiples of 128 here, and half of that is rounded to even: to the last bit of |x|^2, which is 1e18 and what
    # vanishes next to it.
    far = [[1e9, 7.5, 3.25]]
    search = {"vectors": [[0.0, 0.0, 0.0]] * 3, "neighbors": 1, "groups": [0, 1, 2], "whole": False}
    with pytest.raises(InvalidInput, match="equally far"):
        nearest_by_products(far, norms=[128.0, 64.0, 70000.0], **search)
    assert nearest_by_products(far, norms=[70.0, 128.0, 70000.0], **search)[0][0][1] == 0


def test_votes_and_weights() -> None:
    found = [[(0.0, 0), (1.0, 1), (1.0, 2)], [(1.0, 0), (2.0, 1), (2.0, 2)]]
    assert neighbor_votes(found, targets=[0, 1, 1], count=2, weighted=False)[0] == [1 / 3, 2 / 3]
    # A neighbor at no distance counts alone; then two halves tie with a whole, and the first class wins.
    assert neighbor_votes(found, targets=[0, 1, 1], count=2, weighted=True) == [[1.0, 0.0], [0.5, 0.5]]
    assert neighbor_label(found, targets=[0, 1, 1], classes=["a", "b"]) == ["a", "a"]
    with pytest.raises(InvalidInput, match="no training row lies within"):
        radius_votes([[]], targets=[0], count=2, weighted=False, outlier=None, refuse=True)


def test_one_versus_one() -> None:
    # 0 beats 1, 2 beats 0, 1 beats 2: a vote each, and the first class wins; zero votes for the second of a pair.
    assert one_vs_one_label([[1.0, -1.0, 1.0], [0.0, 0.0, 0.0]], classes=["a", "b", "c"]) == ["a", "c"]
    decisions = RANDOM.normal(size=(20, 3))
    model = SVC(probability=True, random_state=0).fit(RANDOM.normal(size=(40, 2)), np.arange(40) % 3)
    rows = RANDOM.normal(size=(20, 2))
    model.decision_function_shape = "ovo"
    decisions = model.decision_function(rows)
    model.decision_function_shape = "ovr"
    scores = one_vs_one_scores(decisions.tolist(), count=3)
    np.testing.assert_allclose(scores, model.decision_function(rows), rtol=1e-14)
    coupled = coupled_probabilities(decisions.tolist(), count=3, slopes=model._probA, shifts=model._probB)
    np.testing.assert_allclose(coupled, model.predict_proba(rows), rtol=1e-12)


def test_centers_and_categories() -> None:
    assert argmin_label([[2.0, 1.0, 1.0]], classes=[5, 6, 7]) == [6]
    tree = {"centers": [[0.0], [-1.0], [1.0]], "norms": [0.0, 1.0, 1.0], "right": [2, 0, 0], "labels": [-1, 0, 1]}
    assert bisecting_label([[-0.5], [0.0], [0.5]], **tree) == [0, 0, 1]
    counts = {"values": [[-1.0, -2.0], [-3.0, -4.0], [-5.0, -6.0]], "starts": [0, 2, 3], "priors": [-0.5, -0.25]}
    assert category_log_likelihoods([[1.9, -0.5]], **counts) == [[-8.5, -10.25]]
    for value in (2.0, -1.0):
        with pytest.raises(InvalidInput, match="not a category seen in training"):
            category_log_likelihoods([[value, 0.0]], **counts)


def test_lines_between_points_are_those_of_numpy() -> None:
    xs, ys = np.sort(RANDOM.normal(size=9)), RANDOM.normal(size=9)
    inside = np.concatenate([RANDOM.uniform(xs[0], xs[-1], size=50), xs])
    ours = interpolate(inside[:, None].tolist(), xs=xs.tolist(), ys=ys.tolist(), outside="raise")
    assert np.ravel(ours).tolist() == np.interp(inside, xs, ys).tolist()
    assert interpolate([[99.0]], xs=xs.tolist(), ys=ys.tolist(), outside="clip") == [[ys[-1]]]
    assert math.isnan(interpolate([[99.0]], xs=xs.tolist(), ys=ys.tolist(), outside="nan")[0][0])
    with pytest.raises(InvalidInput, match="outside what the model was trained on"):
        interpolate([[99.0]], xs=xs.tolist(), ys=ys.tolist(), outside="raise")
