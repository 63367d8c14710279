"""Rows that are one text, columns that a model drops, and bodies with more columns than it knows."""

from types import SimpleNamespace
from typing import Any

import pytest

from iris_model.engine import InvalidInput
from iris_model.runtime.payloads import (
    csv as payload_csv,
)
from iris_model.runtime.payloads import (
    predictions as payload_predictions,
)
from iris_model.runtime.payloads import (
    rows as payload_rows,
)

TEXT = [{"name": "text", "kind": "text", "dtype": "str", "missing": False}]
NUMBER = {"name": "10", "kind": "numeric", "dtype": "float64", "missing": False}
OTHER = {"name": "20", "kind": "numeric", "dtype": "float64", "missing": False}
DROPPED = {
    **{"name": "when", "kind": "categorical", "dtype": "object", "missing": True, "categories": []},
    **{"optional": True, "dropped": True},
}
COLUMNS = [NUMBER, DROPPED]
REQUEST: Any = SimpleNamespace(accept="")


@pytest.mark.parametrize(
    ("payload", "rows", "one"),
    [
        ("a text", [["a text"]], True),
        (["a text"], [["a text"]], True),
        (["a", "b"], [["a"], ["b"]], False),
        ([["a"], ["b"]], [["a"], ["b"]], False),
        ([{"text": "a"}], [["a"]], False),
    ],
)
def test_a_string_is_one_row(payload: Any, rows: list[Any], one: bool) -> None:
    assert payload_rows.decode(payload, REQUEST, TEXT) == (rows, one)


@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_texts_as_instances(key: str) -> None:
    assert payload_predictions.decode({key: ["a", "b"]}, REQUEST, TEXT) == ([["a"], ["b"]], None)


def test_a_text_is_no_row_of_numbers() -> None:
    with pytest.raises(InvalidInput, match="the payload is the string 'a'; expected one row"):
        payload_rows.decode("a", REQUEST, [NUMBER])


def test_dropped_columns_are_optional() -> None:
    assert payload_rows.decode({"10": 1.5}, REQUEST, COLUMNS) == ([[1.5, None]], True)
    assert payload_csv.decode("10\n1.5\n", REQUEST, COLUMNS)[0] == [[1.5, None]]
    with pytest.raises(InvalidInput, match="unknown feature 'more'"):
        payload_rows.decode({"10": 1.5, "more": 1}, REQUEST, COLUMNS)
    with pytest.raises(InvalidInput, match="unknown feature 'more'"):  # of a model that drops everything, too
        payload_rows.decode({"more": 1}, REQUEST, [DROPPED])


@pytest.mark.parametrize(
    "payload",
    [
        {"dataframe_records": [{"10": 1.5, "more": "x"}]},
        {"dataframe_split": {"columns": ["more", "10"], "data": [["x", 1.5]]}},
        {"inputs": {"10": [1.5], "more": ["x"]}},
        {"inputs": [{"10": 1.5, "more": "x"}]},
    ],
)
def test_mlflow_ignores_what_the_model_does_not_know(payload: Any) -> None:
    assert payload_predictions.decode(payload, REQUEST, COLUMNS) == ([[1.5, None]], None)


def test_instances_are_not_of_mlflow() -> None:
    with pytest.raises(InvalidInput, match="unknown feature 'more'"):
        payload_predictions.decode({"instances": [{"10": 1.5, "more": "x"}]}, REQUEST, COLUMNS)


def test_a_first_line_of_numbers_is_a_header_if_it_names_all_columns() -> None:
    both = [NUMBER, OTHER]
    assert payload_csv.decode("20,10\n1,2\n", REQUEST, both)[0] == [[2.0, 1.0]]
    assert payload_csv.decode("10,5\n1,2\n", REQUEST, both)[0] == [[10.0, 5.0], [1.0, 2.0]]
