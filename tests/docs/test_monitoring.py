"""docs/how-to/monitoring.md: each query finds in captured lines what pandas finds in the rows."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pandas
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from iris_model.runtime.capture import Sampler
from tests.support.book import REPOSITORY, read_blocks
from tests.support.logs_insights import discover, run_query

PAGE = REPOSITORY / "docs/how-to/monitoring.md"
QUERIES = [block.text for block in read_blocks(PAGE) if block.words == ("insights",)]
# 2026-11-30 00:00 UTC; a row every ten minutes.
START, STEP = 1_796_256_000.0, 600
LENGTH, WIDTH = "petal length (cm)", "petal width (cm)"
REPORT = (
    "REPORT RequestId: {0}\tDuration: {1} ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: {2} MB\t"
)


@pytest.fixture(scope="module")
def frame() -> pandas.DataFrame:
    """Rows that drift: later ones are longer, and some widths are missing. With their answers, and their times."""
    iris = load_iris(as_frame=True)
    rows = iris.data.sample(frac=1, random_state=3).reset_index(drop=True)
    original = LogisticRegression(max_iter=500).fit(iris.data, iris.target_names[iris.target])
    rows[LENGTH] *= 1 + rows.index / 150
    frame = rows.assign(predict=original.predict(rows))
    frame["certainty"] = original.predict_proba(rows).max(axis=1)
    frame["probabilities"] = list(original.predict_proba(rows))
    frame.loc[frame.index % 7 == 0, WIDTH] = None
    frame["time"] = START + frame.index * STEP
    return frame


@pytest.fixture(scope="module")
def events(frame: pandas.DataFrame) -> list[Any]:
    """The lines that the runtime writes for these rows, REPORT lines, and a line of something else."""
    data = load_iris(as_frame=True).data
    columns: list[Any] = [
        {"name": name, "minimum": data[name].min(), "maximum": data[name].max()} for name in data.columns
    ]
    capture = Sampler(columns, ("predict", "predict_proba"), 1, frozenset())
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        rows = frame[list(data.columns)].astype(object).where(frame[list(data.columns)].notna(), None)
        answers = [frame["predict"].tolist(), [list(map(float, each)) for each in frame["probabilities"]]]
        capture.take(rows.to_numpy().tolist(), answers)
    lines = output.getvalue().splitlines()
    assert len(lines) == len(frame)
    found = [discover(line, time) for line, time in zip(lines, frame["time"])]
    for index, time in enumerate(frame["time"]):
        init = "Init Duration: 80.5 ms\t" if index % 50 == 0 else ""
        found.append(discover(REPORT.format(index, 1.5 + index / 100, 30 + index % 5) + init, time))
    return [*found, discover("few rows", START)]


def by_hour(frame: pandas.DataFrame) -> Any:
    return frame.groupby(frame["time"] // 3600 * 3600)


def column(result: list[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in result]


def test_the_page_has_these_queries() -> None:
    assert len(QUERIES) == 6


def test_rows_outside_of_the_training_range(frame: pandas.DataFrame, events: list[Any]) -> None:
    data = load_iris(as_frame=True).data[LENGTH]
    outside = ~frame[LENGTH].between(data.min(), data.max())
    result = run_query(QUERIES[0], events)
    expected = by_hour(frame.assign(outside=outside))["outside"].sum()
    assert [value or 0 for value in column(result, "outside")] == expected.tolist()
    assert column(result, "rows") == [6] * 25
    assert column(result, "share")[-1] == expected.iloc[-1] / 6 > 0


def test_missing_values(frame: pandas.DataFrame, events: list[Any]) -> None:
    result = run_query(QUERIES[1], events)
    assert [value or 0 for value in column(result, "missing")] == by_hour(frame)[WIDTH].agg(
        lambda each: each.isna().sum()
    ).tolist()


def test_the_distribution_of_a_column(frame: pandas.DataFrame, events: list[Any]) -> None:
    result = run_query(QUERIES[2], events)
    days = frame.groupby(frame["time"] // 86400)[LENGTH]
    assert column(result, "mean") == pytest.approx(days.mean().tolist())
    assert column(result, "lowest") == days.min().tolist() and column(result, "highest") == days.max().tolist()
    assert len(result) == 2 and result[1]["mean"] > result[0]["mean"]


def test_the_distribution_of_answers(frame: pandas.DataFrame, events: list[Any]) -> None:
    result = run_query(QUERIES[3], events)
    assert {row["answer.predict"]: row["rows"] for row in result} == frame["predict"].value_counts().to_dict()
    assert column(result, "rows") == sorted(column(result, "rows"), reverse=True)


def test_uncertain_answers(frame: pandas.DataFrame, events: list[Any]) -> None:
    result = run_query(QUERIES[4], events)
    hours = by_hour(frame)["certainty"].agg(lambda each: (each < 0.6).sum())
    assert column(result, "uncertain") == hours[hours > 0].tolist()
    assert sum(column(result, "uncertain")) > 0


def test_time_and_cold_starts(frame: pandas.DataFrame, events: list[Any]) -> None:
    result = run_query(QUERIES[5], events)
    assert column(result, "invocations") == [6] * 25
    assert sum(column(result, "cold")) == 3
    assert result[0]["slowest"] == pytest.approx(1.55) and result[0]["memory"] == 34e6


def test_unsupported_query_syntax_is_an_error() -> None:
    with pytest.raises(ValueError, match="not implemented"):
        run_query("filter abs(x) > 1", [{"x": 1}])
    with pytest.raises(ValueError, match="not implemented"):
        run_query("filter x = 1 and y = 2", [{"x": 1, "y": 2}])
