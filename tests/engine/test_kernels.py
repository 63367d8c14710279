"""The C kernels against the Python operators: the same answer, or none, on random and on hostile input."""

from __future__ import annotations

import math
import random
import struct
import subprocess
import sys
from array import array
from collections.abc import Iterator
from typing import Any

import pytest

from iris_model.engine import native
from iris_model.engine.found import Found
from iris_model.engine.model import RowsView
from iris_model.engine.operators.boosting import boosted_trees
from iris_model.engine.operators.centers import absolute_distances, expanded_distances
from iris_model.engine.operators.gaussian_process import (
    matern_kernel,
    periodic_kernel,
    rational_quadratic_kernel,
)
from iris_model.engine.operators.kernels import (
    laplacian_kernel,
    polynomial_kernel,
    rbf_kernel,
    sigmoid_kernel,
)
from iris_model.engine.operators.linear import linear
from iris_model.engine.operators.neighbors import (
    nearest_by_products,
    nearest_in_table,
    nearest_in_tree,
    within_radius,
)
from iris_model.engine.operators.trees import narrow_to_float32, tree_ensemble
from iris_model.engine.packed import SparseTable, Table
from iris_model.engine.rows import RowEncoder
from tests.support.spread import spread

kernels = pytest.importorskip("iris_model.engine._kernels", reason="the kernels were not built (no C compiler)")

INFINITY, NAN = math.inf, math.nan
ROWS, FEATURES = 70, 5


@pytest.fixture(autouse=True)
def _kernels_found() -> Iterator[None]:
    native._found[:] = [kernels]
    yield
    native._found.clear()


def in_python(function: Any, *inputs: Any, **parameters: Any) -> Any:
    """The answer without kernels, or the error."""
    native._found[:] = [None]
    try:
        return outcome(function, *inputs, **parameters)
    finally:
        native._found[:] = [kernels]


def outcome(function: Any, *inputs: Any, **parameters: Any) -> Any:
    try:
        made = function(*inputs, **parameters)
        return list(made) if isinstance(made, (Table, SparseTable, Found)) else made
    except (ArithmeticError, IndexError, TypeError, ValueError) as error:
        return type(error), str(error)


def table(seed: int, rows: int = ROWS, width: int = FEATURES, scale: float = 1.0) -> list[list[float]]:
    numbers = random.Random(seed)
    return [[numbers.gauss(0, scale) for _ in range(width)] for _ in range(rows)]


def view(lines: list[list[float]], *, mapped: bool = True) -> RowsView:
    flat: Any = array("d", [cell for line in lines for cell in line])
    return RowsView(memoryview(flat) if mapped else flat.tolist(), len(lines), len(lines[0]))


def forest(seed: int, trees: int = 7, depth: int = 6) -> dict[str, Any]:
    """Random trees in preorder, with every type of index that a file may have."""
    numbers = random.Random(seed)
    roots, feature, threshold, jump, missing_left = [], [], [], [], []
    leaves = 0

    def grow(levels: int) -> None:
        nonlocal leaves
        place = len(feature)
        split = levels > 0 and numbers.random() < 0.9
        feature.append(numbers.randrange(FEATURES) if split else -1)
        threshold.append(round(numbers.gauss(0, 1), 1))
        jump.append(leaves)
        missing_left.append(numbers.randrange(2))
        if not split:
            leaves += 1
            return
        grow(levels - 1)
        jump[place] = len(feature) - place
        grow(levels - 1)

    for _ in range(trees):
        roots.append(len(feature))
        grow(depth)
    return {
        "roots": roots,
        "feature": memoryview(array("h", feature)),
        "threshold": memoryview(array("d", threshold)),
        "jump": memoryview(array("i", jump)),
        "missing_left": memoryview(array("B", missing_left)),
        "leaves": leaves,
    }


def on_the_border(seed: int) -> list[list[float]]:
    """Rows of which many cells equal a threshold, or are missing."""
    numbers = random.Random(seed)
    return [[numbers.choice([round(numbers.gauss(0, 1), 1), NAN, 0.1]) for _ in range(FEATURES)] for _ in range(ROWS)]


