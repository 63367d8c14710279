"""From time under a share of a processor to time on a whole one, and back: what lets a server be compared with Lambda.

A memory size comes with a share of a processor, given anew every 20 ms: what needs more than its part of that waits for the
next one. That is true of the time a model computes. A function that mostly waits, for a database say, waits on a server
just as long, and a part of its waiting is taken here for a lack of processor.
"""

from __future__ import annotations

import math

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: 1,769 MB come with one processor.
MIB_PER_PROCESSOR = 1769
PERIOD_MS = 20.0


def computing_ms(duration_ms: float, memory_mib: int) -> float:
    """How long a whole processor computes what takes `duration_ms` at a memory size."""
    part = PERIOD_MS * min(1.0, memory_mib / MIB_PER_PROCESSOR)
    periods = math.floor(duration_ms / PERIOD_MS)
    return periods * part + min(duration_ms - periods * PERIOD_MS, part)


def duration_ms(computing_ms: float, memory_mib: int) -> float:
    """How long it takes at a memory size: the other way round."""
    part = PERIOD_MS * min(1.0, memory_mib / MIB_PER_PROCESSOR)
    if computing_ms <= 0:
        return 0.0
    periods = math.ceil(computing_ms / part) - 1
    return periods * PERIOD_MS + computing_ms - periods * part
