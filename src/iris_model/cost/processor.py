"""Convert a time at a memory size to the time on a whole vCPU and back, to compare servers with Lambda.

A memory size has a share of a vCPU in each period of 20 ms. Work beyond the share waits for the next period. This model
is valid for computation. A function that mostly waits, for example for a database, waits equally long on a server, but
this model treats part of the wait as computation.
"""

from __future__ import annotations

import math

from iris_model.contract.lambda_limits import MEMORY_PER_VCPU

PERIOD_MS = 20.0


def computing_ms(duration_ms: float, memory_mib: int) -> float:
    """Return the time on a whole vCPU for work that takes `duration_ms` at a memory size."""
    part = PERIOD_MS * min(1.0, memory_mib / MEMORY_PER_VCPU)
    periods = math.floor(duration_ms / PERIOD_MS)
    return periods * part + min(duration_ms - periods * PERIOD_MS, part)


def duration_ms(computing_ms: float, memory_mib: int) -> float:
    """Return the time at a memory size for work that takes `computing_ms` on a whole vCPU."""
    part = PERIOD_MS * min(1.0, memory_mib / MEMORY_PER_VCPU)
    if computing_ms <= 0:
        return 0.0
    periods = math.ceil(computing_ms / part) - 1
    return periods * PERIOD_MS + computing_ms - periods * part
