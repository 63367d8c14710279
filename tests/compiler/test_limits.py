"""Calls to a model that refuses nearly every row are limited in number and time; the report names what was not tried."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer

from iris_model.compiler import compile_model
from iris_model.compiler.original import Original
from iris_model.compiler.parity.asking import Limit, ask
from iris_model.compiler.parity.enough import keep_compared
from iris_model.compiler.parity.report import MethodReport, ParityReport
from iris_model.compiler.parity.searching import search_domains
from iris_model.errors import IrisModelError
from iris_model.readers import read_estimator

X = np.random.default_rng(0).uniform(1.0, 5.0, size=(300, 4))
MODEL = make_pipeline(PowerTransformer("box-cox"), Ridge()).fit(X, X[:, 0])


class Counted:
    """Refuses the rows that `refuses` selects, and counts its calls."""

    def __init__(self, refuses):
        self.refuses, self.calls = refuses, 0

    def __call__(self, rows, methods):
        self.calls += 1
        if any(self.refuses(row) for row in rows):
            raise ValueError("refused")
        return {method: [row[0] for row in rows] for method in methods}


def test_rows_that_are_refused_cost_no_more_calls_than_the_limit():
    evaluate, limit = Counted(lambda row: True), Limit(calls=100)
    answers = ask(evaluate, [[float(index)] for index in range(10_000)], ("predict",), Exception, limit)
    assert answers == [{}] * 10_000
    assert 100 <= evaluate.calls <= 100 + 20
    assert 9_900 < limit.untried < 10_000


def test_rows_that_are_refused_cost_no_more_time_than_the_limit():
    evaluate, limit = Counted(lambda row: True), Limit(seconds=0.0)
    assert ask(evaluate, [[1.0]] * 100, ("predict",), Exception, limit) == [{}] * 100
    assert evaluate.calls == 1 and limit.untried == 100


def test_few_refused_rows_are_found_within_the_limit():
    evaluate, limit = Counted(lambda row: row[0] % 1000 == 7), Limit()
    answers = ask(evaluate, [[float(index)] for index in range(10_000)], ("predict",), Exception, limit)
    assert [index for index, answer in enumerate(answers) if not answer] == list(range(7, 10_000, 1000))
    assert limit.untried == 0


def test_a_search_stops_at_its_limit():
    original, limit = Original(MODEL), Limit(calls=50)
    original.evaluate = Counted(lambda row: True)
    assert search_domains(original, read_estimator(MODEL), (), ("predict",), limit) is None
    assert limit.stopped and original.evaluate.calls < 100


def test_a_search_that_stops_keeps_what_it_found():
    original, limit = Original(MODEL), Limit(calls=180)
    original.evaluate = Counted(lambda row: min(row) <= 0)
    domains = search_domains(original, read_estimator(MODEL), (), ("predict",), limit)
    assert limit.stopped and domains is not None and (domains.ranges[:, 0] > 0).all()


def test_data_of_which_no_row_is_answered_is_refused_at_once(monkeypatch):
    asked = []
    evaluate = Original.evaluate

    def count(self, rows, methods):
        asked.append(len(rows))
        return evaluate(self, rows, methods)

    monkeypatch.setattr(Original, "evaluate", count)
    with pytest.raises(
        IrisModelError, match=r"none of the 256 rows that were tried \(of 30,000\); on the first"
    ) as caught:
        compile_model(MODEL, data=np.tile(-X, (100, 1)).tolist())
    assert "strictly positive" in caught.value.problem
    assert len(asked) < 1000


def test_data_of_which_few_rows_are_answered_is_limited_and_reported(monkeypatch):
    monkeypatch.setattr("iris_model.compiler.parity.asking.MOST_CALLS", 200)
    rows = np.tile(-X, (20, 1))
    rows[::40] = X[0]
    report = compile_model(MODEL, data=rows.tolist()).report
    assert report.untried > 1000
    said = f"{report.untried:,} rows left out: not tried one by one: the original refuses too many rows like them"
    assert said in str(report)
    assert "not tried one by one" in report.summary()


def test_a_stopped_search_asks_for_rows():
    report = ParityReport({"uniform": 500}, {"predict": MethodReport(500)}, 0, 0, 0, search_stopped=True)
    assert report.summary().endswith(
        "The search for rows that the original answers reached its limit of calls or time. "
        "To compare more, give training rows: --data rows.csv, or data in iris-model.toml."
    )


def test_too_few_rows_say_that_the_search_stopped():
    report = ParityReport({"uniform": 8}, {"predict": MethodReport(8)}, 0, 0, 600, untried=400, search_stopped=True)
    with pytest.raises(
        IrisModelError, match=r"400 of them were not tried one by one.*reached its limit of calls or time"
    ):
        keep_compared(read_estimator(MODEL), report, given=0)


def test_a_user_who_gave_rows_is_asked_for_more():
    met = {"thresholds": 10, "thresholds_tried": 100, "thresholds_total": 100}
    without = ParityReport({"uniform": 500}, {"predict": MethodReport(500)}, beyond=0, **met)
    given = ParityReport({"given": 20, "uniform": 500}, {"predict": MethodReport(520)}, beyond=0, **met)
    assert "give training rows: --data rows.csv" in without.advice()
    assert given.advice() == (
        "Your rows do not reach the other 90 thresholds. To compare rows that reach them, give more training rows in the "
        "same file."
    )
