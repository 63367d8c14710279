"""Measurements for the tests of costs and break-even points."""

from iris_model.cost import Measurement, Surroundings

NOTHING_BESIDES = Surroundings(log_lines="errors", alarms=0)

HUNDRED_MS = Measurement(
    memory_mib=1769,
    warm_billed_ms=100,
    warm_ms=100,
    warm_p99_ms=100,
    cold_billed_ms=None,
    cold_ms=None,
    max_memory_mib=60,
    invocations=10,
    cold_starts=0,
)
