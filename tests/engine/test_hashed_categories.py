"""The hash of a category, and the refusals of cells that CatBoost refuses."""

import re

import catboost as cb
import numpy as np
import pandas as pd
import pytest

from iris_model.engine.errors import InvalidInput
from iris_model.engine.operators.hashed.categories import MOST_KEPT, category_positions, hash_categories
from iris_model.engine.operators.hashed.statistics import category_statistics

QUIET = {"iterations": 1, "verbose": 0, "allow_writing_files": False, "thread_count": 1}


def hash_of(cell):
    return hash_categories([[cell]], names=["city"])[0][0]


def hashes_of_catboost(texts, path):
    """Return the hash of each string as CatBoost writes it into the Python code of a model."""
    frame = pd.DataFrame({"city": texts})
    model = cb.CatBoostRegressor(**QUIET, cat_features=["city"]).fit(frame, np.arange(len(frame)) % 7)
    model.save_model(str(path), format="python", pool=cb.Pool(frame, cat_features=["city"]))
    lines = path.read_text(encoding="utf-8")
    block = re.search(r"cat_features_hashes = (\{.*?\n\s*\})", lines, re.DOTALL).group(1)
    # The file has one character for each byte.
    return {text.encode("latin-1").decode(): number % 2**32 for text, number in eval(block).items()}


def test_strings_of_every_length_have_the_hash_of_catboost(tmp_path):
    random = np.random.RandomState(3)
    letters = np.array(list("abcdefghijklm XYZ_0123456789\u00fc\u00df\u6f22\U0001f600"))
    texts = ["".join(random.choice(letters, size)) for size in [*range(1, 131), 192, 255, 256, 257, 1000]]
    expected = hashes_of_catboost(texts, tmp_path / "model.py")
    assert set(texts) <= set(expected)
    assert {text: hash_of(text) for text in texts} == {text: float(expected[text]) for text in texts}


def test_an_integer_is_the_string_of_its_digits():
    for number, text in ((7.0, "7"), (-3.0, "-3"), (0.0, "0"), (-0.0, "0"), (1e15, "1000000000000000")):
        assert hash_of(number) == hash_of(text)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (7.5, "the value is 7.5; expected a string or an integer"),
        (2.0**53, "a large integer is not exact; expected a string of digits"),
        (float("inf"), "a large integer is not exact"),
        (float("nan"), "the value is missing"),
        (None, "the value is missing"),
        ("\ud800", "half of a surrogate pair"),
    ],
)
def test_a_cell_that_is_no_category_is_refused(cell, message):
    with pytest.raises(InvalidInput, match=f"row 1, feature 'city': .*{re.escape(message)}"):
        hash_categories([["fine"], [cell]], names=["city"])


def test_kept_hashes_are_bounded():
    memo = {}
    texts = [f"{number}" for number in range(MOST_KEPT + 10)]
    hash_categories([[text] for text in texts], names=["city"], memo=memo)
    assert len(memo) <= MOST_KEPT
    assert hash_categories([["1"], ["x" * 1000]], names=["city"], memo=memo) == [[hash_of("1")], [hash_of("x" * 1000)]]
    assert "x" * 1000 not in memo


def test_unknown_categories_have_no_position_and_the_level_of_no_statistics():
    hashes = [[5.0, 9.0], [6.0, 8.0], [4e9, 1.0]]
    positions = category_positions(hashes, columns=[1, 0], known=[9, 8, 5], starts=[0, 2, 3])
    assert positions == [[0.0, 0.0], [1.0, -1.0], [-1.0, -1.0]]
    one = {"categories": [], "above": [[0, 0.5, True]], "equal": [[1, 8]], "count": 2}
    multiplier, whole = 0x4906BA494954CB65, 2**64
    yes_no = multiplier**3 % whole
    numbers = [[0.7], [float("nan")], [0.5]]
    parameters = {"projections": [one], "keys": [yes_no], "starts": [0, 1], "levels": [3, 4], "absent": [1, 2]}
    assert category_statistics(hashes, numbers, **parameters) == [[3, 4], [1.0, 2.0], [1.0, 2.0]]
