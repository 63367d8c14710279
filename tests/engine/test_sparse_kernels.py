"""The kernels of sparse rows and of documents against the Python operators."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator
from typing import Any

import pytest

from iris_model.engine import native
from iris_model.engine.documents import count_terms, normalize
from iris_model.engine.linear import linear
from iris_model.engine.sparse import multiply_columns
from tests.engine.test_kernels import in_python, outcome, table, view

kernels = pytest.importorskip("iris_model.engine._kernels", reason="the kernels were not built (no C compiler)")

WIDTH = 30


@pytest.fixture(autouse=True)
def _kernels_found() -> Iterator[None]:
    native._found[:] = [kernels]
    yield
    native._found.clear()


def sparse(seed: int, rows: int = 40, scale: float = 1.0) -> list[dict[int, float]]:
    """Columns in no order, and rows without any."""
    numbers = random.Random(seed)
    return [
        {numbers.randrange(WIDTH): numbers.gauss(0, scale) for _ in range(numbers.randrange(9))} for _ in range(rows)
    ]


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_counts_and_their_order(lowercase: bool, binary: bool, analyzer: str) -> None:
    numbers = random.Random(1)
    words = ["one", "One", "_x", "a", "b2", "ünder", "zwei", "one-two", "tab\tnew\n", "\x00nul", "\x1c", "", "ONE", "İ"]
    documents = [[" ".join(numbers.choices(words, k=12))] for _ in range(60)] + [[""], ["a"], ["zwei"]]
    parameters: dict[str, Any] = {
        "vocabulary": {"one": 3, "One": 1, "_x": 0, "b2": 2, "ünder": 4, "nul": 7, "two": 5, "zwei": 6, "i": 8},
        "binary": binary,
        "analyzer": analyzer,
        "ngrams": [1, 1],
        "lowercase": lowercase,
    }
    ours = count_terms(documents, **parameters)
    assert [list(row.items()) for row in ours] == [
        list(row.items()) for row in in_python(count_terms, documents, **parameters)
    ]


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_sparse_rows(scale: float) -> None:
    rows = sparse(1, scale=scale)
    factors = memoryview(array("d", table(2, 1, WIDTH)[0]))
    for operator, parameters in (
        (multiply_columns, {"factors": factors}),
        (normalize, {"norm": "l2"}),
        (linear, {"coefficients": view(table(3, 3, WIDTH)), "intercepts": [0.0, 1.0, -1.0]}),
    ):
        assert outcome(operator, rows, **parameters) == in_python(operator, rows, **parameters)


@pytest.mark.parametrize("column", [WIDTH, -1, 2**70])
def test_a_column_that_is_not_there(column: int) -> None:
    rows = [{column: 1.0}] * 20
    for operator, parameters in (
        (multiply_columns, {"factors": [1.0] * WIDTH}),
        (linear, {"coefficients": view(table(3, 3, WIDTH)), "intercepts": [0.0, 1.0, -1.0]}),
    ):
        assert outcome(operator, rows, **parameters) == in_python(operator, rows, **parameters)
