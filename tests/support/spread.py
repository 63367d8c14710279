"""Leave some of many cases to `make test`; the others run in `make e2e`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def spread(cases: Iterable[Any], every: int, *, start: int = 0, unpack: bool = False) -> list[Any]:
    """Mark all cases `slow` but each `every`-th, counted from `start`. Cases that have marks stay as they are, uncounted.

    `unpack` is for cases that are tuples with a value for each of several arguments. The identifiers of the cases do not change.
    """
    spread_out: list[Any] = []
    number = 0
    for case in cases:
        if getattr(case, "marks", ()):
            spread_out.append(case)
            continue
        if number < start or (number - start) % every:
            values = case.values if hasattr(case, "marks") else case if unpack else (case,)
            case = pytest.param(*values, marks=pytest.mark.slow, id=getattr(case, "id", None))
        spread_out.append(case)
        number += 1
    return spread_out
