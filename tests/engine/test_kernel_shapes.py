"""Kernels against the Python operators, and scikit-learn, on shapes around the width of each kernel's vectors.

Kernels work on groups of rows and vectors and fill the last group up. What fills it up must never become part of an answer.
"""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

import pytest

from iris_model.engine import native
from iris_model.engine.operators.boosting import boosted_trees
from iris_model.engine.operators.centers import absolute_distances, expanded_distances
from iris_model.engine.operators.kernels import laplacian_kernel, polynomial_kernel, rbf_kernel
from iris_model.engine.operators.linear import linear
from iris_model.engine.operators.neighbors import (
    nearest_by_products,
    nearest_in_table,
    nearest_in_tree,
    within_radius,
)
from iris_model.engine.operators.scaling import scale
from iris_model.engine.operators.trees import tree_ensemble
from tests.support.spread import spread

from .test_kernels import forest, in_python, kernels, outcome, view

# The widths of vectors are 4, 8 and 16: one less, the same and one more of each, and of their multiples.
COUNTS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 47, 63, 64, 65, 100, 101)
ROWS = (*range(1, 21), 33)
OPERATORS = {operator.__name__: operator for operator in (nearest_in_tree, nearest_in_table, nearest_by_products)}


@pytest.fixture(autouse=True)
def _kernels_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_found", [kernels])


def draw(numbers: random.Random, rows: int, width: int, shape: str) -> list[list[float]]:
    """Rows of one of four shapes: spread, around a center far from zero, all on one side, whole numbers that tie."""
    make = {
        "normal": lambda: numbers.gauss(0, 1),
        "far": lambda: numbers.gauss(1000, 1),
        "unit": numbers.random,
        "whole": lambda: float(numbers.randrange(4)),
    }[shape]
    return [[make() for _ in range(width)] for _ in range(rows)]


def batches(rows: list[list[float]]) -> list[list[list[float]]]:
    """The same rows in calls of 1 to 20, and what is left."""
    sizes, start = iter(ROWS), 0
    made = []
    while start < len(rows):
        size = next(sizes)
        made.append(rows[start : start + size])
        start += size
    return made


@pytest.mark.parametrize("shape", spread(["normal", "far", "unit", "whole"], 4))
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "minkowski"])
def test_the_kernel_finds_the_same_neighbors_as_python(metric: str, shape: str) -> None:
    numbers = random.Random(f"{metric} {shape}")
    for count in COUNTS:
        width = numbers.choice([1, 2, 3, 5, 8, 9])
        vectors = draw(numbers, count, width, shape)
        for neighbors in {1, min(2, count), min(5, count), max(1, count - 1), count}:
            size = numbers.choice(ROWS)
            asked = draw(numbers, size, width, shape)
            asked[0] = list(numbers.choice(vectors))
            parameters: dict[str, Any] = {"vectors": view(vectors), "metric": metric, "power": 3.0}
            parameters["neighbors"] = neighbors
            ours, python = (
                outcome(nearest_in_table, asked, **parameters),
                in_python(nearest_in_table, asked, **parameters),
            )
            assert ours == python, (count, width, neighbors, size)
            del parameters["neighbors"]
            parameters["radius"] = 1.5
            assert outcome(within_radius, asked, **parameters) == in_python(within_radius, asked, **parameters)


@pytest.mark.parametrize("shape", spread(["normal", "far", "unit", "whole"], 4))
def test_neighbors_by_products(shape: str) -> None:
    """Distances, and doubts as well: what Python refuses, the kernel must not answer."""
    numbers = random.Random(shape)
    for count in COUNTS:
        width = numbers.choice([1, 2, 3, 5, 8, 9])
        vectors = draw(numbers, count, width, shape)
        parameters: dict[str, Any] = {
            "vectors": view(vectors),
            "norms": [math.fsum(cell * cell for cell in vector) for vector in vectors],
            "groups": [numbers.randrange(3) for _ in range(count)],
        }
        for neighbors in {1, min(2, count), min(5, count), count}:
            for size in (1, numbers.choice(ROWS), 16):
                asked = draw(numbers, size, width, shape)
                asked[-1] = list(numbers.choice(vectors))
                for whole in (False, shape == "whole"):
                    near = {**parameters, "neighbors": neighbors, "whole": whole}
                    ours, python = (
                        outcome(nearest_by_products, asked, **near),
                        in_python(nearest_by_products, asked, **near),
                    )
                    assert ours == python, (count, width, neighbors, size)


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree", "ball_tree"])
@pytest.mark.parametrize("metric", ["manhattan", "chebyshev", "euclidean"])
def test_neighbors_of_the_library(metric: str, algorithm: str) -> None:
    from sklearn.neighbors import KNeighborsRegressor

    from iris_model.readers import read_estimator

    numbers = random.Random(f"{metric} {algorithm}")
    for count in (2, 15, 16, 17, 60, 65, 101):
        width = numbers.choice([1, 2, 5, 9])
        points = draw(numbers, count, width, "unit")
        asked = draw(numbers, 210, width, "unit")
        for neighbors in {1, min(3, count - 1)}:
            fitted = KNeighborsRegressor(neighbors, metric=metric, algorithm=algorithm).fit(points, [0.0] * count)
            node = next(node for node in read_estimator(fitted).nodes if node.op.startswith("nearest"))
            parameters: dict[str, Any] = dict(node.attributes)
            for name, tensor in node.tensors.items():
                parameters[name] = view(tensor.tolist()) if tensor.ndim == 2 else tensor.tolist()
            operator = OPERATORS[node.op]
            found = [near for batch in batches(asked) for near in outcome(operator, batch, **parameters)]
            _, positions = fitted.kneighbors(asked)
            assert [[place for _, place in pairs] for pairs in found] == positions.tolist(), (count, width, neighbors)


