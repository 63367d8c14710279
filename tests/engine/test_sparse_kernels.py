"""The kernels of sparse rows and of documents against the Python operators."""

from __future__ import annotations

import random
import struct
from array import array
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_model.engine import native
from iris_model.engine.model import RowsView
from iris_model.engine.operators.documents import count_terms, hash_terms, log_counts, normalize
from iris_model.engine.operators.encoders import one_hot
from iris_model.engine.operators.linear import FEWEST_ROWS, linear
from iris_model.engine.operators.sparse import concat_sparse, multiply_columns, to_dense
from iris_model.engine.packed import SparseTable, Table
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


ANALYSES: list[dict[str, Any]] = [
    {"analyzer": "word", "ngrams": [1, 1]},
    {"analyzer": "word", "ngrams": [1, 3]},
    {"analyzer": "word", "ngrams": [1, 1], "stop_words": {"one": 1}},
    {"analyzer": "word", "ngrams": [1, 1], "pattern": r"\w+"},
    {"analyzer": "word", "ngrams": [1, 1], "accents": "ascii"},
    {"analyzer": "char", "ngrams": [1, 1]},
    {"analyzer": "char_wb", "ngrams": [2, 3]},
]


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda analysis: "-".join(map(str, analysis.values())))
def test_counts_and_their_order(lowercase: bool, binary: bool, analysis: dict[str, Any]) -> None:
    numbers = random.Random(1)
    words = ["one", "One", "_x", "a", "b2", "ünder", "zwei", "one-two", "tab\tnew\n", "\x00nul", "\x1c", "", "ONE", "İ"]
    documents = [[" ".join(numbers.choices(words, k=12))] for _ in range(60)] + [[""], ["a"], ["zwei"]]
    found = ["_x", "One", "b2", "one", "ünder", "two", "zwei", "nul", "i", "a", "one two", "zw", " b2", "e", "under"]
    vocabulary = {term: column for column, term in enumerate(found)}
    same = {"binary": binary, "lowercase": lowercase, **analysis}
    asked: list[tuple[Any, dict[str, Any]]] = [(count_terms, {"vocabulary": vocabulary, **same})]
    # 2**31 - 1 columns would allocate 16 GB of unused zeros; a wide table is enough.
    for width, alternate_sign in [(1, True), (7, False), (2**20, True)]:
        asked.append((hash_terms, {"width": width, "alternate_sign": alternate_sign, **same}))
    for operator, parameters in asked:
        ours = operator(documents, **parameters)
        assert type(ours) is SparseTable
        assert [list(row.items()) for row in ours] == [
            list(row.items()) for row in in_python(operator, documents, **parameters)
        ]


@given(st.lists(st.text(max_size=9), min_size=1, max_size=4))
def test_the_kernel_hashes_as_python(terms: list[str]) -> None:
    rows = [["".join(terms)]] * 16
    parameters: dict[str, Any] = {"width": 2**20, "alternate_sign": True, "binary": False}
    parameters |= {"analyzer": "char", "ngrams": [1, 9], "lowercase": False}
    native._found[:] = [kernels]
    assert list(hash_terms(rows, **parameters)) == in_python(hash_terms, rows, **parameters)


@pytest.mark.parametrize("width", [0, -1, 2**31, 2**63])
def test_a_table_of_no_or_too_many_columns_is_not_the_kernels(width: int) -> None:
    assert kernels.count_terms([["one two"]], None, width, True, False, True, str.split) is None


def test_python_may_change_the_rows_while_it_takes_them_apart() -> None:
    rows: list[Any] = [["grün one"] for _ in range(20)]

    def analyze(document: str) -> list[str]:
        del rows[4:]
        return document.split()

    assert kernels.count_terms(rows, None, 8, True, False, None, analyze) is None
    # An analyzer that fails, or answers with something else.
    for wrong in ([].index, len, lambda document: [document.encode()], lambda document: (document,)):
        assert kernels.count_terms([["one"]] * 20, {"one": 0}, 1, False, False, None, wrong) is None


VOCABULARY = {f"w{number}": (number * 7) % WIDTH for number in range(WIDTH)}
WORDS: dict[str, Any] = {"binary": False, "analyzer": "word", "ngrams": [1, 1], "lowercase": True}


def documents(seed: int, count: int = 40) -> list[list[str]]:
    """Some of them not of ASCII, one with half of a surrogate pair, as JSON may bring it."""
    numbers = random.Random(seed)
    words = [*VOCABULARY, "W3", "unknown", "grün"]
    return [[" ".join(numbers.choices(words, k=numbers.randrange(30)))] for _ in range(count)] + [
        ["w1 \ud800 w1 w2"],
        [""],
    ]


@pytest.mark.parametrize("outputs", [1, 3])
def test_sparse_rows_stay_packed_from_the_text_to_the_decision(outputs: int) -> None:
    rows = documents(5)
    coefficients = view(table(3, outputs, WIDTH))
    steps: list[tuple[Any, dict[str, Any], type]] = [
        (count_terms, {"vocabulary": VOCABULARY, **WORDS}, SparseTable),
        (multiply_columns, {"factors": [abs(cell) for cell in table(2, 1, WIDTH)[0]]}, SparseTable),
        (normalize, {"norm": "l2"}, SparseTable),
        (linear, {"coefficients": coefficients, "intercepts": [0.5] * outputs}, Table),
    ]
    ours: Any = rows
    theirs: Any = rows
    for operator, parameters, kind in steps:
        ours, theirs = operator(ours, **parameters), in_python(operator, theirs, **parameters)
        assert type(ours) is kind
        assert list(ours) == theirs
        assert len(ours) == len(theirs) and ours[3] == theirs[3]


