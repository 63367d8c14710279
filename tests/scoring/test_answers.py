"""Answers of the Python API: those of a request, and those of the original, in arrays of its types."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

import iris_model as im
from iris_model.engine import native
from iris_model.runtime.payloads import order_features
from iris_model.scoring import core
from tests.scoring.models import CASES, METHODS, ROWS, case
from tests.support.spread import spread


def asked(model: Any, rows: Any) -> list[Any]:
    """Rows as a request has them."""
    columns = model.signature["columns"]
    if isinstance(rows, pd.DataFrame):
        return rows[[column["name"] for column in columns]].values.tolist()
    if isinstance(rows[0], dict):
        return [order_features(row, columns, 0, False) for row in rows]
    return [[row] for row in rows] if isinstance(rows[0], str) else rows.tolist()


def parts_of(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]


@pytest.mark.parametrize("few", [False, True], ids=["many", "few"])
@pytest.mark.parametrize("name", spread(CASES, 3))
def test_answers_are_those_of_a_request_and_of_the_original(name: str, few: bool) -> None:
    original, model, rows = case(name)
    rows = rows[:5] if few else rows
    known = asked(model, rows)
    for method in METHODS:
        if not hasattr(original, method) or method not in model.methods:
            continue
        ours, theirs = getattr(model, method)(rows), getattr(original, method)(rows)
        (request,) = model._core.evaluator.evaluate(known, (method,))
        for target, (one, other) in enumerate(zip(parts_of(ours), parts_of(theirs), strict=True)):
            one, other = np.asarray(one), np.asarray(other)
            expected = [row[target] for row in request] if isinstance(theirs, list) else request
            assert one.shape == other.shape, method
            assert one.tolist() == expected, method
            if method == "predict" and name != "several":
                assert one.dtype == other.dtype
                assert (one == other).all() if other.dtype.kind != "f" else np.allclose(one, other, rtol=1e-9)
            elif method != "predict":
                assert np.allclose(one, other, rtol=1e-6, atol=1e-9), method


@pytest.mark.parametrize("name", CASES)
def test_parts_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, model, rows = case(name)
    method = model.methods[0]
    whole = np.asarray(getattr(model, method)(rows))
    monkeypatch.setattr(core, "PART_CELLS", 300)
    monkeypatch.setattr(core, "PART_ROWS", 70)
    assert (np.asarray(getattr(model, method)(rows)) == whole).all()


def test_without_kernels_python_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    _, model, rows = case("texts")
    with_kernels = model.predict(rows)
    monkeypatch.setattr(native, "_found", [None])
    assert (im.compile(case("texts")[0]).predict(rows) == with_kernels).all()


@pytest.mark.parametrize("name", ["numbers", "several", "regressor", "targets", "transformer"])
def test_no_rows_give_empty_arrays(name: str) -> None:
    _, model, rows = case(name)
    for method in model.methods:
        many = getattr(model, method)(rows)
        none = getattr(model, method)(rows[:0])
        for one, other in zip(parts_of(none), parts_of(many), strict=True):
            assert one.shape == (0, *other.shape[1:])
            assert one.dtype == other.dtype or name == "several"


def test_arrays_of_every_type_and_layout() -> None:
    original, model, _ = case("numbers")
    whole = np.arange(4 * 300).reshape(300, 4) % 9
    expected = original.predict(whole).tolist()
    for dtype in "b B h H i I l L q Q f d e >f8 >i4 object".split():
        assert model.predict(whole.astype(dtype)).tolist() == expected, dtype
    assert model.predict(np.asfortranarray(whole, dtype=float)).tolist() == expected
    assert model.predict(whole.astype(float)[::-1]).tolist() == expected[::-1]
    assert model.predict(np.repeat(whole, 2, axis=1)[:, ::2]).tolist() == expected
    assert model.predict(whole > 4).tolist() == original.predict(whole > 4).tolist()
    assert model.predict(np.ma.masked_array(whole, mask=False)).tolist() == expected


def test_an_answer_may_be_written_to() -> None:
    _, model, rows = case("numbers")
    for method in model.methods:
        assert getattr(model, method)(rows).flags.writeable


def test_threads_share_a_model() -> None:
    _, model, rows = case("texts")
    expected = model.predict_proba(rows)
    wrong: list[Any] = []

    def ask() -> None:
        wrong.extend(1 for _ in range(20) if not (model.predict_proba(rows) == expected).all())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


BAD = {
    "not a number": (np.nan, "row 333, feature .*: the value is NaN"),
    "infinite": (np.inf, "row 333, feature .*: the value is infinite"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_cell_is_named_wherever_it_is(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cell, message = BAD[what]
    _, model, _ = case("numbers")
    rows = ROWS.copy()
    rows[333, 2] = cell
    monkeypatch.setattr(core, "PART_CELLS", 400)
    for given in (rows, rows.tolist(), pd.DataFrame(rows)):
        with pytest.raises(im.InvalidInput, match=message) as caught:
            model.predict(given)
        assert caught.value.row == 333


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros(4), "1 dimension"),
        (np.zeros((2, 2, 2)), "3 dimensions"),
        (np.zeros((2, 3)), "3 columns; expected 4"),
        ([1.0, 2.0, 3.0, 4.0], "one row"),
        ([[1.0, 2.0]], "row 0 has 2 values"),
        ([[1.0, "x", 3.0, 4.0]], "row 0, feature"),
        (7, "a int; expected"),
        ("text", "a str; expected"),
        ([[1.0] * 4, 5], "row 1 is a int"),
        ({"a": [1.0], "b": [2.0, 3.0], "c": [1.0], "d": [1.0]}, "1 and 2 cells"),
    ],
)
def test_inputs_that_are_not_tables_are_refused(given: Any, message: str) -> None:
    with pytest.raises(im.InvalidInput, match=message):
        case("numbers")[1].predict(given)


def test_a_missing_method_is_refused() -> None:
    with pytest.raises(AttributeError, match="no transform; it has predict, predict_proba, decision_function"):
        case("numbers")[1].transform(ROWS)


def test_parts_have_labels_of_different_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of parts are stored where they belong, also if the first part has only short labels."""
    monkeypatch.setattr(core, "PART_ROWS", 50)
    original, model, frame = case("mixed")
    for method in model.methods:
        whole = np.asarray(getattr(model, method)(frame))
        assert np.array_equal(
            whole, np.concatenate([getattr(model, method)(frame[at : at + 50]) for at in range(0, 200, 50)])
        )
    first, second = core.as_array(["a", "b"]), core.as_array(["abc", "a long label"])
    whole = core._fill(core._fill(core._make_room(first, 4), first, 0), second, 2)
    assert whole.tolist() == ["a", "b", "abc", "a long label"]
    mixed = core._fill(core._fill(core._make_room(first, 4), first, 0), core.as_array([1, "x"]), 2)
    assert mixed.tolist() == ["a", "b", 1, "x"]
    assert list(map(str, model.predict(frame))) == list(map(str, original.predict(frame)))
