"""Golden rows as a caller writes them."""

import json

from iris_model.contract.golden import as_sent

COLUMNS = [
    {"name": "smoker", "kind": "categorical", "dtype": "bool", "categories": [False, True]},
    {"name": "rooms", "kind": "numeric", "dtype": "float64"},
    {"name": "code", "kind": "categorical", "dtype": "object", "categories": [1.0, "a"]},
]


def written(row):
    return json.dumps(as_sent(row, COLUMNS))


def test_booleans_and_whole_numbers():
    assert written([1.0, 3.0, 1.0]) == "[true, 3, 1.0]"
    assert written([0.0, -3.0, "a"]) == '[false, -3, "a"]'
    assert written([None, 2.5, None]) == "[null, 2.5, null]"


def test_floats_that_stay_floats_in_golden_rows():
    assert written([1.0, -0.0, "a"]) == '[true, -0.0, "a"]'
    assert written([1.0, 1e300, "a"]) == '[true, 1e+300, "a"]'
    assert written([1.0, float("nan"), "a"]) == '[true, NaN, "a"]'
