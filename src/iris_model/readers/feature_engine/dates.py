"""Convert steps that take dates and times apart. Source: feature_engine.datetime."""

from __future__ import annotations

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value

from .frame import REFUSED, open_frame

# The features that the operator has (engine/operators/cells/dates.py).
FEATURES = (
    *("month", "quarter", "semester", "year", "week", "day_of_week", "day_of_month", "day_of_year", "weekend"),
    *("month_start", "month_end", "quarter_start", "quarter_end", "year_start", "year_end", "leap_year"),
    *("days_in_month", "hour", "minute", "second"),
)
# A missing time has these features too.
ALWAYS_THERE = (
    *("semester", "weekend", "month_start", "month_end", "quarter_start", "quarter_end", "year_start", "year_end"),
    "leap_year",
)


def read_datetime_features(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert DatetimeFeatures: it adds the features of each time after the other columns."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    features = list(estimator.features_to_extract_)
    if problem := _find_problem(estimator, features):
        builder.refuse(f"DatetimeFeatures: {problem}")
        return REFUSED
    columns = list(estimator.variables_)
    if not columns:
        return frame.extended(None)
    chosen = frame.pick(columns)
    if any(trace.origin is None for trace in chosen.traces):
        builder.refuse("DatetimeFeatures: its column is computed by an earlier step; expected a column of the rows")
        return REFUSED
    builder.expect_text(chosen, dated=True)
    # pandas cannot convert the last two to integers if a time is missing.
    if estimator.missing_values != "ignore" or not {"week", "days_in_month"}.isdisjoint(features):
        builder.refuse_missing(chosen)
    attributes: dict[str, Json] = {
        "names": [str(column) for column in columns],
        "features": features,
        "to_utc": bool(estimator.utc),
    }
    traces = []
    for trace in chosen.traces:
        for feature in features:
            there = feature in ALWAYS_THERE
            traces.append(Trace() if there else Trace(trace.missing_from))
    made = builder.add("take_dates_apart", chosen, width=len(traces), traces=traces, attributes=attributes)
    return frame.extended(made, columns if estimator.drop_original else (), estimator._get_new_features_name())


def _find_problem(estimator: Estimator, features: list[str]) -> str | None:
    if estimator.variables == "index":
        return "it reads the index of the DataFrame, which a request does not have; make it a column"
    for option in ("dayfirst", "yearfirst", "format"):
        if getattr(estimator, option, None):
            return f"its {option} is set; a request has dates as ISO 8601 text, which needs no {option}"
    unknown = [feature for feature in features if feature not in FEATURES]
    return f"its feature is {unknown[0]!r}; expected one of {', '.join(FEATURES)}" if unknown else None


READERS: dict[str, Reader] = {
    "feature_engine.datetime.DatetimeFeatures": read_datetime_features,
}