@pytest.mark.parametrize("combine", ["single", "each", "sum", "mean"])
@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("rows", [2, 3, 5, ROWS])
def test_forests(combine: str, narrow: bool, missing: bool, rows: int) -> None:
    nodes = forest(rows, trees=1 if combine == "single" else 7)
    values = view(table(4, nodes.pop("leaves"), 3))
    if not missing:
        del nodes["missing_left"]
    parameters = {**nodes, "values": values, "combine": combine, "narrow": narrow}
    asked = on_the_border(rows)[:rows]
    assert outcome(tree_ensemble, asked, **parameters) == in_python(tree_ensemble, asked, **parameters)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("boosted", [False, True])
def test_trees_that_stay_packed_between_calls(narrow: bool, boosted: bool) -> None:
    """Few rows and many in turn, as lists and packed: the first calls walk in place, the others what they packed."""
    nodes, memo = forest(1, trees=21), {}
    leaves = nodes.pop("leaves")
    parameters = {**nodes, "narrow": narrow}
    if boosted:
        function: Any = boosted_trees
        parameters |= {
            "leaves": table(2, 1, leaves)[0],
            "output": [tree % 2 for tree in range(21)],
            "base": [0.5, -1.0],
        }
    else:
        function = tree_ensemble
        parameters |= {"values": view(table(4, leaves, 3)), "combine": "mean"}
    asked = on_the_border(3)
    for count in (2, 3, 1, 7, 8, 9, ROWS, 2, 5, 1, 17):
        rows = asked[:count]
        expected = in_python(function, rows, **parameters)
        assert outcome(function, rows, **parameters, memo=memo) == expected
        packed = Table(struct.pack(f"<{count * FEATURES}d", *[cell for row in rows for cell in row]), FEATURES)
        assert outcome(function, packed, **parameters, memo=memo) == expected
    assert memo.keys() >= {"narrow" if narrow else "wide", "walks"}


@pytest.mark.parametrize("float32_sum", [False, True])
@pytest.mark.parametrize("outputs", [1, 3])
def test_boosted_trees(float32_sum: bool, outputs: int) -> None:
    nodes = forest(outputs, trees=9)
    leaves = [random.Random(1).gauss(0, 1) for _ in range(nodes.pop("leaves"))]
    parameters = {
        **nodes,
        "leaves": memoryview(array("f", leaves)),
        "output": [tree % outputs for tree in range(9)],
        "base": [0.5] * outputs,
        "narrow": True,
        "float32_sum": float32_sum,
    }
    asked = on_the_border(9)
    assert outcome(boosted_trees, asked, **parameters) == in_python(boosted_trees, asked, **parameters)


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1.0, 1e8])
def test_linear(scale: float, mapped: bool) -> None:
    parameters = {"coefficients": view(table(1, 4, FEATURES), mapped=mapped), "intercepts": [0.0, 1.0, -2.5, 1e9]}
    asked = table(2, scale=scale)
    assert outcome(linear, asked, **parameters) == in_python(linear, asked, **parameters)


def test_products_do_not_lose_small_terms() -> None:
    rows = [[1e16, 1.0, -1e16], [1e300, 1.0, -1e300], [3.0, 1e-200, -3.0]] * 6
    parameters = {"coefficients": view([[1.0, 1.0, 1.0]]), "intercepts": [0.0]}
    assert linear(rows, **parameters)[:3] == [[1.0], [1.0], [1e-200]]
    assert outcome(linear, rows, **parameters) == in_python(linear, rows, **parameters)


