"""Cells of categories in a CSV body become what the category is: a text, a number, a boolean."""

from types import SimpleNamespace

import pytest

from iris_model.engine import InvalidInput
from iris_model.engine.rows import RowEncoder
from iris_model.runtime.card import row_schema
from iris_model.runtime.payloads import csv as payload_csv

COLUMNS = [
    {"name": "city", "kind": "categorical", "dtype": "str", "missing": False, "categories": ["7", "Rome"]},
    {"name": "size", "kind": "categorical", "dtype": "float64", "missing": True, "categories": [1, 2.5]},
    {"name": "member", "kind": "categorical", "dtype": "bool", "missing": False, "categories": [False, True]},
    {"name": "mixed", "kind": "categorical", "dtype": "object", "missing": True, "categories": ["x", 3]},
    {"name": "note", "kind": "text", "dtype": "str", "missing": False},
    {"name": "junk", "kind": "categorical", "dtype": "object", "missing": True, "categories": []},
]
REQUEST = SimpleNamespace(accept="")


def encode(body: str) -> list[object]:
    rows, _ = payload_csv.decode(body, REQUEST, COLUMNS)  # type: ignore[arg-type]  # only `accept` is looked at
    [row] = RowEncoder(COLUMNS).encode(rows)
    return row


def test_cells_become_what_their_column_holds() -> None:
    assert encode("7,1,True,3,  two spaces ,\n") == ["7", 1.0, 1.0, 3.0, "  two spaces ", None]
    assert encode("Rome,2.5,false,x,,anything\n") == ["Rome", 2.5, 0.0, "x", "", "anything"]
    row = encode("Oslo,,0,unseen,a,1\n")
    assert row[0] == "Oslo" and row[1] != row[1] and row[2:] == [0.0, "unseen", "a", "1"]


@pytest.mark.parametrize(
    ("body", "feature"),
    [(",1,true,x,a,\n", "city"), ("Rome,big,true,x,a,\n", "size"), ("Rome,1,maybe,x,a,\n", "member")],
)
def test_values_of_a_wrong_type_are_refused(body: str, feature: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        encode(body)
    assert caught.value.feature == feature


def test_a_number_is_no_category_of_texts() -> None:
    with pytest.raises(InvalidInput, match="the number 7; expected one of its categories \\('7', 'Rome'\\)"):
        RowEncoder(COLUMNS).encode([[7, 1, True, "x", "a", None]])


def test_schema_says_which_json_a_cell_may_be() -> None:
    types = {name: column["type"] for name, column in row_schema(COLUMNS)["properties"].items()}
    assert types["city"] == "string" and types["size"] == ["number", "null"]
    assert types["member"] == ["number", "boolean"] and types["note"] == "string"
    assert types["mixed"] == ["string", "number", "boolean", "null"]
