"""Rows for typed columns: what stays an integer, what becomes a date, and which rows may share a table."""

import math
from datetime import datetime

import pytest

from iris_model.engine.errors import InvalidInput
from iris_model.engine.typed_rows import TypedRowEncoder

COLUMNS = [
    {"name": "id", "kind": "numeric", "dtype": "int64", "missing": True},
    {"name": "when", "kind": "text", "dtype": "datetime64", "missing": True},
    {"name": "at", "kind": "text", "dtype": "datetime64, UTC", "missing": True},
    {"name": "store", "kind": "categorical", "dtype": "object", "categories": [1, 2], "missing": True},
    {"name": "flag", "kind": "categorical", "dtype": "bool", "categories": [False, True], "missing": True},
]
ROW = [7, "2024-02-03", "2024-02-03T10:00:00+02:00", 2.0, True]


def encode(**changes):
    row = [changes.get(column["name"], cell) for column, cell in zip(COLUMNS, ROW, strict=True)]
    return TypedRowEncoder(COLUMNS).encode([row])[0]


def test_cells_are_what_pandas_would_have_read():
    assert encode() == [7, datetime(2024, 2, 3), datetime(2024, 2, 3, 8), 2, 1.0]
    assert [type(cell) for cell in encode()] == [int, datetime, datetime, int, float]
    assert encode(id=2**53 + 1)[0] == 2**53 + 1 and encode(id=7.0)[0] == 7 and type(encode(id=7.0)[0]) is int
    assert encode(id=7.5)[0] == 7.5 and math.isnan(encode(id=None)[0])
    assert encode(store="2")[3] == "2" and encode(store=2.5)[3] == 2.5
    assert encode(when="2024-09-03 10:00:00Z")[1] == datetime(2024, 9, 3, 10)
    assert encode(when=None)[1] is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"when": "tomorrow"}, "feature 'when': the value is the string 'tomorrow'; expected a date and time"),
        ({"when": "2024-02-03T10:00:00+02:00"}, "has the offset of a time zone, and the model was trained without"),
        ({"when": 20240203}, "feature 'when': the value is the number 20240203"),
        ({"id": 2**63}, "feature 'id': the value is too large for int64"),
        ({"id": "7"}, "feature 'id': the value is the string '7'; send a number, without quotation marks"),
    ],
)
def test_values_of_another_type_are_refused(changes, says):
    with pytest.raises(InvalidInput, match=f"row 0, .*{says}" if "feature" not in says else f"row 0, {says}") as caught:
        encode(**changes)
    assert caught.value.row == 0 and caught.value.feature in changes


def test_a_missing_cell_does_not_change_the_column_of_other_rows():
    encoder = TypedRowEncoder(COLUMNS)
    rows = [ROW, [None, *ROW[1:]], ROW, [7.5, *ROW[1:]], [*ROW[:4], None]]
    assert encoder.group(encoder.encode(rows)) == [[0, 2], [1, 3], [4]]


def test_a_closed_column_refuses_unknown_categories():
    column = {
        "name": "c",
        "kind": "categorical",
        "dtype": "category",
        "categories": ["a"],
        "missing": True,
        "closed": True,
    }
    assert TypedRowEncoder([column]).encode([["a"], [None]]) == [["a"], [None]]
    with pytest.raises(InvalidInput, match="the value is the string 'b'; expected a category that training met"):
        TypedRowEncoder([column]).encode([["b"]])


def in_zone(*offsets):
    return TypedRowEncoder([{**COLUMNS[2], "offsets": list(offsets)}])


def test_a_date_keeps_the_offset_of_its_time_zone():
    # Berlin: the hour of a day is 10 in both rows. Each offset has its own table, as pandas has one for a column.
    encoder = in_zone(3600, 7200)
    rows = [["2024-02-03T10:00:00+01:00"], ["2024-07-03T10:00:00+02:00"], ["2024-02-04T10:00:00+01:00"], [None]]
    table = encoder.encode(rows)
    assert [cells[0].hour for cells in table[:3]] == [10, 10, 10] and table[3] == [None]
    assert encoder.group(table) == [[0, 2], [1], [3]]
    for text in ("2024-02-03T10:00:00Z", "2024-02-03T10:00:00"):
        with pytest.raises(InvalidInput, match=r"no offset of the time zone.*\+01:00, \+02:00"):
            encoder.encode([[text]])


def test_a_date_moves_to_the_only_offset_of_training():
    encoder = in_zone(-19800)
    for text in ("2024-02-03T10:00:00Z", "2024-02-03T04:30:00-05:30", "2024-02-03T04:30:00"):
        assert encoder.encode([[text]])[0][0].isoformat() == "2024-02-03T04:30:00-05:30"