def hard_row(source: random.Random, width: int) -> list[float]:
    """A row whose sum is next to a number half way between two doubles, or cancels, or has cells of very different sizes."""
    kind = source.randrange(5)
    if kind == 0:
        return [source.choice([0.0, -0.0, 1.0, -1.0]) for _ in range(width)]
    if kind == 1:
        return [source.gauss(0, 1) * 10.0 ** source.uniform(-300, 140) for _ in range(width)]
    row = [source.gauss(0, 1) * 10.0 ** source.choice([0, 0, -20, 15]) for _ in range(width)]
    if kind == 2:
        half = width // 2
        row[half : 2 * half] = [-cell for cell in row[:half]]
    elif kind == 3:
        row = [0.0] * width
        tiny = source.choice([0.0, 5e-324, 2.0**-160, -(2.0**-160), 2.0**-107])
        for place, cell in zip(source.sample(range(width), 3), (1.0, 2.0**-53, tiny)):
            row[place] = cell
    source.shuffle(row)
    return row


@pytest.mark.parametrize("width", [3, 4, 5, 8, 12, 13, 15, 16, 20, 101, 2500])
def test_sums_of_products_are_exact(width: int) -> None:
    source = random.Random(width)
    vectors = [[1.0] * width, [2.0**-3, -3.0] * (width // 2) + [1.5] * (width % 2), table(width, 1, width)[0]]
    parameters = {"coefficients": view(vectors), "intercepts": [0.0, 0.5, 0.0]}
    asked = [hard_row(source, width) for _ in range(16 if width > 200 else 400)]
    answered = 0
    for row in asked:
        # Side by side, one by one, and among ordinary rows.
        rows = [row] * 9 + [[1.0] * width] * 8
        made = kernels.linear(
            rows, array("d", [cell for vector in vectors for cell in vector]), 3, parameters["intercepts"]
        )
        answered += made is not None
        assert made is None or as_bits(made) == as_bits(in_python(linear, rows, **parameters))
    assert answered > len(asked) // 4
    assert as_bits(outcome(linear, asked, **parameters)) == as_bits(in_python(linear, asked, **parameters))


def as_bits(rows: list[list[float]]) -> list[bytes]:
    return [struct.pack(f"{len(row)}d", *row) for row in rows]


@pytest.mark.parametrize("size", [INFINITY, -INFINITY, NAN, 1e308])
def test_sums_that_leave_the_doubles_are_left_to_python(size: float) -> None:
    rows = [[size, size, -size]] * 20
    parameters = {"coefficients": view([[1.0, 1.0, 1.0]]), "intercepts": [0.0]}
    assert repr(outcome(linear, rows, **parameters)) == repr(in_python(linear, rows, **parameters))


@pytest.mark.parametrize(
    ("operator", "parameters"),
    spread(
        [
            (rbf_kernel, {"gamma": 0.1}),
            (laplacian_kernel, {"gamma": 0.1}),
            (polynomial_kernel, {"gamma": 0.1, "coef0": 1.0, "degree": 3}),
            (sigmoid_kernel, {"gamma": 0.1, "coef0": 0.5}),
            (matern_kernel, {"nu": 0.5}),
            (matern_kernel, {"nu": 1.5}),
            (matern_kernel, {"nu": 2.5}),
            (rational_quadratic_kernel, {"length_scale": 2.0, "alpha": 0.7}),
            (periodic_kernel, {"length_scale": 2.0, "periodicity": 3.0}),
            (absolute_distances, {}),
        ],
        2,
        unpack=True,
    ),
)
@pytest.mark.parametrize("scale", [1e-160, 1.0, 1e3, 1e200])
def test_rows_against_vectors(operator: Any, parameters: dict[str, Any], scale: float) -> None:
    vectors = view(table(5, 33))
    for asked in (table(6, scale=scale), table(6, 1, scale=scale)):
        ours = outcome(operator, asked, vectors=vectors, **parameters)
        python = in_python(operator, asked, vectors=vectors, **parameters)
        assert len(ours) == len(python)
        if type(python) is tuple:
            assert ours == python
            continue
        for line, right in zip(ours, python):
            assert line == pytest.approx(right, rel=1e-12, abs=0, nan_ok=True)


@pytest.mark.parametrize("with_row_norm", [True, False])
@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e9])
def test_expanded_distances_are_the_same_to_the_last_bit(with_row_norm: bool, scale: float) -> None:
    vectors = table(7, 40)
    norms = [math.fsum(cell * cell for cell in vector) for vector in vectors]
    parameters = {"vectors": view(vectors), "norms": norms, "with_row_norm": with_row_norm}
    asked = table(8, scale=scale) + vectors
    assert outcome(expanded_distances, asked, **parameters) == in_python(expanded_distances, asked, **parameters)


