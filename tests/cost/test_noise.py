"""Whether measured memory sizes can be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iris_model.cost.measurement import ReportLine, summarize_reports
from iris_model.cost.noise import find_noise, find_spread
from iris_model.cost.tuning import TunedSize


def measured(memory: int, *medians: float) -> TunedSize:
    rounds = [[ReportLine(2 * each, memory, 60, 100.0), *[ReportLine(each, memory, 60)] * 5] for each in medians]
    reports = [report for each in rounds for report in each]
    return TunedSize(memory, summarize_reports(reports), spread=find_spread(rounds))


def test_the_spread_is_that_of_the_medians() -> None:
    assert measured(128, 3.0, 2.0, 4.0).spread == (2.0, 4.0)
    only_cold = [[ReportLine(5.0, 128, 60, 100.0)]]
    assert find_spread(only_cold) == (5.0, 5.0)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([measured(128, 20.0, 21.0, 20.5), measured(256, 10.0, 10.2, 10.1)], []),
        ([measured(128, 0.5, 0.7, 0.6)], []),  # a difference below 0.3 ms
        ([measured(128, 20.0, 30.0, 20.5)], ["at 128 MB, the rounds took from 20.0 to 30.0 ms"]),
        (
            [measured(128, 10.0, 10.1, 10.2), measured(256, 12.0, 12.1, 12.2)],
            ["256 MB was slower than 128 MB, although it has more CPU"],
        ),
        ([measured(128, 10.0, 10.0, 10.0), measured(256, 10.3, 10.3, 10.3)], []),  # equally fast
        ([measured(128, 10.0, 11.5, 10.0), measured(256, 11.0, 10.9, 11.2)], []),  # the rounds overlap
        ([TunedSize(128, None, "out of memory"), measured(256, 5.0, 5.0)], []),
    ],
)
def test_noise(sizes: list[TunedSize], said: list[str]) -> None:
    assert list(find_noise(sizes)) == said


def test_sizes_without_rounds_are_compared_by_their_times() -> None:
    slow, fast = (replace(measured(memory, ms), spread=None) for memory, ms in ((256, 12.0), (128, 10.0)))
    assert len(find_noise([fast, slow])) == 1
