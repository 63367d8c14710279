"""Schedules of EventBridge: how often they fire, when in a week, and which ones EventBridge refuses."""

from __future__ import annotations

import pytest

from iris_model.project.configuration.schedule import find_firings, find_schedule_problem


@pytest.mark.parametrize(
    ("schedule", "per_month", "per_week"),
    [
        ("rate(1 minute)", 43_800, 10_080),
        ("rate(5 minutes)", 8_760, 2_016),
        ("rate(1 day)", 730 / 24, 7),
        ("rate(30 days)", 730 / 720, 0),
        ("cron(0/5 8-18 ? * MON-FRI *)", 12 * 11 * 261 * 730 / 8_760, 12 * 11 * 5),
        ("cron(*/15 * * * ? *)", 4 * 730, 4 * 168),
        ("cron(0,30 6 ? * FRI-MON *)", 2 * 208 * 730 / 8_760, 8),
        # The examples of AWS's documents.
        ("cron(0 10 * * ? *)", 730 / 24, 7),
        ("cron(0 8 1 * ? *)", 1, 0),
        ("cron(15 10 ? * 6L 2019-2022)", 1, 0),
        ("cron(0 9 ? * 2#1 *)", 1, 0),
        ("cron(0 9 ? * MON#1 *)", 1, 0),
        ("cron(0 0 L * ? *)", 1, 0),
        ("cron(0 8 15W * ? *)", 1, 0),
        ("cron(0 8 LW 1,7 ? *)", 1 / 6, 0),
    ],
)
def test_how_often_a_schedule_fires(schedule: str, per_month: float, per_week: int):
    assert find_schedule_problem(schedule) == ""
    found = find_firings(schedule)
    assert found.per_month == pytest.approx(per_month, rel=1e-9)
    assert len(found.week) == per_week and list(found.week) == sorted(set(found.week))


def test_the_week_begins_on_monday():
    assert find_firings("cron(30 8 ? * MON *)").week == (8.5 * 3600,)
    assert find_firings("cron(0 0 ? * 1 *)").week == (6 * 86_400.0,)  # Sunday is 1


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("cron(99 * * * ? *)", "minutes '99' is outside 0-59"),
        ("cron(0 24 * * ? *)", "hours '24' is outside 0-23"),
        ("cron(0 0 ? * 0 *)", "day of week '0' is outside 1-7"),
        ("cron(0 0 ? * 1 1969)", "year '1969' is outside 1970-2199"),
        ("cron(0/0 0 ? * 1 *)", "has steps of 0"),
        ("cron(1,,2 0 ? * 1 *)", "is not of the form"),
        ("cron(? 0 ? * 1 *)", "is not of the form"),
        ("cron(0 0 ? FOO 1 *)", "is not of the form"),
        ("cron(\u0663 0 ? * 1 *)", "is not of the form"),
        ("cron(0 0 * * * *)", "expected ? for either the day of month or the day of week"),
        ("cron(0 0 ? * ? *)", "expected ? for either the day of month or the day of week"),
    ],
)
def test_schedules_that_eventbridge_refuses(schedule: str, problem: str):
    assert problem in find_schedule_problem(schedule)
