"""Many refused rows: each is found, with few repeated calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from iris_model.engine.errors import InvalidInput
from iris_model.table_io.scoring import _answer_apart


@dataclass
class Cells:
    """A batch."""

    cells: list[int]

    @property
    def count(self) -> int:
        return len(self.cells)

    def slice(self, start: int, stop: int) -> Cells:
        return Cells(self.cells[start:stop])


class Core:
    """Refuses negative numbers, with or without saying where; counts the rows that it is asked for."""

    def __init__(self, says_where: bool) -> None:
        self.says_where, self.asked = says_where, 0

    def answer(self, batch: Cells, methods: Any) -> list[Any]:
        self.asked += batch.count
        for row, cell in enumerate(batch.cells):
            if cell < 0:
                raise InvalidInput("negative", row=row if self.says_where else None)
        return [np.array(batch.cells)]

    def empty(self, method: str) -> Any:
        return np.array([])


@pytest.mark.parametrize("says_where", [True, False])
@pytest.mark.parametrize("bad", ["all", "none", "every second", "every tenth", "the first", "the last", "half"])
def test_rows_are_asked_a_few_times_at_most(bad: str, says_where: bool) -> None:
    count = 2000
    wrong = {
        "all": set(range(count)), "none": set(), "every second": set(range(0, count, 2)), "half": set(range(count // 2)),
        "every tenth": set(range(0, count, 10)), "the first": {0}, "the last": {count - 1},
    }[bad]  # fmt: skip
    core = Core(says_where)
    answers, refused = _answer_apart(core, Cells([-1 if row in wrong else row for row in range(count)]), ["predict"])  # type: ignore[arg-type]
    assert set(refused) == wrong
    assert answers[0].tolist() == [row for row in range(count) if row not in wrong]
    assert core.asked <= (4 if says_where else 8) * count
