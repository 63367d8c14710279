"""Find the times at which an EventBridge schedule fires: `rate(5 minutes)` or `cron(0/5 8-18 ? * MON-FRI *)`.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

HOURS_PER_MONTH = 730
_WEEK = 7 * 86_400
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_MONTHS = dict(zip("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), range(1, 13), strict=True))
_DAYS = dict(zip("SUN MON TUE WED THU FRI SAT".split(), range(1, 8), strict=True))
_DAY = "|".join(["[1-7]", *_DAYS])
# A year of 365 days. In other years, the number of days per month and weekday differs by at most one.
_YEAR = 2026


class _Field(NamedTuple):
    """One of the six fields of a cron expression: its name, its range, and its names for numbers."""

    name: str
    least: int
    most: int
    words: Mapping[str, int] = {}
    special: str = "(?!)"
    """A pattern of the special expressions of this field."""


_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of month", 1, 31, special=r"LW?|(?:[1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 1, 7, _DAYS, special=rf"(?:{_DAY})?L|(?:{_DAY})#[1-5]"),
    _Field("year", 1970, 2199),
)


@dataclass(frozen=True)
class Firings:
    """The times at which a schedule fires."""

    per_month: float
    """Times per month of 730 hours."""

    week: tuple[float, ...]
    """Seconds since Monday, midnight UTC, ascending; empty if weeks differ."""


def find_schedule_problem(schedule: str) -> str:
    """Return why EventBridge would refuse a cron expression of six fields, or ""."""
    found = re.fullmatch(r"cron\((.*)\)", schedule)
    if found is None:
        return ""
    texts = found[1].split(" ")
    for text, field in zip(texts, _FIELDS, strict=True):
        if problem := _find_problem(text, field):
            return problem
    if (texts[2] == "?") == (texts[4] == "?"):
        return "expected ? for either the day of month or the day of week"
    return ""


def find_firings(schedule: str) -> Firings:
    """Find when a schedule without problems fires."""
    rate = _RATE.fullmatch(schedule)
    if rate is not None:
        seconds = int(rate[1]) * _SECONDS[rate[2]]
        times = tuple(float(moment) for moment in range(0, _WEEK, seconds)) if seconds <= _WEEK else ()
        return Firings(HOURS_PER_MONTH * 3_600 / seconds, times)
    texts = schedule.removeprefix("cron(").removesuffix(")").split(" ")
    minutes, hours, _, months, week_days, _ = (_read(text, field) for text, field in zip(texts, _FIELDS, strict=True))
    a_day = len(minutes) * len(hours)
    start = datetime.date(_YEAR, 1, 1)
    year = [start + datetime.timedelta(days=number) for number in range(365)]
    days = [day for day in year if day.month in months and _is_day(day, texts[2], texts[4])]
    is_weekly = len(months) == 12 and texts[2] in ("?", "*") and not re.search("[L#]", texts[4])
    week = tuple(
        float(day * 86_400 + hour * 3_600 + minute * 60)
        for day in range(7)
        if (day + 1) % 7 + 1 in week_days
        for hour in sorted(hours)
        for minute in sorted(minutes)
    )
    return Firings(a_day * len(days) * HOURS_PER_MONTH / (365 * 24), week if is_weekly else ())


def _find_problem(text: str, field: _Field) -> str:
    if text == "?" and field.name.startswith("day"):
        return ""
    for part in text.split(","):
        if re.fullmatch(field.special, part):
            continue
        numbers = [_number(each, field) for each in re.split("[-/]", part) if each != "*"]
        has_form = re.fullmatch(r"(?:\*|\w+)(?:/\d+)?|\w+-\w+(?:/\d+)?", part)
        if has_form is None or None in numbers:
            return f"{field.name} {text!r} is not of the form 1, 1-5, 1,3 or 0/5"
        step = part.partition("/")[2]
        bounds = numbers[: len(numbers) - bool(step)]
        if step and not int(step):
            return f"{field.name} {text!r} has steps of 0"
        if any(each is not None and not field.least <= each <= field.most for each in bounds):
            return f"{field.name} {text!r} is outside {field.least}-{field.most}"
    return ""


def _number(text: str, field: _Field) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text)
    return field.words.get(text.upper())


def _read(text: str, field: _Field) -> set[int]:
    """Return the values of one field; a field without fixed values (`?`, `L`, `5#2`) matches all."""
    return {each for part in text.split(",") for each in _read_part(part, field)}


def _read_part(part: str, field: _Field) -> Iterator[int]:
    whole, _, step = part.partition("/")
    if whole in ("*", "?") or re.fullmatch(field.special, part):
        first, last = field.least, field.most
    else:
        begin, _, end = whole.partition("-")
        first = _number(begin, field) or 0
        last = (_number(end, field) or 0) if end else (field.most if step else first)
    if first > last:  # FRI-MON
        yield from range(first, field.most + 1)
        first = field.least
    yield from range(first, last + 1, int(step) if step else 1)


def _is_day(day: datetime.date, of_month: str, of_week: str) -> bool:
    """Whether a schedule fires on that day, by its day fields. `15W` and `LW` count as the day itself."""
    if of_month != "?":
        month = _FIELDS[2]
        is_last = (day + datetime.timedelta(days=1)).day == 1
        for part in of_month.split(","):
            if part in ("L", "LW"):
                if is_last:
                    return True
            elif day.day in _read_part(part.removesuffix("W"), month):
                return True
        return False
    number = day.isoweekday() % 7 + 1
    for part in of_week.split(","):
        name, mark, which = part.partition("#") if "#" in part else (part.removesuffix("L"), part[-1:], "")
        if mark not in ("#", "L") or part in _DAYS:
            if number in _read_part(part, _FIELDS[4]):
                return True
        elif number != (_number(name, _FIELDS[4]) or 7):
            continue
        elif (day.day - 1) // 7 + 1 == int(which) if which else (day + datetime.timedelta(days=7)).month != day.month:
            return True
    return False