def whole(seed: int, rows: int) -> list[list[float]]:
    """Points of a small grid: most distances tie."""
    numbers = random.Random(seed)
    return [[float(numbers.randrange(4)) for _ in range(FEATURES)] for _ in range(rows)]


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "canberra"])
@pytest.mark.parametrize("neighbors", [1, 7, 60, 61])
@pytest.mark.parametrize("make", [table, whole])
def test_the_same_neighbors_in_the_same_order(metric: str, neighbors: int, make: Any) -> None:
    parameters = {"vectors": view(make(1, 60)), "metric": metric, "power": 2.0}
    asked = make(2, 20)
    near = {**parameters, "neighbors": neighbors}
    assert outcome(nearest_in_table, asked, **near) == in_python(nearest_in_table, asked, **near)
    within = {**parameters, "radius": 2.0}
    assert outcome(within_radius, asked, **within) == in_python(within_radius, asked, **within)


@pytest.mark.parametrize("neighbors", [1, 5, 40])
@pytest.mark.parametrize("make", [table, whole])
def test_the_same_neighbors_by_products(neighbors: int, make: Any) -> None:
    vectors = make(1, 40)
    norms = [math.fsum(cell * cell for cell in vector) for vector in vectors]
    for is_whole in (True, False):
        parameters = {
            "vectors": view(vectors),
            "norms": norms,
            "groups": [place % 3 for place in range(40)],
            "neighbors": neighbors,
            "whole": is_whole,
        }
        for row in make(2, 20):
            ours = outcome(nearest_by_products, [row], **parameters)
            assert ours == in_python(nearest_by_products, [row], **parameters)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev"])
@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
@pytest.mark.parametrize("make", [table, whole])
def test_measuring_all_points_finds_what_the_search_of_a_tree_finds(metric: str, algorithm: str, make: Any) -> None:
    from sklearn.neighbors import KNeighborsRegressor

    from iris_model.readers import read_estimator

    points = make(3, 50)
    fitted = KNeighborsRegressor(4, metric=metric, algorithm=algorithm, leaf_size=3).fit(points, [0.0] * 50)
    node = next(node for node in read_estimator(fitted).nodes if node.op == "nearest_in_tree")
    parameters: dict[str, Any] = dict(node.attributes)
    for name, tensor in node.tensors.items():
        parameters[name] = view(tensor.tolist()) if tensor.ndim == 2 else tensor.tolist()
    asked = [*make(4, 30), *points, *[[1e6 + cell for cell in row] for row in make(5, 10)]]
    assert outcome(nearest_in_tree, asked, **parameters) == in_python(nearest_in_tree, asked, **parameters)


@pytest.mark.parametrize(
    "cells",
    [(1.0, 2.0), (1, 2.0), (True, 2.0), (NAN, 2.0), (INFINITY, 2.0), (1e300, 1e300), (None, 1.0), ("1", 1.0), (1.0,)],
)
def test_ordinary_rows_are_those_that_encoding_leaves_alone(cells: tuple[Any, ...]) -> None:
    encoder = RowEncoder([{"name": name, "kind": "numeric", "missing": True} for name in "ab"])
    rows = [[1.0, 2.0], list(cells)]
    if kernels.are_ordinary(rows, 2, 1.7976931348623157e308):
        assert encoder.encode(rows) == rows
    else:
        assert list(map(repr, cells)) != ["1.0", "2.0"]
    assert not kernels.are_ordinary([[1e39, 2.0]], 2, 3.4e38)
    assert not kernels.are_ordinary([(1.0, 2.0)], 2, 3.4e38)