def test_python_operators_take_packed_sparse_rows() -> None:
    packed = count_terms(documents(6), vocabulary=VOCABULARY, **WORDS)
    plain = list(packed)
    for operator, parameters in (
        (log_counts, {}),
        (to_dense, {"width": WIDTH}),
        (normalize, {"norm": "l1"}),
        (normalize, {"norm": "max"}),
        # Without `flat` there is no kernel.
        (linear, {"coefficients": table(3, 2, WIDTH), "intercepts": [0.0, 1.0]}),
    ):
        assert list(operator(packed, **parameters)) == in_python(operator, plain, **parameters)
    assert type(log_counts(packed)) is SparseTable


@pytest.mark.parametrize("column", [2, WIDTH, 2**31, 2**70, -1, True, 1.0, "1"])
def test_an_invalid_vocabulary_is_refused(column: Any) -> None:
    """Columns beyond its own size, of another type, or the same for two terms."""
    rows, parameters = documents(7), {"vocabulary": {"w1": column, "w2": 2, "w3": 1}, **WORDS}
    assert list(count_terms(rows, **parameters)) == in_python(count_terms, rows, **parameters)


def test_a_document_that_is_no_text() -> None:
    for rows in ([[None]] * 20, [[1.0]] * 20, [["w1"]] * 20 + [[b"w1"]]):
        parameters = {"vocabulary": VOCABULARY, **WORDS}
        with pytest.raises((AttributeError, TypeError)) as ours:
            count_terms(rows, **parameters)
        assert str(ours.value)


@pytest.mark.parametrize(
    ("starts", "columns"),
    [
        ([0, 2, 1, 3], [0, 1, 2]),  # a row ends before it begins
        ([0, 1, 2, 4], [0, 1, 2]),  # beyond the cells
        ([0, 1, 2, 2], [0, 1, 2]),  # cells of no row
        ([1, 1, 2, 3], [0, 1, 2]),
        ([-1, 1, 2, 3], [0, 1, 2]),
        ([0, 2**62, 2, 3], [0, 1, 2]),
        ([0, 1, 2, 3], [0, 1]),  # fewer columns than values
        ([0, 1, 2, 3], [0, -1, 2]),
        ([0, 1, 2, 3], [0, 1, WIDTH]),
        ([], [0, 1, 2]),
    ],
)
def test_a_damaged_sparse_table_is_declined(starts: list[int], columns: list[int]) -> None:
    rows = SparseTable(
        struct.pack(f"={len(starts)}q", *starts),
        struct.pack(f"={len(columns)}i", *columns),
        struct.pack("=3d", 1, 2, 3),
    )
    sound = SparseTable(struct.pack("=4q", 0, 1, 2, 3), struct.pack("=3i", 0, 1, 2), struct.pack("=3d", 1, 2, 3))
    weights, factors = [1.0] * WIDTH, [2.0] * WIDTH
    assert kernels.scale_sparse(sound, factors) is not None
    assert kernels.linear_sparse(sound, weights, 1, [0.0]) is not None
    assert kernels.scale_sparse(rows, factors) is None
    assert kernels.linear_sparse(rows, weights, 1, [0.0]) is None
    if columns[-1] != WIDTH:
        assert kernels.scale_sparse(rows, None) is None


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


@pytest.mark.parametrize("column", [WIDTH, -1, 2**31, 2**32, 2**70])
def test_a_column_index_out_of_range(column: int) -> None:
    rows = [{column: 1.0}] * 20
    for operator, parameters in (
        (multiply_columns, {"factors": [1.0] * WIDTH}),
        (linear, {"coefficients": view(table(3, 3, WIDTH)), "intercepts": [0.0, 1.0, -1.0]}),
        (normalize, {"norm": "l2"}),
    ):
        assert outcome(operator, rows, **parameters) == in_python(operator, rows, **parameters)


def test_many_dictionaries_are_multiplied_by_the_kernel() -> None:
    rows = [{0: 1.0, 2: 2.0 * index} for index in range(40)]
    found = linear(rows, coefficients=RowsView([1.0, 5.0, 3.0], 1, 3), intercepts=[0.5])  # type: ignore[arg-type]
    assert list(found) == [[1.5 + 6.0 * index] for index in range(40)]


@pytest.mark.parametrize("count", [1, FEWEST_ROWS - 1, FEWEST_ROWS, 300])
@pytest.mark.parametrize("outputs", [1, 3])
def test_one_hot_columns_before_a_linear_model(count: int, outputs: int) -> None:
    """As a column transformer with encoders and numbers compiles: the rows that reach the linear map are a list."""
    columns: list[dict[str, Any]] = [
        {"name": "city", "texts": {"Oslo": 0, "Rome": 1}, "numbers": {}, "unknown": None},
        {"name": "floor", "texts": {}, "numbers": {"1.0": 2, "2.0": 3}, "missing": 4, "unknown": None},
    ]
    numbers = random.Random(8)
    cells: list[list[Any]] = [
        [numbers.choice(["Oslo", "Rome", "Bern"]), numbers.choice([1.0, 2.0, 7.0, float("nan")])] for _ in range(count)
    ]
    measured = table(9, count, 3)
    weights = {"coefficients": view(table(10, outputs, 8)), "intercepts": [0.25] * outputs}

    def answer() -> Any:
        encoded = concat_sparse(one_hot(cells, columns=columns), measured, offsets=[0, 5])
        assert type(encoded) is list and type(encoded[0]) is dict
        return linear(encoded, **weights)

    found = answer()
    assert (type(found) is Table) == (count >= FEWEST_ROWS)
    assert list(found) == in_python(answer)
