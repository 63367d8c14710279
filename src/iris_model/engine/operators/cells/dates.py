"""Take dates and times apart. Sources: feature_engine.datetime.DatetimeFeatures, pandas.Series.dt.

A cell is ISO 8601 text. A time without an offset is as it is written, as in training. If the original converts times to
UTC, an offset is converted, and a time without one is in UTC.
"""

from datetime import UTC, datetime

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAN = float("nan")
ISO_8601 = "a date and time (ISO 8601), such as 2024-02-03T10:00:00"
MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def take_dates_apart(
    rows: "list[list[str | None]]", *, names: "Sequence[str]", features: "Sequence[str]", to_utc: bool
) -> "list[list[float]]":
    """Return the features of the first column, then those of the next ones.

    A missing cell has pandas' features of a missing time. Raises InvalidInput for text that is no time.
    """
    chosen = [(FEATURES[name], MISSING.get(name, NAN)) for name in features]
    table = []
    for index, row in enumerate(rows):
        cells: list[float] = []
        for cell, name in zip(row, names):
            if cell is None or cell != cell:
                cells += [missing for _, missing in chosen]
                continue
            moment = _read(cell, index, name, to_utc)
            cells += [float(function(moment)) for function, _ in chosen]
        table.append(cells)
    return table


def _read(cell: str, row: int, name: str, to_utc: bool) -> datetime:
    try:
        moment = datetime.fromisoformat(str(cell).strip())
    except ValueError:
        raise _refuse(row, name, repr(cell[:40])) from None
    offset = moment.utcoffset()
    if offset is None or to_utc:
        try:
            return moment if offset is None else moment.astimezone(UTC)
        except OverflowError:
            raise _refuse(row, name, repr(cell)) from None
    if offset:
        # The hour depends on the time zone of training, which the model does not store.
        raise _refuse(
            row, name, f"{cell!r}, with the offset of a time zone", "a time without an offset, as in training"
        )
    return moment


def _refuse(row: int, name: str, found: str, expected: str = ISO_8601) -> InvalidInput:
    return InvalidInput(
        f"row {row}, feature {name!r}: the value is {found}; expected {expected}",
        row=row,
        feature=name,
        expected=expected,
    )


def _is_leap(moment: datetime) -> bool:
    return moment.year % 4 == 0 and (moment.year % 100 != 0 or moment.year % 400 == 0)


def _days_in_month(moment: datetime) -> int:
    return 29 if moment.month == 2 and _is_leap(moment) else MONTH_LENGTHS[moment.month - 1]


def _ends_month(moment: datetime) -> bool:
    return moment.day == _days_in_month(moment)


FEATURES: "dict[str, Callable[[datetime], int]]" = {
    "month": lambda moment: moment.month,
    "quarter": lambda moment: (moment.month + 2) // 3,
    "year": lambda moment: moment.year,
    "day_of_week": lambda moment: moment.weekday(),
    "day_of_month": lambda moment: moment.day,
    "day_of_year": lambda moment: moment.timetuple().tm_yday,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
    "semester": lambda moment: 1 if moment.month <= 6 else 2,
    "week": lambda moment: moment.isocalendar()[1],
    "weekend": lambda moment: moment.weekday() > 4,
    "month_start": lambda moment: moment.day == 1,
    "month_end": _ends_month,
    "quarter_start": lambda moment: moment.day == 1 and moment.month % 3 == 1,
    "quarter_end": lambda moment: moment.month % 3 == 0 and _ends_month(moment),
    "year_start": lambda moment: moment.day == 1 and moment.month == 1,
    "year_end": lambda moment: moment.day == 31 and moment.month == 12,
    "leap_year": _is_leap,
    "days_in_month": _days_in_month,
}
# Comparisons with a missing number are false, so these features have a value for a missing time.
MISSING = {
    **dict.fromkeys(("month_start", "month_end", "quarter_start", "quarter_end"), 0.0),
    **dict.fromkeys(("year_start", "year_end", "leap_year"), 0.0),
    "semester": 2.0,
    "weekend": 1.0,
}
