"""Dates in requests: ISO 8601 text, taken apart as feature-engine takes apart the datetimes of a DataFrame."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from iris_model.compiler import compile_model
from iris_model.compiler.emit import emit
from iris_model.compiler.passes import run_passes
from iris_model.engine import InvalidInput, load
from iris_model.errors import UnsupportedModel
from iris_model.readers import read_estimator

pytest.importorskip("feature_engine")
from feature_engine.datetime import DatetimeFeatures
from feature_engine.encoding import OneHotEncoder

random = np.random.RandomState(6)
WHEN = pd.Series(pd.to_datetime("2019-12-28") + pd.to_timedelta(random.randint(0, 1500 * 86400, 150), unit="s"))
FRAME = pd.DataFrame({"x": random.normal(size=150).round(2), "when": WHEN, "day": WHEN.dt.normalize()})
TARGET = FRAME["x"] + FRAME["when"].dt.hour
# The ends of months, quarters, years and weeks, leap days, and years that are none.
EDGES = [
    *(
        "2020-02-28T23:59:59",
        "2020-02-29T00:00:00",
        "2100-02-28T12:00:00",
        "2000-02-29T06:30:00",
        "2021-01-01T00:00:00",
    ),
    *(
        "2020-12-31T23:59:59",
        "2024-12-30T00:00:00",
        "2027-01-03T01:02:03",
        "2022-06-30T00:00:00",
        "2022-07-01T00:00:00",
    ),
    *(
        "2023-09-30T10:00:00",
        "2023-10-01T00:00:00",
        "1970-01-01T00:00:00",
        "1900-03-01T00:00:00",
        "2016-02-29T13:14:15",
    ),
]


def converted(model, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(emit(run_passes(read_estimator(model)), {}))
    return load(str(path))


def as_rows(frame):
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return [[cell.isoformat() if hasattr(cell, "isoformat") else cell for cell in row] for row in rows]


@pytest.mark.parametrize("missing", ["raise", "ignore"])
def test_every_feature_of_every_day(missing, tmp_path):
    features = [one for one in ("week", "days_in_month") if missing == "raise"] + [
        *(
            "month",
            "quarter",
            "semester",
            "year",
            "day_of_week",
            "day_of_month",
            "day_of_year",
            "weekend",
            "month_start",
        ),
        *(
            "month_end",
            "quarter_start",
            "quarter_end",
            "year_start",
            "year_end",
            "leap_year",
            "hour",
            "minute",
            "second",
        ),
    ]
    step = DatetimeFeatures(features_to_extract=features, missing_values=missing).fit(FRAME)
    served = converted(step, tmp_path)
    edges = FRAME.iloc[: len(EDGES)].assign(when=pd.to_datetime(pd.Series(EDGES)))
    frame = pd.concat([FRAME, edges], ignore_index=True)
    if missing == "ignore":
        frame.loc[::7, "when"] = pd.NaT
    found = np.array(served.transform(as_rows(frame)), float)
    np.testing.assert_array_equal(found, step.transform(frame).to_numpy(float))
    assert [column["dtype"] for column in served.signature["columns"]] == ["float64", "datetime64", "datetime64"]
    assert served.signature["columns"][1]["missing"] is (missing == "ignore")


def test_a_pipeline_is_verified(tmp_path):
    steps = (
        DatetimeFeatures(variables=["when"], features_to_extract=["month", "week", "hour", "weekend"]),
        OneHotEncoder(variables=["when_month"], ignore_format=True),
        Ridge(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make_pipeline(*steps).fit(FRAME[["x", "when"]], TARGET)
        compilation = compile_model(model, data=as_rows(FRAME[["x", "when"]]))
    assert compilation.report.rows["given"] == 150
    path = tmp_path / "model.safetensors"
    path.write_bytes(compilation.data)
    served = load(str(path))
    right = model.predict(FRAME[["x", "when"]])
    np.testing.assert_allclose(served.predict(as_rows(FRAME[["x", "when"]])), right, rtol=1e-9)
    # The same moment in other forms.
    rows = [
        [0.5, text] for text in ("2024-02-03T00:00:00", "2024-02-03 00:00:00", "2024-02-03", "2024-02-03T00:00:00Z")
    ]
    assert len(set(served.predict(rows))) == 1
    for text, reason in (
        ("2024-02-03T00:00:00+02:00", "offset of a time zone"),
        ("3 May", "ISO 8601"),
        ("", "ISO 8601"),
    ):
        with pytest.raises(InvalidInput, match=rf"row 0, feature 'when': .*{reason}"):
            served.predict([[0.5, text]])
    with pytest.raises(InvalidInput, match="missing"):
        served.predict([[0.5, None]])


def test_times_are_converted_to_utc_as_the_original_does(tmp_path):
    texts = pd.DataFrame({"when": ["2024-02-03T01:00:00+02:00", "2024-12-31T23:30:00-05:00", "2024-06-01T00:00:00Z"]})
    step = DatetimeFeatures(features_to_extract=["year", "day_of_month", "hour", "minute"], utc=True).fit(texts)
    served = converted(step, tmp_path)
    found = np.array(served.transform(texts.to_numpy().tolist()), float)
    np.testing.assert_array_equal(found, step.transform(texts).to_numpy(float))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dayfirst": True}, "its dayfirst is set"),
        ({"format": "%Y-%m-%d"}, "its format is set"),
        ({"features_to_extract": ["month"], "drop_original": False}, "returns the strings of column 'when'"),
    ],
)
def test_refusals(options, reason):
    step = DatetimeFeatures(variables=["when"], **options).fit(FRAME[["x", "when"]])
    with pytest.raises(UnsupportedModel, match=reason):
        read_estimator(step)