@pytest.mark.parametrize("shape", ["normal", "far", "unit"])
def test_sums_of_kernel_values(shape: str) -> None:
    numbers = random.Random(shape)
    for count in COUNTS:
        width = numbers.choice([1, 2, 3, 5, 8, 9])
        vectors = view(draw(numbers, count, width, shape))
        weights = view(draw(numbers, 2, count, "normal"))
        for operator, parameters in (
            (rbf_kernel, {"gamma": 0.3}),
            (laplacian_kernel, {"gamma": 0.3}),
            (polynomial_kernel, {"gamma": 0.3, "coef0": 1.0, "degree": 2}),
        ):
            asked = draw(numbers, numbers.choice(ROWS), width, shape)

            def decide(rows: Any, operator: Any = operator, parameters: Any = parameters) -> Any:
                table = operator(rows, vectors=vectors, **parameters)  # noqa: B023
                return linear(table, coefficients=weights, intercepts=[0.5, -1.0])  # noqa: B023

            ours, python = outcome(decide, asked), in_python(decide, asked)
            assert len(ours) == len(asked)
            size = sum(abs(cell) for line in outcome(operator, asked, vectors=vectors, **parameters) for cell in line)
            for line, right in zip(ours, python, strict=True):
                assert line == pytest.approx(right, rel=1e-12, abs=1e-14 * size)


@pytest.mark.parametrize("shape", ["normal", "far", "whole"])
def test_linear_maps_distances_and_scales(shape: str) -> None:
    numbers = random.Random(shape)
    for count in COUNTS:
        width = numbers.choice(COUNTS)
        vectors = view(draw(numbers, count, width, shape))
        norms = [math.fsum(cell * cell for cell in vector) for vector in vectors]
        asked = draw(numbers, numbers.choice(ROWS), width, shape)
        every: list[tuple[Any, dict[str, Any]]] = [
            (linear, {"coefficients": vectors, "intercepts": [0.5] * count}),
            (absolute_distances, {"vectors": vectors}),
            (expanded_distances, {"vectors": vectors, "norms": norms, "with_row_norm": True}),
            (expanded_distances, {"vectors": vectors, "norms": norms, "with_row_norm": False}),
            (scale, {"offset": [0.1] * width, "divisor": [0.7] * width}),
        ]
        for operator, parameters in every:
            assert outcome(operator, asked, **parameters) == in_python(operator, asked, **parameters), operator.__name__


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("trees", [1, 2, 9])
def test_trees(trees: int, narrow: bool) -> None:
    numbers = random.Random(f"{trees} {narrow}")
    for depth in (0, 1, 2, 5, 8):
        nodes = forest(depth, trees=trees, depth=depth)
        leaves = nodes.pop("leaves")
        values = view([[numbers.gauss(0, 1)] for _ in range(leaves)])
        boosted = {"leaves": memoryview(array("d", [value[0] for value in values]))}
        for size in ROWS:
            asked = [[numbers.choice([round(numbers.gauss(0, 1), 1), math.nan]) for _ in range(5)] for _ in range(size)]
            parameters = {**nodes, "values": values, "combine": "each", "narrow": narrow}
            assert outcome(tree_ensemble, asked, **parameters) == in_python(tree_ensemble, asked, **parameters)
            parameters = {
                **nodes,
                **boosted,
                "output": [0] * trees,
                "base": [0.25],
                "narrow": narrow,
                "float32_sum": True,
            }
            assert outcome(boosted_trees, asked, **parameters) == in_python(boosted_trees, asked, **parameters)


def test_a_power_beyond_every_double_is_infinite() -> None:
    vectors = view([[1.0], [-1.0]])
    for degree, expected in ((3, [math.inf, -math.inf]), (2, [math.inf, math.inf])):
        values = polynomial_kernel([[1e300]], vectors=vectors, gamma=1.0, coef0=0.0, degree=degree)
        assert list(values) == [expected]
