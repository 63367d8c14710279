"""Packed tables between kernels: every operator that takes them answers as Python does for lists."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Iterator
from typing import Any

import pytest

from iris_model.engine import native
from iris_model.engine.kernel_tables import KernelTable
from iris_model.engine.model import RowsView
from iris_model.engine.operators import activations, float32, labels, links, scaling, trees
from iris_model.engine.operators.boosting import boosted_trees
from iris_model.engine.operators.kernels import laplacian_kernel, polynomial_kernel, rbf_kernel
from iris_model.engine.operators.linear import linear
from iris_model.engine.operators.neighbors import nearest_by_products, nearest_in_table
from iris_model.engine.operators.svm import one_vs_one_decisions
from iris_model.engine.operators.trees import narrow_to_float32, tree_ensemble
from iris_model.engine.operators.votes import neighbor_votes
from iris_model.engine.packed import Table, pack_rows
from iris_model.engine.rows import RowEncoder
from tests.engine.test_kernels import FEATURES, forest, in_python, on_the_border, outcome, table, view, whole
from tests.support.spread import spread

kernels = pytest.importorskip("iris_model.engine._kernels", reason="the kernels were not built (no C compiler)")

INFINITY, NAN = math.inf, math.nan
ROWS = 70


@pytest.fixture(autouse=True)
def _kernels_found() -> Iterator[None]:
    native._found[:] = [kernels]
    yield
    native._found.clear()


def packed(rows: list[list[float]]) -> Table:
    return Table(array("d", [cell for row in rows for cell in row]).tobytes(), len(rows[0]))


@pytest.mark.parametrize("cell", [1, 0, -0.0, None, NAN, True, "1", INFINITY, 1e39, 2**60, 2**70, [1.0], 1e-320])
@pytest.mark.parametrize("missing", [False, True])
def test_packing_is_encoding(cell: Any, missing: bool) -> None:
    encoder = RowEncoder([{"name": name, "kind": "numeric", "dtype": "float32", "missing": missing} for name in "ab"])
    rows = [[1.0, 2.0], [cell, 3.0]]
    made = pack_rows(rows, 2, encoder.least_limit, encoder.missing)
    if made is None:
        return  # what is not ordinary is left to the encoder
    assert repr(list(made)) == repr(encoder.encode(rows))
    assert [math.copysign(1, value) for row in made for value in row] == [
        math.copysign(1, value) for row in encoder.encode(rows) for value in row
    ]


@pytest.mark.parametrize("cells", [[1], [None], [0.5], [NAN]])
def test_ordinary_cells_are_packed(cells: list[Any]) -> None:
    assert pack_rows([cells], 1, 1e300, b"\1") is not None


@pytest.mark.parametrize("rows", [[(1.0, 2.0)], [[1.0]], [[1.0, 2.0, 3.0]], [[1.0, 2.0], None], "ab", ()])
def test_rows_of_another_shape_are_not_packed(rows: Any) -> None:
    assert pack_rows(rows, 2, 1e300, b"\0\0") is None


@pytest.mark.parametrize(
    ("operator", "width", "exact"),
    spread(
        [
            (links.expit, 3, False),
            (links.expit_pair, 1, False),
            (links.softmax, 4, False),
            (links.softmax_pair, 1, False),
            (activations.complement_pair, 1, True),
            (activations.exponential, 2, False),
            (lambda rows: activations.logistic(rows, slope=0.7), 2, False),
            (float32.expit_float32, 2, False),
            (float32.pair_float32, 1, True),
            (float32.softmax_float32, 3, False),
            (float32.exponential_float32, 2, False),
        ],
        3,
        unpack=True,
    ),
)
def test_links(operator: Any, width: int, exact: bool) -> None:
    """Our own exponential: accurate to a few units in the last place. Python decides where it is infinite."""
    numbers = random.Random(width)
    rows = [[numbers.uniform(-30, 30) for _ in range(width)] for _ in range(3000)]
    rows += [[edge] * width for edge in (0.0, -0.0, 1e-300, -1e-17, 88.7, -88.7, 104.0, -104.0, 700.0, -745.2, -1e300)]
    ours, python = operator(packed(rows)), operator(rows)
    assert type(ours) is Table
    if exact:
        assert list(ours) == python
    for line, right in zip(ours, python, strict=True):
        assert line == pytest.approx(right, rel=1e-15 if width < 3 else 2e-15, abs=5e-324)


def test_the_exponential_is_within_a_unit_of_the_last_place() -> None:
    numbers = random.Random(0)
    values = [numbers.uniform(*ends) for ends in ((-745, 709), (-1, 1), (-1e-8, 1e-8)) for _ in range(20_000)]
    made = activations.exponential(packed([[value] for value in values]))
    for value, (ours,) in zip(values, made, strict=True):
        right = math.exp(value)
        assert abs(ours - right) <= math.ulp(right), value


@pytest.mark.parametrize("value", [710.0, INFINITY, -INFINITY, NAN])
def test_an_exponential_that_overflows_is_left_to_python(value: float) -> None:
    assert repr(outcome(activations.exponential, packed([[value]]))) == repr(
        outcome(activations.exponential, [[value]])
    )


@pytest.mark.parametrize("cells", [[0.1, 0.5, 0.5], [NAN, 1.0, 2.0], [1.0, NAN, 2.0], [-INFINITY, INFINITY, 0.0]])
def test_labels(cells: list[float]) -> None:
    classes = ["a", "b", "c"]
    rows = [cells, *table(1, width=3)]
    assert labels.argmax_label(packed(rows), classes=classes) == labels.argmax_label(rows, classes=classes)
    for operator in (labels.threshold_label, labels.threshold_label_inclusive):
        for threshold in (0.0, 0.5, NAN):
            asked = {"classes": [0, 1], "threshold": threshold}
            single = [[cell] for cell in cells]
            assert operator(packed(single), **asked) == operator(single, **asked)


def test_scale() -> None:
    by = {"offset": [0.1, 2.0, -3.0, 0.0, 1e9], "divisor": [0.3, 1.0, 7.0, 1e-300, 11.0]}
    rows = [*table(1), [NAN, 1.0, INFINITY, 1.0, 2.0]]
    assert repr(list(scaling.scale(packed(rows), **by))) == repr(scaling.scale(rows, **by))
    by["divisor"] = [0.0] * 5
    assert outcome(scaling.scale, packed(rows), **by)[0] is ZeroDivisionError


@pytest.mark.parametrize("rows", [1, 2, 9, 8200])
def test_blocks(rows: int) -> None:
    """More rows than one block, and a last block that is not full."""
    asked = table(1, rows)
    parameters = {"coefficients": view(table(2, 3)), "intercepts": [1.0, 2.0, 3.0]}
    ours = linear(packed(asked), **parameters)
    assert len(ours) == rows
    assert list(ours) == in_python(linear, asked, **parameters)


def rounded(rows: list[list[float]]) -> list[list[float]]:
    return in_python(narrow_to_float32, rows)


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("combine", ["each", "sum", "mean"])
def test_forests_of_every_node_layout_answer_as_in_python(narrow: bool, missing: bool, combine: str, far: bool) -> None:
    """Large nodes, small ones (rows of float32), and, for few rows of many nodes, no packing at all."""
    nodes = forest(3, trees=20 if far else 5, depth=9 if far else 6)
    values = view(table(4, nodes.pop("leaves"), 2))
    if not missing:
        del nodes["missing_left"]
    parameters = {**nodes, "values": values, "combine": combine, "narrow": narrow}
    for asked in (on_the_border(1), rounded(on_the_border(2)), table(3), rounded(table(4))[:2]):
        assert list(tree_ensemble(packed(asked), **parameters)) == in_python(tree_ensemble, asked, **parameters)


@pytest.mark.parametrize(
    "threshold", [0.1, -0.1, 1e-46, -1e-46, 0.0, -0.0, 3.4e38, 3.5e38, -3.5e38, INFINITY, -INFINITY, NAN, 1.1754943e-38]
)
def test_thresholds_that_float32_cannot_hold(threshold: float) -> None:
    """One node: what is at or below the threshold as a double, and only that, goes left."""
    near = [[threshold], [0.0], [-0.0], [1e-45], [-1e-45], [3.4028234663852886e38], [-3.4028234663852886e38], [1.0]]
    near = [row for row in near if math.isfinite(row[0]) and abs(row[0]) < 3.4028235e38]
    near = rounded(near * 9)
    steps = [[math.nextafter(row[0], INFINITY)] for row in near] + [[row[0] * (1 + 2**-23)] for row in near]
    asked = near + rounded([row for row in steps if abs(row[0]) < 3.4e38])
    parameters: dict[str, Any] = {
        "roots": [0],
        "feature": [0, -1, -1],
        "threshold": [threshold, 0.0, 0.0],
        "jump": [2, 0, 1],
        "values": view([[1.0], [2.0]]),
        "combine": "single",
        "narrow": True,
    }
    assert list(tree_ensemble(packed(asked), **parameters)) == in_python(tree_ensemble, asked, **parameters)


def test_a_tree_too_large_for_small_nodes() -> None:
    """A jump beyond 65,535: the left child of the root is a long chain."""
    length = 70_000
    parameters: dict[str, Any] = {
        "roots": [0],
        "feature": array("h", [0] + [1, -1] * length + [-1, -1]),
        "threshold": array("d", [0.0] + [float(number // 2) for number in range(2 * length)] + [0.0, 0.0]),
        "jump": array("i", [2 * length + 2] + [2, 0] * length + [0, 1]),
        "values": view([[1.0], [2.0]]),
        "combine": "single",
        "narrow": True,
    }
    # Along the chain every node but the last sends larger values right, by two.
    asked = [[-1.0, 5.5], [1.0, 0.0], [-1.0, 1e6], [0.0, 69_999.5]] * 30
    assert list(tree_ensemble(packed(asked), **parameters)) == in_python(tree_ensemble, asked, **parameters)


def categories(seed: int) -> dict[str, Any]:
    """Trees of which some nodes split on sets, one of them empty and one of two words."""
    nodes = forest(seed, trees=6, depth=5)
    numbers = random.Random(seed)
    count = len(nodes["feature"])
    sets = [numbers.choice([-1, 0, 1, 2]) if nodes["feature"][place] >= 0 else -1 for place in range(count)]
    return {
        **nodes,
        "category_set": memoryview(array("i", sets)),
        "set_start": [0, 1, 1, 3],
        "set_words": memoryview(array("I", [0b1011, 0xF0F0F0F0, 5])),
        "outside_left": [0, 1, 0],
    }


@pytest.mark.parametrize("lowest", [-1.0, -INFINITY])
@pytest.mark.parametrize("float32_sum", [False, True])
def test_categories(lowest: float, float32_sum: bool) -> None:
    nodes = categories(4)
    numbers = random.Random(5)
    asked = [
        [
            float(numbers.choice([0, 1, 2, 3.5, 31, 32, 35, 63, 64, 1e6, 1e300, -0.5, -1, -2, NAN]))
            for _ in range(FEATURES)
        ]
        for _ in range(ROWS)
    ]
    if lowest < -1:
        asked = [[abs(cell) for cell in row] for row in asked]
    parameters = {
        "leaves": [numbers.gauss(0, 1) for _ in range(nodes.pop("leaves"))],
        "output": [0] * 6,
        "base": [0.25],
        "narrow": False,
        "float32_sum": float32_sum,
        "lowest_category": lowest,
        **nodes,
    }
    right = in_python(boosted_trees, asked, **parameters)
    assert list(boosted_trees(packed(asked), **parameters)) == right
    assert boosted_trees(asked, **parameters) == right


@pytest.mark.parametrize("part", ["category_set", "set_start", "set_words", "outside_left"])
def test_damaged_sets(part: str) -> None:
    numbers = random.Random(part)
    asked = [[float(numbers.randrange(70)) for _ in range(FEATURES)] for _ in range(20)]
    for turn in range(150):
        parameters: dict[str, Any] = categories(turn % 7)
        parameters |= {"leaves": [1.0] * parameters["leaves"], "output": [0] * 6, "base": [0.0], "narrow": False}
        lists = list(parameters[part])
        if numbers.random() < 0.2:
            del lists[-1]
        else:
            lists[numbers.randrange(len(lists))] = numbers.choice([-1, 3, 7, 2**31 - 1, 2**40, -(2**40)])
        parameters[part] = lists
        ours = outcome(boosted_trees, packed(asked), **parameters)
        assert repr(ours) == repr(in_python(boosted_trees, asked, **parameters))


def test_one_row_is_walked_by_python_first_and_by_the_kernel_then() -> None:
    nodes = forest(8, trees=7)
    parameters = {**nodes, "values": view(table(4, nodes["leaves"], 3)), "combine": "mean", "narrow": True}
    del parameters["leaves"]
    trees._cold[:] = [True]
    first, second = (tree_ensemble(table(1, 1), **parameters) for _ in range(2))
    assert first == second == in_python(tree_ensemble, table(1, 1), **parameters)
    assert not trees._cold


@pytest.mark.parametrize(
    ("operator", "parameters"),
    [
        (rbf_kernel, {"gamma": 0.1}),
        (laplacian_kernel, {"gamma": 0.3}),
        (polynomial_kernel, {"gamma": 0.1, "coef0": 1.0, "degree": 3}),
        (polynomial_kernel, {"gamma": 1.0, "coef0": 0.0, "degree": 0}),
    ],
)
@pytest.mark.parametrize("vectors", [1, 7, 8, 33])
@pytest.mark.parametrize("asked", [1, 2, ROWS + 1])
def test_sums_of_kernel_values(operator: Any, parameters: dict[str, Any], vectors: int, asked: int) -> None:
    kept = view(table(5, vectors))
    weights = {"coefficients": view(table(6, 2, vectors)), "intercepts": [0.5, -1.0]}
    values = operator(packed(table(7, asked)), vectors=kept, **parameters)
    assert type(values) is KernelTable
    right = linear(list(values), **weights)
    for line, other in zip(linear(values, **weights), right, strict=True):
        assert line == pytest.approx(other, rel=1e-12)
    if vectors == 33:
        pairs = {"dual": view(table(8, 2, 33)), "starts": [0, 10, 11, 33], "intercepts": [0.1, 0.2, 0.3]}
        right = one_vs_one_decisions(list(values), **pairs)
        for line, other in zip(one_vs_one_decisions(values, **pairs), right, strict=True):
            assert line == pytest.approx(other, rel=1e-12)


def test_a_kernel_value_that_overflows_is_infinite_as_in_numpy() -> None:
    by = {"gamma": 1.0, "coef0": 0.0, "degree": 3}
    values = polynomial_kernel(packed([[1e200]] * 3), vectors=view([[1.0]]), **by)
    in_python = polynomial_kernel([[1e200]] * 3, vectors=[[1.0]], **by)
    assert outcome(linear, values, coefficients=view([[1.0]]), intercepts=[0.0]) == [[float("inf")]] * 3
    assert linear(in_python, coefficients=[[1.0]], intercepts=[0.0]) == [[float("inf")]] * 3


def shifted(seed: int, rows: int) -> list[list[float]]:
    """Far from the origin: the center must be taken away before float32 can tell distances apart."""
    return [[1e6 + cell for cell in row] for row in table(seed, rows)]


def clustered(seed: int, rows: int) -> list[list[float]]:
    """Distances that float32 cannot tell apart at all."""
    return [[1.0 + 1e-9 * cell for cell in row] for row in table(seed, rows)]


def huge(seed: int, rows: int) -> list[list[float]]:
    return [[1e20 * cell for cell in row] for row in table(seed, rows)]


def tiny(seed: int, rows: int) -> list[list[float]]:
    return [[1e-30 * cell for cell in row] for row in table(seed, rows)]


@pytest.mark.parametrize("make", [table, whole, shifted, clustered, huge, tiny])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "products"])
@pytest.mark.parametrize("neighbors", [1, 6, 100])
def test_estimates_in_float32_change_nothing(make: Any, metric: str, neighbors: int) -> None:
    vectors = make(1, 100)
    parameters: dict[str, Any] = {"vectors": view(vectors), "neighbors": neighbors}
    operator: Any = nearest_in_table
    if metric == "products":
        operator = nearest_by_products
        norms = [math.fsum(cell * cell for cell in vector) for vector in vectors]
        parameters |= {"norms": norms, "groups": [0] * 100, "whole": make is whole}
    else:
        parameters |= {"metric": metric, "power": 2.0}
    asked = make(2, 30) + vectors[:5] + table(3, 4)
    assert outcome(operator, packed(asked), **parameters) == in_python(operator, asked, **parameters)


@pytest.mark.parametrize("weighted", [False, True])
def test_votes(weighted: bool) -> None:
    parameters: dict[str, Any] = {"vectors": view(table(1, 50)), "metric": "euclidean", "power": 2.0, "neighbors": 5}
    found = nearest_in_table(packed(table(2)), **parameters)
    asked = {"targets": [place % 3 for place in range(50)], "count": 3, "weighted": weighted}
    assert list(neighbor_votes(found, **asked)) == neighbor_votes(list(found), **asked)


def test_a_table_with_damaged_data_is_declined() -> None:
    for data, width in ((b"", 1), (b"1234567", 1), (bytes(24), 2), (bytes(16), 0), (bytes(16), -1), ("text", 1)):
        assert kernels.narrow(Table(data, width)) is None  # type: ignore[arg-type]
    assert kernels.linear(Table(bytes(16), 2), RowsView([1.0, 2.0], 1, 2).flat, 1, [0.0]) == bytes(8)
