"""The rows that callers send, and the errors they get."""

from __future__ import annotations

import math
from typing import Any

import pytest

from iris_model.engine import InvalidInput
from iris_model.engine.rows import LARGEST, RowEncoder, describe
from tests.support.tiny_model import columns

ENCODER = RowEncoder(columns())


def test_ints_become_floats() -> None:
    table = ENCODER.encode([[1, 2.5, -0.0, 10**15]])
    assert table == [[1.0, 2.5, 0.0, 1e15]]
    assert all(type(value) is float for value in table[0])


@pytest.mark.parametrize(
    ("row", "feature", "part"),
    [
        ([1, 2, 3], None, "row 0 has 3 values; expected a list of 4 values"),
        ([1, 2, 3, 4, 5], None, "has 5 values"),
        ("text", None, "row 0 is the string 'text'"),
        ({"a": 1}, None, "row 0 is an object"),
        (7, None, "row 0 is the number 7"),
        ([1, 2, 3, "4"], "petal width (cm)", "the string '4'; send a number, without quotation marks"),
        ([True, 2, 3, 4], "sepal length (cm)", "the boolean true, not a number; send 1 or 0"),
        ([None, 2, 3, 4], "sepal length (cm)", "missing (null), and the model was not trained with missing values"),
        ([math.nan, 2, 3, 4], "sepal length (cm)", "the value is NaN"),
        ([math.inf, 2, 3, 4], "sepal length (cm)", "the value is infinite"),
        ([10**400, 2, 3, 4], "sepal length (cm)", "too large for float64"),
        ([[1], 2, 3, 4], "sepal length (cm)", "a list of 1"),
        ([{}, 2, 3, 4], "sepal length (cm)", "an object"),
        (["x" * 100, 2, 3, 4], "sepal length (cm)", "a string of 100 characters"),
    ],
)
def test_refusals_name_row_and_feature(row: Any, feature: str | None, part: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ENCODER.encode([[1, 2, 3, 4], row] if feature else [row])
    assert part in str(caught.value)
    assert caught.value.feature == feature
    assert caught.value.row == (1 if feature else 0)
    assert caught.value.expected


def test_missing_values_where_the_model_takes_them() -> None:
    encoder = RowEncoder(columns(missing=True))
    table = encoder.encode([[None, 1, math.nan, 2]])
    assert math.isnan(table[0][0])
    assert math.isnan(table[0][2])
    assert table[0][1] == 1.0


def test_float32_columns_refuse_what_would_become_infinite() -> None:
    encoder = RowEncoder(columns(dtype="float32"))
    assert encoder.encode([[LARGEST["float32"], 0, 0, 0]])
    with pytest.raises(InvalidInput, match="too large for float32"):
        encoder.encode([[3.4028235677973366e38, 0, 0, 0]])


def test_text_columns() -> None:
    encoder = RowEncoder([{"name": "t", "kind": "text"}])
    assert encoder.encode([["word"]]) == [["word"]]
    with pytest.raises(InvalidInput, match="expected a string"):
        encoder.encode([[5]])


def test_rows_that_are_no_list() -> None:
    with pytest.raises(InvalidInput, match="expected a list of rows"):
        ENCODER.encode("5.1")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (False, "the boolean false"),
        ([], "a list of 0"),
        (10**30, "a very large number"),
        (1.5, "the number 1.5"),
        (b"", "a bytes"),
    ],
)
def test_describe(value: Any, words: str) -> None:
    assert describe(value) == words


def test_refusals_of_booleans_speak_json() -> None:
    column = {"name": "alone", "kind": "categorical", "dtype": "bool", "categories": [False, True], "missing": False}
    encoder = RowEncoder([column])
    with pytest.raises(InvalidInput, match=r"send true or false, without quotation marks$"):
        encoder.encode([["true"]])
    with pytest.raises(InvalidInput, match=r"row 0 has 2 values; expected a list of 1 value: alone"):
        encoder.encode([[True, False]])


def test_a_message_states_the_fix_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        ENCODER.encode([[1, 2, 3, "4"]])
    assert str(caught.value).endswith("send a number, without quotation marks")
    assert caught.value.expected == "a finite number"