HOSTILE: list[Any] = [
    None, 0, -1, 2**31, 2**70, 1.5, NAN, "text", b"bytes", [], [[]], [None], [1], [2**70], [-(2**70)], ["a"], [1.0, None],
    [[1.0]] * 3, [[1.0, 2.0], [1.0]], [[NAN, INFINITY]], [(1.0, 2.0)], [[1]], {}, {1: 1.0}, memoryview(b""),
    memoryview(b"12345678"), memoryview(b"12345678").cast("d"), memoryview(bytearray(64)).cast("d"),
    memoryview(bytearray(64)).cast("d")[::2], memoryview(bytearray(64))[1:57].cast("d"), memoryview(bytearray(64)).cast("q"),
    memoryview(bytearray(b"\xff" * 64)).cast("q"), memoryview(bytearray(b"\xff" * 64)).cast("Q"),
    memoryview(bytearray(64)).cast("d", (2, 4)), memoryview(bytearray(8)).cast("c"), array("u", "abc"), object(), iter(()),
    Table(bytes(64), 2), Table(b"\xff" * 64, 4), Table(struct.pack("<40d", *range(40)), 2), Table(b"123", 1), Table(b"", 0),
    Table(bytes(64), -1), [[0.5, -1.0]] * 9, [[float(number)] for number in range(20)], [1.0, 2.0, 3.0], [0, 1, 2], 2, 5,
    [{0: 1.0, 2: -0.5}] * 3, [{-1: 1.0}], [{2**70: 1.0}], [{0: 1}], {"one": 0, "two": 1}, {"one": "two"}, [["one two"]], [[3]],
    SparseTable(struct.pack("<3q", 0, 1, 3), struct.pack("<3i", 2, 0, 1), struct.pack("<3d", 1, 2, 3)), [None], [None] * 3,
    SparseTable(struct.pack("<2q", 0, 9), bytes(4), bytes(8)), SparseTable(b"", b"", b""), SparseTable(bytes(3), b"", b""),
    (0, 1), (None, None, None, None), ([0], [0, 1], [7], [0]), b"\0\1",
]  # fmt: skip
ARGUMENTS = {
    "pack": 4,
    "unpack": 1,
    "tree_ensemble": 11,
    "boosted_trees": 14,
    "linear": 4,
    "distances": 5,
    "scale": 3,
    "map_rows": 3,
    "label_rows": 4,
    "kernel_sums": 11,
    "nearest": 8,
    "votes": 4,
    "count_terms": 7,
    "scale_sparse": 2,
    "linear_sparse": 4,
    "smallest": 2,
    "narrow": 1,
    "are_ordinary": 3,
    "read_json": 4,
    "read_csv": 4,
    "write_rows": 6,
}


@pytest.mark.parametrize("rows", [1, 2, 70])
def test_vectors_that_stay_arranged_between_calls(rows: int) -> None:
    vectors, weights = view(table(1, 37)), array("d", table(2, 1, 37)[0])
    memo: dict[str, object] = {}
    for seed in range(3):
        asked = table(seed, rows)
        found = [
            kernels.kernel_sums(asked, vectors.flat, 37, 0, 0.1, 0.0, 0, weights, None, array("d", [0.5]), kept)
            for kept in (memo, None)
        ]
        assert found[0] == found[1] is not None
    assert list(memo) == ["numbers"]
    # Those of other vectors are not taken for these.
    fewer = array("d", list(vectors.flat)[: 20 * FEATURES])
    arguments = asked, fewer, 20, 0, 0.1, 0.0, 0, weights[:20], None, array("d", [0.5])
    assert kernels.kernel_sums(*arguments, memo) == kernels.kernel_sums(*arguments, None) is not None


