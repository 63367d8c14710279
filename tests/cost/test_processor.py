"""A share of a vCPU, compared with a simulated scheduler in steps of ten microseconds."""

import pytest

from iris_model.contract.lambda_limits import MEMORY_PER_VCPU
from iris_model.cost.processor import PERIOD_MS, computing_ms, duration_ms

STEP_MS = 0.01


def played(computing, memory):
    """When a task of this length ends, if each period grants a quota and then pauses it."""
    steps_per_period = round(PERIOD_MS / STEP_MS)
    quota = min(1.0, memory / MEMORY_PER_VCPU) * steps_per_period
    left, step, used = computing / STEP_MS, 0, 0.0
    while left > 1e-9:
        if step % steps_per_period == 0:
            used = 0.0
        part = min(1.0, quota - used, left)
        if part > 1e-9:
            used, left = used + part, left - part
        step += 1
    return step * STEP_MS


@pytest.mark.parametrize("memory", [128, 512, 1024, 1769, 3008])
@pytest.mark.parametrize("computing", [0.2, 1.4, 5.0, 47.3, 120.0])
def test_as_a_scheduler_does_it(computing, memory):
    assert duration_ms(computing, memory) == pytest.approx(played(computing, memory), abs=0.03)
    assert computing_ms(duration_ms(computing, memory), memory) == pytest.approx(computing)


def test_by_hand():
    # 128 MB are 7.236 per cent of a processor: 1.447 ms of each 20. 100 ms take 69 whole periods, and 0.15 ms.
    assert duration_ms(100, 128) == pytest.approx(69 * 20 + (100 - 69 * 20 * 128 / 1769))
    assert computing_ms(1, 128) == 1  # at most its share: nothing waits
    assert computing_ms(100, 1769) == computing_ms(100, 3008) == 100
    assert duration_ms(0, 128) == 0
