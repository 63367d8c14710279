"""Which categories of the rows become those of a column whose model stores only hashes."""

import pytest

from iris_model.compiler.hashed_columns import MOST_CATEGORIES, _find_categories, _hashes
from iris_model.runtime.payloads.csv import _as_category


@pytest.mark.parametrize(
    ("cells", "known", "expected"),
    [
        ({"b", "a", None}, "ab", ["a", "b"]),
        ({"10", "9", "-1"}, ["9", "10"], [-1, 9, 10]),
        ({"10", "09"}, ["10", "09"], ["09", "10"]),
        ({"--5", "5"}, "5", ["--5", "5"]),
        ({7.0, 3.0}, "73", [3, 7]),
        ({"True", "False"}, "01", [False, True]),
        ({True, False}, "01", [False, True]),
        ({"True", "False"}, ["True", "False"], ["False", "True"]),
        ({"true", "no"}, "01", ["no", "true"]),
        ({str(number) for number in range(MOST_CATEGORIES + 1)}, "01", []),
    ],
)
def test_categories(cells, known, expected):
    found = _find_categories(cells, _hashes(known))
    assert found == expected
    assert [type(one) for one in found] == [type(one) for one in expected]


@pytest.mark.parametrize(
    ("text", "expected"), [("True", True), ("false", False), (" TRUE ", True), ("0", False), ("x", "x")]
)
def test_a_cell_of_csv_is_a_boolean_where_the_categories_are(text, expected):
    found = _as_category(text, {"name": "open", "kind": "categorical", "dtype": "object", "categories": [False, True]})
    assert found == expected and type(found) is type(expected)