@pytest.mark.parametrize(("name", "count"), ARGUMENTS.items())
def test_hostile_arguments_are_declined(name: str, count: int) -> None:
    """For any input, a kernel returns a list, a pair, a bool or None, and raises nothing."""
    numbers = random.Random(name)
    kernel = getattr(kernels, name)
    for _ in range(4000):
        answer = kernel(*[numbers.choice(HOSTILE) for _ in range(count)])
        assert answer is None or type(answer) in (list, tuple, bool, bytes, str)
    assert kernel() is None


@pytest.mark.parametrize("part", ["roots", "feature", "threshold", "jump", "missing_left", "values"])
def test_damaged_trees(part: str) -> None:
    """One number of a sound forest replaced: the kernel answers as Python does, or declines."""
    numbers = random.Random(part)
    asked = on_the_border(5)
    for turn in range(150):
        nodes = forest(turn, trees=3, depth=3)
        lists = {name: list(value) for name, value in nodes.items() if name != "leaves"}
        lists["values"] = [float(number) for number in range(nodes["leaves"])]
        wrong = numbers.choice([-1, -(2**40), 0, 1, 3, FEATURES, 32767, 2**31 - 1, 2**31, 2**40, 2**62])
        if numbers.random() < 0.2:
            del lists[part][-1]
        else:
            lists[part][numbers.randrange(len(lists[part]))] = type(lists[part][0])(wrong)
        ours = kernels.tree_ensemble(asked, *[lists[name] for name in lists], 1, 3, False, None)
        if ours is not None:
            values = RowsView(lists.pop("values"), nodes["leaves"], 1)
            assert repr(ours) == repr(
                in_python(tree_ensemble, asked, values=values, combine="mean", narrow=False, **lists)
            )


def test_a_float32_that_overflows_is_refused_by_both() -> None:
    nodes = forest(1)
    parameters = {**nodes, "values": view(table(4, nodes.pop("leaves"), 1)), "combine": "sum", "narrow": True}
    del parameters["leaves"]
    asked = [[1e39] * FEATURES] * 4
    assert outcome(tree_ensemble, asked, **parameters) == in_python(tree_ensemble, asked, **parameters)
    assert outcome(tree_ensemble, asked, **parameters)[0] is OverflowError


@pytest.mark.parametrize("infinite", [False, True])
@pytest.mark.parametrize("cell", [0.1, NAN, 1e-46, -0.0, 3.4028235677973362e38, 1e39, 1])
def test_rounding_to_float32(cell: float, infinite: bool) -> None:
    asked = [*table(1), [1.0, cell, 2.0, 3.0, 4.0]]
    ours = outcome(narrow_to_float32, asked, infinite=infinite)
    assert repr(ours) == repr(in_python(narrow_to_float32, asked, infinite=infinite))


def test_misaligned_numbers_are_declined() -> None:
    data = memoryview(bytearray(b"\0" * 3 + struct.pack("<2d", 1.0, 2.0)))[3:].cast("d")
    assert kernels.linear([[1.0, 2.0]], data, 1, [0.0]) in (None, [[5.0]])


PROGRAM = """
import sys
from iris_model.engine import load, native
print("iris_model.engine._kernels" in sys.modules, native.find_kernels() is None)
"""


@pytest.mark.parametrize(("setting", "found"), [("0", "True"), ("1", "False")])
def test_kernels_are_looked_for_when_asked_and_can_be_turned_off(setting: str, found: str) -> None:
    environment = {"IRIS_MODEL_KERNELS": setting}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout == f"False {found}\n", done.stderr


def test_kernels_of_older_sources_count_as_none():
    """A stand-in that is found first: built before `interface` was there, and with another number."""
    program = (
        "import sys, types; import iris_model.engine as engine; from iris_model.engine import native\n"
        "old = types.ModuleType('iris_model.engine._kernels'); {}\n"
        "sys.modules[old.__name__] = engine._kernels = old\n"
        "assert native.find_kernels() is None"
    )
    for change in ("old.pack = len", "old.interface = lambda: native.INTERFACE - 1"):
        subprocess.run([sys.executable, "-c", program.format(change)], check=True, timeout=30)
    assert kernels.interface() == native.INTERFACE
