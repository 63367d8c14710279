"""Every shape in which a model answers is one entry per row, or no answer."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from iris_model.engine.errors import UnusableAnswer
from iris_model.runtime.answers import Answers
from iris_model.runtime.executors.original_answers import plain_answers

TABLE = np.array([[0.25, 0.75], [1.0, 0.0]])
LABEL = {"kind": "label", "columns": 1}


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array(["a", np.str_("b")], dtype=object), ["a", "b"]),
        (pd.Series([1, 2], index=[7, 8]), [1, 2]),
        (pd.Series(["a", "b"]), ["a", "b"]),
        (pd.DataFrame(TABLE), TABLE.tolist()),
        (csr_matrix(TABLE), TABLE.tolist()),
        ([np.float64(1.5), 2], [1.5, 2]),
        ((True, False), [True, False]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        # One table for each of three targets.
        ([TABLE, TABLE, TABLE], [[row.tolist()] * 3 for row in TABLE]),
        (np.array([[1.0], [2.0]]), [[1.0], [2.0]]),
    ],
)
def test_one_entry_per_row(value, right):
    found = plain_answers(value, 2, {})
    assert found == right
    assert [type(one) for one in found] == [type(one) for one in right]


def test_a_table_of_one_column_of_labels():
    assert plain_answers(np.array([["a"], ["b"]]), 2, LABEL) == ["a", "b"]


@pytest.mark.parametrize(
    "value",
    [np.array([1.0]), np.array(3.0), 3.0, "ab", np.zeros((2, 2, 2, 2)), [pd.Timestamp(0)] * 2, [1j, 2j], {0: 1}],
)
def test_values_that_are_not_answers_are_refused(value):
    with pytest.raises(UnusableAnswer):
        plain_answers(value, 2, {})


def test_one_probability_is_that_of_the_second_class():
    answers = Answers("m", ["no", "yes"], ["yes"], [0.75])
    assert answers.detailed() == [{"prediction": "yes", "probabilities": {"yes": 0.75}}]
    assert answers.probability_names() == ["yes"]


def test_several_labels_have_a_probability_each():
    answers = Answers("m", [[0, 1]] * 3, [[1, 0, 1]], [[0.9, 0.2, 0.6]])
    assert answers.detailed()[0]["probabilities"] == [{"1": 0.9}, {"1": 0.2}, {"1": 0.6}]
